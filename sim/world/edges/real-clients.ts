/**
 * Real clients in a world: `node:http`, axios, `undici` and `ws` open in-memory sockets instead of TCP ones.
 * Refused and broken connections and time-outs reach them as the operating system's would.
 */
import http from "node:http";
import type { Duplex } from "node:stream";
import type Undici from "undici";
import type { Agent as UndiciAgent } from "undici";

import type { ByteStream } from "./byte-stream.js";
import type { ClientStreams } from "./client-stream.js";

// Packages of the user's: the copy that the project has installed, if there is one.

/** @returns The module, or undefined when no such package can be found from here. */
async function importInstalled(name: string): Promise<object | undefined> {
  try {
    // The name is a variable, so that no bundler puts its own copy here.
    return (await import(/* @vite-ignore */ name)) as object;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

export interface RealClientsOptions {
  readonly streams: ClientStreams;
  /** Virtual milliseconds until a connection that does not come about fails with `ETIMEDOUT`. @default 120_000 */
  readonly connectTimeoutMs?: number;
}

/** Where a client wants to connect to. */
interface Destination {
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
  /** For the `dispatcher` option of npm's undici: of the copy that the project has, or of the bundled one. */
  createUndiciAgent(options?: UndiciAgent.Options): Promise<UndiciAgent>;
}

/** Loads what serves the other end, and makes the loop wait for real streams between events. */
export async function createRealClients({
  streams,
  connectTimeoutMs = 120_000,
}: RealClientsOptions): Promise<RealClients> {
  await streams.load();

  function createConnection({ host, hostname, port, timeout }: Destination): ByteStream {
    const target = {
      host: hostname ?? host ?? "localhost",
      port: Number(port ?? 80),
      timeoutMs: connectTimeoutMs,
    };
    const stream = streams.open(target);
    return timeout === undefined ? stream : stream.setTimeout(timeout);
  }

  return {
    createConnection,
    createHttpAgent: (options = {}) => Object.assign(new http.Agent(options), { createConnection }),
    async createUndiciAgent(options = {}) {
      const { Agent, errors } = await loadUndici();
      return new Agent({
        ...options,
        connect({ hostname, port, protocol }, done) {
          const secure = protocol === "https:";
          const target = { host: hostname, port: Number(port || (secure ? 443 : 80)), secure };
          const stream = streams.open({ ...target, timeoutMs: undiciConnectTimeoutMs });
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

const undiciConnectTimeoutMs = 10_000;

// A dispatcher must be of the copy that sends by it: the project's, where there is one. Of a bundled CommonJS
// package the bundler makes a default export only.
async function loadUndici(): Promise<typeof Undici> {
  const found = (await importInstalled("undici")) ?? (await import("undici"));
  return ("Agent" in found ? found : (found as { readonly default: unknown }).default) as typeof Undici;
}
