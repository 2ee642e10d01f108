/** The stores of a world from the inside, as a test reads and changes them: no network, no faults, no delay. */
import { SimError } from "../errors.js";
import { waitFor, type Loop, type Origin } from "../kernel/index.js";
import type { Network } from "../kernel/network/index.js";
import { fillPostgresMock, type PgSession, type PostgresServer } from "../servers/postgres/index.js";
import { fillMock, replyText, type RedisReply, type RedisServer } from "../servers/redis/index.js";
import { createPostgresMock, createRedisMock, mockNow } from "./edges/index.js";
import type { PhoenixNetwork, PhoenixPostgres, PhoenixRedis, PhoenixTrace } from "./api.js";
import type { Drivers } from "./drivers.js";
import { isolate, partition, type FaultController } from "./faults/index.js";
import type { WorldParts } from "./parts.js";

/** PostgreSQL from the inside, and the transaction that the test has left open in it. */
export interface PostgresFacade extends PhoenixPostgres {
  /** @returns Undefined when none is open. */
  openTransaction(): { readonly origin: Origin | undefined } | undefined;
}

/** @returns PostgreSQL with one session that opens at first use, and again after a crash. */
export function createPostgresFacade(loop: Loop, server: PostgresServer, drivers: Drivers): PostgresFacade {
  let session: PgSession | undefined;
  let begun: Origin | undefined;
  const isOpen = (): boolean =>
    session !== undefined && !session.session.isEnded && session.session.status() !== "I";

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    if (session === undefined || session.session.isEnded)
      session = server.connect({ applicationName: "test" });
    requireText("a statement", text);
    // Of a transaction the statement that began it is named.
    if (!isOpen()) begun = loop.origins.take(query);
    const result = await settle(loop, `a query of the test: ${text}`, session.query({ text, values }));
    return result.rows as readonly Row[];
  }

  return {
    get connection() {
      return drivers.postgres();
    },
    listen: drivers.listenPostgres,
    query,
    rows: (table) => server.inspect.rows(table),
    snapshot() {
      const mock = createPostgresMock();
      fillPostgresMock(mock, server.snapshot());
      return mock;
    },
    openTransaction: () => (isOpen() ? { origin: begun } : undefined),
  };
}

/** @returns Redis with one session for all commands. */
export function createRedisFacade(loop: Loop, server: RedisServer, drivers: Drivers): PhoenixRedis {
  return {
    get connection() {
      return drivers.redis();
    },
    listen: drivers.listenRedis,
    snapshot(database = 0) {
      const mock = createRedisMock();
      fillMock(mock, server.dump(database), loop.clock.unixMs, mockNow());
      return mock;
    },
    async command(...words) {
      const args = words.map((word) =>
        typeof word === "number" ? String(word) : requireText("a word", word),
      );
      const session = server.connect({ name: "test" });
      const reply = await settle(
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

/** How long a store may take to answer a test, in virtual time: a lock that is never freed must not look like a hang. */
const answerWithin = "5m";

async function settle<T>(loop: Loop, label: string, work: Promise<T>): Promise<T> {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  work.then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error }),
  );
  const settled = await waitFor(loop, { label, within: answerWithin, check: () => outcome });
  if ("error" in settled) throw settled.error;
  return settled.value;
}

function requireText(what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new SimError("SIM_OPTION_INVALID", `Cannot use ${String(value)} as ${what}.`, "Give a text.");
}

// The network of a world as its user handles it.

/** @param faults - Injects, lists and heals what is cut here. */
export function createNetworkFacade({ fabric, host }: Network, faults: FaultController): PhoenixNetwork {
  function hostNames(name: string): ReadonlySet<string> {
    const hosts = fabric.resolve(name);
    // An unknown name is answered with the names there are.
    return new Set((hosts.length > 0 ? hosts : [host(name)]).map((each) => each.name));
  }

  return {
    names: fabric.names,
    addRule: fabric.rules.add,
    partition: (one, other) => faults.inject(partition(one, other)),
    isolate: (name) => faults.inject(isolate(name)),
    setLink(one, other, options) {
      for (const left of hostNames(one))
        for (const right of hostNames(other)) fabric.setLink(left, right, options);
    },
  };
}

// What happened in a world, as its user reads it.

export function createTraceFacade({ loop, recorder, cluster }: WorldParts): PhoenixTrace {
  return {
    get steps() {
      return loop.steps;
    },
    hash: loop.traceHash,
    kept: () => recorder.steps,
    recent: loop.recent,
    decisions: () => loop.choices.decisions,
    explain: loop.choices.explanationOf,
    answers: () => recorder.answers,
    get sqlStatements() {
      return cluster.postgres.inspect.counters.statements;
    },
    lines: () => recorder.lines,
  };
}
