/**
 * Connections of the process while a world has the globals. Whoever connects to a host of the world, by whatever
 * client, gets a socket whose bytes cross the simulated network; every other connection is left alone.
 *
 * All of Node's clients come through `net.Socket.prototype.connect` and `tls.connect`: `net.connect`, agents of
 * `node:http`, `fetch`, and npm's `undici`, `ws`, `ioredis` and `pg`.
 */
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";

import type { Fabric } from "../../kernel/network/index.js";
import type { ClientStreams, StreamTarget } from "./client-stream.js";
import type { Undo } from "./layered-global.js";
import { placeOf, routeUnknown } from "./routes.js";

/** The options of a connection, as far as they say where it leads. */
interface ConnectOptions {
  readonly host?: string;
  readonly hostname?: string;
  readonly port?: number | string;
  readonly path?: string | null;
  readonly socketPath?: string;
  readonly socket?: unknown;
}

type Listener = (() => void) | null;

/** What a socket connects with. */
export interface ConnectionsOptions {
  readonly fabric: Fabric;
  readonly streams: ClientStreams;
  /** Whether what connects now shall reach the real network, wherever it leads. */
  readonly isPassing: () => boolean;
}

/** @param options - See above. @param undo - Puts everything back. */
export function installConnections({ fabric, streams, isPassing }: ConnectionsOptions, undo: Undo): void {
  const isOfWorld = ({ host, path, socketPath }: ConnectOptions): boolean =>
    host !== undefined &&
    (path ?? socketPath) === undefined &&
    placeOf(fabric, host) === "world" &&
    !isPassing();

  const connect = net.Socket.prototype.connect;
  undo.replace(net.Socket.prototype, "connect", function (this: net.Socket, ...args: unknown[]): net.Socket {
    const [options, onConnect] = normalize(args);
    // A TLS socket that got here was made with real keys, by code that did not ask `tls.connect`.
    if (this instanceof tls.TLSSocket || !isOfWorld(options))
      return Reflect.apply(connect, this, args) as net.Socket;
    if (onConnect !== null) this.once("connect", onConnect);
    return adopt(this, targetOf(options));
  });

  const connectSecurely = tls.connect;
  undo.replace(tls, "connect", function (this: unknown, ...args: unknown[]): net.Socket {
    const [options, onConnect] = normalizeSecure(args);
    if (options.socket !== undefined && options.socket !== null)
      return Reflect.apply(connectSecurely, this, args) as net.Socket;
    if (!isOfWorld(options)) return Reflect.apply(connectSecurely, this, args) as net.Socket;
    const socket = new net.Socket();
    if (onConnect !== null) socket.once("secureConnect", onConnect);
    return adopt(socket, { ...targetOf(options), secure: true });
  });

  for (const [{ prototype }, scheme] of [
    [http.Agent, "http:"],
    [https.Agent, "https:"],
  ] as const) {
    const { createConnection } = prototype as unknown as Connecting;
    undo.replace(prototype, "createConnection", function (this: unknown, ...args: unknown[]): unknown {
      const options = (typeof args[0] === "object" ? args[0] : {}) as ConnectOptions;
      const { host, port = scheme === "http:" ? 80 : 443 } = options;
      const isByName = host !== undefined && (options.path ?? options.socketPath) === undefined;
      if (isByName && !isPassing() && placeOf(fabric, host) === "elsewhere") {
        return refuse(routeUnknown(fabric, new URL(`${scheme}//${bracketed(host)}:${port}`)));
      }
      return Reflect.apply(createConnection, this, args);
    });
  }

  function adopt(socket: net.Socket, target: StreamTarget): net.Socket {
    try {
      streams.adopt(socket, target);
      return socket;
    } catch (error) {
      return refuse(error as Error, socket);
    }
  }
}

interface Connecting {
  readonly createConnection: (...args: unknown[]) => unknown;
}

// Errors of connections come as events, soon after.
function refuse(error: Error, socket = new net.Socket()): net.Socket {
  process.nextTick(() => socket.destroy(error));
  return socket;
}

function targetOf({ host = "localhost", port = 0 }: ConnectOptions): StreamTarget {
  return { host, port: Number(port) };
}

function bracketed(host: string): string {
  return net.isIPv6(host) ? `[${host}]` : host;
}

// As `net` does it: (options), (port, host) or (path), each with a callback; its own calls come as one list.
function normalize(args: readonly unknown[]): readonly [ConnectOptions, Listener] {
  const [first, ...rest] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const last = rest.findLast((each) => typeof each === "function") as Listener | undefined;
  const callback = last ?? null;
  if (typeof first === "object" && first !== null) return [first, callback];
  const isPath = typeof first === "string" && !/^\d+$/.test(first);
  if (isPath) return [{ path: first }, callback];
  const host = typeof rest[0] === "string" ? rest[0] : "localhost";
  return [{ port: first as number, host }, callback];
}

// As `tls` does it: the same, with more options behind the port or the host.
function normalizeSecure(args: readonly unknown[]): readonly [ConnectOptions, Listener] {
  const [options, callback] = normalize(args);
  const more = args.slice(1).find((each): each is object => typeof each === "object" && each !== null);
  return [{ ...options, ...more }, callback];
}

// A socket that cannot connect, and says so the way sockets do: by an error soon after, not by a throw.

export class RefusedStream extends Duplex {
  readonly #reason: Error;

  constructor(reason: Error) {
    super();
    this.#reason = reason;
  }

  connect(): this {
    process.nextTick(() => this.destroy(this.#reason));
    return this;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: (error?: Error) => void): void {
    done(this.#reason);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
