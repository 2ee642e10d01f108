/** The two servers that are compared, behind one face. */
import { createRedisServer, type RedisReply, type RedisServer } from "../../../sim/servers/redis/index.js";
import { startRealServer, type Connection, type RealServer } from "./real-server.js";

export interface Arm {
  readonly name: string;
  connect(): Promise<Connection>;
  /** Resolves when this many clients wait in blocking commands. */
  untilBlocked(count: number): Promise<void>;
  /** Back to an empty server with default settings. */
  reset(): Promise<void>;
  stop(): void;
}

const nowMs = 1_700_000_000_000;

export function createSimulatedArm(): Arm {
  const start = (): RedisServer =>
    createRedisServer({ clock: { now: () => nowMs, setTimer: () => undefined } });
  let server = start();
  return {
    name: "simulated",
    async connect() {
      const pushes: RedisReply[] = [];
      const session = server.connect({ onPush: (reply) => pushes.push(reply) });
      return {
        pushes,
        execute: async (args) => session.execute(args),
        close: () => session.close(),
      };
    },
    untilBlocked: async () => undefined,
    async reset() {
      server.dispose();
      server = start();
    },
    stop: () => server.dispose(),
  };
}

function countBlocked(reply: RedisReply): number {
  const text = reply.kind === "bulk" ? (reply.value ?? "") : "";
  return Number(/blocked_clients:(\d+)/.exec(text)?.[1] ?? 0);
}

/** @throws Error when Redis 7.0 is not installed. */
export async function startRealArm(): Promise<Arm & { readonly version: string }> {
  const server: RealServer = await startRealServer();
  const control = await server.connect();
  return {
    name: "real",
    version: server.version,
    connect: () => server.connect(),
    async untilBlocked(count) {
      for (let round = 0; round < 10_000; round += 1) {
        if (countBlocked(await control.execute(["INFO", "clients"])) >= count) return;
      }
      throw new Error(`no ${count} clients wait after 10,000 looks`);
    },
    async reset() {
      await control.execute(["FLUSHALL"]);
      await control.execute(["SCRIPT", "FLUSH"]);
      await control.execute(["CONFIG", "SET", "notify-keyspace-events", ""]);
    },
    stop() {
      control.close();
      server.stop();
    },
  };
}
