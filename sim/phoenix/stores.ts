/** The stores of a world from the inside, as a test reads and changes them: no network, no faults, no delay. */
import { SimError } from "../errors.js";
import { type Loop, holdWhile } from "../kernel/index.js";
import type { PhoenixPostgres, PhoenixRedis } from "./api.js";
import type { Drivers } from "./drivers.js";
import type { PgSession, PostgresServer } from "../postgres/index.js";
import { type RedisReply, type RedisServer, replyText } from "../redis/index.js";

/** PostgreSQL from the inside, and whether the test has left a transaction open in it. */
export interface PostgresFacade extends PhoenixPostgres {
  hasOpenTransaction(): boolean;
}

/** @returns PostgreSQL with one session that opens at first use, and again after a crash. */
export function createPostgresFacade(loop: Loop, server: PostgresServer, drivers: Drivers): PostgresFacade {
  let session: PgSession | undefined;
  return {
    get connection() {
      return drivers.postgres();
    },
    listen: drivers.listenPostgres,
    async query<Row>(text: string, values: readonly unknown[] = []) {
      if (session === undefined || session.session.isEnded)
        session = server.connect({ applicationName: "test" });
      const result = await holdWhile(loop, `a query of the test: ${text}`, session.query({ text, values }));
      return result.rows as readonly Row[];
    },
    rows: (table) => server.inspect.rows(table),
    hasOpenTransaction: () =>
      session !== undefined && !session.session.isEnded && session.session.status() !== "I",
  };
}

/** @returns Redis with one session for all commands. */
export function createRedisFacade(loop: Loop, server: RedisServer, drivers: Drivers): PhoenixRedis {
  return {
    get connection() {
      return drivers.redis();
    },
    listen: drivers.listenRedis,
    async command(...args) {
      const session = server.connect({ name: "test" });
      const reply = await holdWhile(
        loop,
        `the command ${args.join(" ")}`,
        Promise.resolve(session.execute(args)),
      );
      session.close();
      return plainReply(reply);
    },
  };
}

function plainReply(reply: RedisReply): unknown {
  if (reply.kind === "error") {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Redis answered: ${reply.text}.`,
      "Check the command and its arguments.",
    );
  }
  if (reply.kind === "integer") return reply.value;
  return reply.kind === "array" ? (reply.items?.map(plainReply) ?? null) : replyText(reply);
}
