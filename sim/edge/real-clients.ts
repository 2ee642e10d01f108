/**
 * Real clients in a world: `node:http`, axios, `undici` and `ws` open in-memory sockets instead of TCP ones.
 * Refused and broken connections and time-outs reach them as the operating system's would.
 */
import http from "node:http";
import type { Duplex } from "node:stream";

import type { Agent as UndiciAgent } from "undici";

import type { Incarnation, Loop } from "../kernel/index.js";
import type { Network } from "../network/index.js";
import type { ByteStream } from "./byte-stream.js";
import { openClientStream } from "./client-stream.js";
import { markInMemory } from "./in-memory.js";
import { createStreamServer } from "./stream-server.js";

export interface RealClientsOptions {
  readonly network: Network;
  /** The life of the host that the clients run on. */
  readonly life: Incarnation;
  readonly loop: Loop;
  /** Virtual milliseconds until a connection that does not come about fails with `ETIMEDOUT`. @default 120_000 */
  readonly connectTimeoutMs?: number;
}

/** Where a client wants to connect to. */
export interface Destination {
  readonly host?: string | null | undefined;
  readonly hostname?: string | null | undefined;
  readonly port?: string | number | null | undefined;
  readonly timeout?: number | undefined;
}

export interface RealClients {
  /** For the `createConnection` option of `ws` and of `http.request`. */
  createConnection(destination: Destination): Duplex;
  /** For `http.request`, axios (`httpAgent`) and whatever else takes an agent. */
  createHttpAgent(options?: http.AgentOptions): http.Agent;
  /** For the `dispatcher` option of npm's undici; loads it, so the caller must have it installed. */
  createUndiciAgent(options?: UndiciAgent.Options): Promise<UndiciAgent>;
}

/** Loads `ws`, which serves the other end, and makes the loop wait for real streams between events. */
export async function createRealClients({
  network,
  life,
  loop,
  connectTimeoutMs = 120_000,
}: RealClientsOptions): Promise<RealClients> {
  const { WebSocketServer } = await import("ws");
  const serve = createStreamServer(WebSocketServer);
  loop.drainDeep();

  const connect = (host: string, port: number, timeoutMs: number): ByteStream =>
    openClientStream({ network, life, loop, serve }, host, port, timeoutMs);

  function createConnection({ host, hostname, port, timeout }: Destination): ByteStream {
    const stream = connect(hostname ?? host ?? "localhost", Number(port ?? 80), connectTimeoutMs);
    return timeout === undefined ? stream : stream.setTimeout(timeout);
  }

  return {
    createConnection: markInMemory(createConnection),
    createHttpAgent: (options = {}) =>
      markInMemory(Object.assign(new http.Agent(options), { createConnection })),
    async createUndiciAgent(options = {}) {
      const { Agent, errors } = await import("undici");
      const connectMs = 10_000;
      return new Agent({
        ...options,
        connect({ hostname, port, protocol }, done) {
          const stream = connect(hostname, Number(port || (protocol === "https:" ? 443 : 80)), connectMs);
          stream.once("connect", () => {
            stream.removeListener("error", failed);
            done(null, stream as never);
          });
          stream.once("error", failed);
          function failed(error: Error): void {
            const timedOut = (error as NodeJS.ErrnoException).code === "ETIMEDOUT";
            done(timedOut ? new errors.ConnectTimeoutError(error.message) : error, null);
          }
        },
      });
    },
  };
}
