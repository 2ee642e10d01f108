/**
 * A real loopback port in front of a database of the world, for psql, redis-cli and drivers in any language. Who comes
 * in by it lives in real time: while it is connected, virtual time follows.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import net, { isIP, type AddressInfo } from "node:net";
import { pipeline, type Duplex } from "node:stream";
import type { WebSocket as RealSocket } from "ws";

import type { HttpReply, HttpRequest } from "../../../src/ports/index.js";
import { SimError } from "../../errors.js";
import type { Incarnation, KeepAlive, Loop } from "../../kernel/index.js";
import type { Connection, Network, NetworkError, Protocol } from "../../kernel/network/index.js";
import { ByteStream } from "./byte-stream.js";
import { createClientNames, type Callers, type Namer } from "./callers.js";
import { openChannel, type ChannelWorld } from "./channel.js";
import { sendCall, type WorldFetchOptions } from "./fetch.js";
import { createNodeServer, errorReply, isHandshake, plainHeaders, targetOf } from "./node-http.js";
import { nodeError } from "./routes.js";
import { adoptSocket } from "./server-socket.js";
import { abnormal, noStatus, type BytesOpening } from "./stream-server.js";
import type { WireListener } from "./wire.js";

export interface ListenForDriversOptions {
  readonly loop: Loop;
  /** 0 for any that is free. */
  readonly port: number;
  /** What stands before the address in the URL, such as `redis://`. */
  readonly scheme: string;
  /** Opens a connection of the world for one that came in. */
  readonly open: () => DriverStream;
}

const address = "127.0.0.1";

/** @throws Error with a Node `code`, such as `EADDRINUSE`, when it cannot have the port. */
export async function listenForDrivers({
  loop,
  port,
  scheme,
  open,
}: ListenForDriversOptions): Promise<PortListener> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const release = loop.followRealTime();
    socket.once("close", () => {
      sockets.delete(socket);
      release();
    });
    const stream = open();
    // What breaks one side breaks the other; both ends see it by themselves.
    pipeline(socket, stream, socket, () => {
      stream.destroy();
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, address, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    url: `${scheme}${address}:${actual}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

// Names under which a loopback port may be asked. A page of another site can make its own name stand for this machine
// (DNS rebinding), and would then read what it must not; it cannot do so with the names below.

const loopbackName = /^(?:localhost|(?:[\w-]+\.)+localhost|host\.(?:docker|containers)\.internal)$/i;

/** @param known - Names of the world, such as `gateway`. */
function isLoopbackName(host: string, known: readonly string[]): boolean {
  const name = host
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  return isIP(name) !== 0 || loopbackName.test(name) || known.includes(name.toLowerCase());
}

// A real loopback port in front of one port of the world, for curl, browsers and programs in other languages.
// Real I/O comes in, and goes through the simulated network like any other client of the world. Who comes in by it
// lives in real time: while it is connected, virtual time follows, and what it waits for makes no time jump.

export interface ListenOnPortOptions extends WorldFetchOptions {
  /** Where to in the world, such as `http://gateway:8080`. */
  readonly target: string;
  /** 0 for any that is free. @default 0 */
  readonly port?: number;
  /** Address to listen on. @default "127.0.0.1" */
  readonly address?: string;
  /** Longest body that is taken, in bytes. @default 8 MiB */
  readonly bodyBytesMax?: number;
}

export interface PortListener {
  /** The port that it got. */
  readonly port: number;
  /** Such as `http://127.0.0.1:43117`. */
  readonly url: string;
  /** Closes it and every connection that came in by it. */
  close(): Promise<void>;
}

/** @throws Error with a Node `code`, such as `EADDRINUSE`, when it cannot have the port. Loads `ws`. */
export async function listenOnPort({
  target,
  port = 0,
  address = "127.0.0.1",
  ...given
}: ListenOnPortOptions): Promise<PortListener> {
  const options = { ...given, loop: inRealTime(given.loop) };
  const { WebSocketServer } = await import("ws");
  const sockets = new WebSocketServer({ noServer: true });
  const isLoopback = /^(?:127\.|::1$|localhost$)/.test(address);
  const isForeign = (host: string): boolean =>
    isLoopback && !isLoopbackName(host, options.network.fabric.names());
  const server = createNodeServer(
    {
      bodyBytesMax: options.bodyBytesMax,
      answer: async (request, response) =>
        isForeign(request.headers["host"] ?? "") ? foreign : forward(options, target, request, response),
    },
    (request, socket, head) => {
      const { host, path } = targetOf(request);
      const accept = (use: (client: RealSocket) => void): void =>
        sockets.handleUpgrade(request, socket, head, use);
      if (isForeign(host)) {
        socket.end("HTTP/1.1 421 Misdirected Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        return;
      }
      // `ws` says what is wrong with it.
      if (!isHandshake(request)) {
        accept((client) => client.terminate());
        return;
      }
      const world = { ...options, openTimeoutMs: 120_000, headers: plainHeaders(request.headers) };
      bridge(world, `${target.replace(/^http/, "ws")}${path}`, protocolsOf(request), socket, accept);
    },
  );
  server.on("connection", (socket) => {
    socket.once("close", options.loop.followRealTime());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, address, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    url: `http://${address}:${actual}`,
    async close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** The loop as a client in real time holds it. */
function inRealTime(loop: Loop): Loop {
  const hold = (keepAlive: KeepAlive): (() => void) => loop.hold({ ...keepAlive, inRealTime: true });
  return Object.create(loop, { hold: { value: hold } }) as Loop;
}

// About one connection only, or set anew by fetch.
const hopByHop = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
]);

const foreign = errorReply(
  421,
  "MISDIRECTED_REQUEST",
  "this port is asked by localhost, 127.0.0.1, [::1] or a name of the world",
);

async function forward(
  options: WorldFetchOptions,
  target: string,
  { method, url, headers, body }: HttpRequest,
  response: ServerResponse,
): Promise<HttpReply | undefined> {
  const passed = Object.entries(headers).filter(([name]) => !hopByHop.has(name));
  // A client that gives up gives up in the world, too.
  const client = new AbortController();
  response.on("close", () => client.abort());
  const address = new URL(target);
  const { path } = targetOf({ url, headers: {} } as IncomingMessage);
  try {
    return await sendCall(options, {
      url: new URL(address.origin + path),
      method,
      headers: Object.fromEntries(passed),
      body,
      signal: client.signal,
    });
  } catch (error) {
    return client.signal.aborted ? undefined : failure(error as Error);
  }
}

// What a proxy says of a server that it cannot reach.
function failure(error: Error): HttpReply {
  const { code = "UNKNOWN" } = (error instanceof SimError ? error : (error.cause ?? error)) as {
    code?: string;
  };
  const message =
    error instanceof SimError ? error.message : `The simulated service is out of reach: ${code}`;
  return errorReply(code === "SIM_UNSUPPORTED" ? 501 : 502, code, message);
}

function protocolsOf(request: IncomingMessage): readonly string[] {
  const offered = request.headers["sec-websocket-protocol"];
  return offered === undefined ? [] : offered.split(",").map((protocol) => protocol.trim());
}

// The real client is accepted once the world has accepted it, so that it sees a refusal as one.
function bridge(
  world: ChannelWorld,
  url: string,
  protocols: readonly string[],
  socket: Duplex,
  accept: (use: (client: RealSocket) => void) => void,
): void {
  let client: RealSocket | undefined;
  const channel = openChannel(
    world,
    { url, protocols },
    {
      opened: () =>
        accept((real) => {
          client = real;
          real.on("message", (data: Buffer, isBinary) => {
            channel.send(isBinary ? data : data.toString(), data.byteLength);
          });
          real.on("close", (code, reason) =>
            channel.close(code === abnormal ? noStatus : code, reason.toString()),
          );
          real.on("error", () => {});
        }),
      received: (data) => client?.send(data),
      closing: () => {},
      closed(code, reason) {
        if (client === undefined) socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        else if (code === abnormal) client.terminate();
        else if (code === noStatus) client.close();
        else client.close(code, reason);
      },
    },
  );
}

// Sockets for unmodified database drivers. The loop is held while bytes are on their way, in either direction, and
// while a driver waits for an answer that time can bring. An idle connection moves nothing, so that a pool may be
// left open; neither does a wait without an end, such as `BLPOP` without a limit.

/** Knows a protocol well enough to say whether the client waits; it gets every byte, in order. */
interface DriverWatch {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  readonly waiting: boolean;
  /** Whether no passing of time ends that wait: it needs somebody else's command. */
  readonly endless?: boolean;
}

/** How a driver's protocol is carried. */
export interface DriverProtocol {
  /** What rules of the network see. */
  readonly protocol: Protocol;
  /**
   * Whether a driver learns that its idle connections are gone when the world ends: a pool drops them, then, and the
   * next world gets new ones. A driver that would connect again at once is left alone.
   */
  readonly endsWithWorld: boolean;
  createWatch(): DriverWatch;
  /** Names what the client sends, for the steps of the run. */
  createNamer(): Namer;
}

export interface DriverWorld {
  readonly network: Network;
  readonly loop: Loop;
  /** The incarnation of the host that the drivers run on. */
  readonly incarnation: Incarnation;
  /** Undefined where nobody wants to know which line of the user's code stands behind what is sent. */
  readonly callers?: Callers | undefined;
}

/** The client's end, not yet connected. */
export interface DriverStream extends ByteStream {
  /** Connects, as `net.Socket` does; a failure destroys the stream with an error like the operating system's. */
  connect(port: number, host: string): this;
}

/** The streams of one world. */
export interface DriverStreams {
  /**
   * @param inRealTime - Whether its user lives in real time, as whoever comes in by a real port does. @default false
   * @throws SimError The failure of the world, when it has ended.
   */
  open(protocol: DriverProtocol, inRealTime?: boolean): DriverStream;
  /** The same for a socket of Node's that is not connected yet. @throws SimError as above. */
  adopt(socket: net.Socket, protocol: DriverProtocol, target: Address): void;
  /** At the end of a world: ends every stream that waits for nothing, without a word to its driver. */
  abandonIdle(): void;
}

/** Where a driver connects to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** As long as Linux tries by default. */
const connectTimeoutMs = 127_000;

/** How long a peer may take to answer the end of a connection, as in `ioredis`. */
const closeTimeoutMs = 2_000;

export function createDriverStreams(world: DriverWorld): DriverStreams {
  const ends = new Set<DriverEnd>();

  function createEnd(protocol: DriverProtocol, inRealTime: boolean): DriverEnd {
    if (world.loop.failure !== undefined) throw world.loop.failure;
    // Drivers and streams nest ticks deeper than the short drain goes.
    world.loop.quiesceMacrotasks();
    return createDriverEnd(world, protocol, inRealTime);
  }

  function keep(end: DriverEnd, stream: Duplex): void {
    ends.add(end);
    stream.once("close", () => ends.delete(end));
  }

  return {
    open(protocol, inRealTime = false) {
      const end = createEnd(protocol, inRealTime);
      const stream = new Stream(world, protocol, end);
      keep(end, stream);
      return stream;
    },
    adopt(socket, protocol, target) {
      const end = createEnd(protocol, false);
      const open = async (): Promise<Connection> => connect(world, protocol.protocol, target);
      const wire = adoptSocket(socket, target, {
        incarnation: world.incarnation,
        open,
        listener: end.listener,
      });
      end.bind(socket, wire);
      end.connect(target);
      keep(end, socket);
    },
    abandonIdle() {
      for (const end of ends) end.abandonIfIdle();
    },
  };
}

/** As much of a stream's wire as has to be known here. */
interface EndWire {
  readonly underWay: boolean;
  abandon(error: Error): void;
}

/** What one end of a connection waits for, and how that keeps time moving. */
interface DriverEnd {
  readonly listener: WireListener;
  /** To be called once, with the stream that `listener` is for. */
  bind(stream: Duplex, wire: EndWire): void;
  /** It connects from now on. */
  connect(target: Address): void;
  abandonIfIdle(): void;
}

function createDriverEnd(
  { loop, incarnation, callers }: DriverWorld,
  { createWatch, createNamer, endsWithWorld }: DriverProtocol,
  inRealTime: boolean,
): DriverEnd {
  const watch = createWatch();
  const names = createClientNames(createNamer(), callers);
  let bound: { readonly stream: Duplex; readonly wire: EndWire } | undefined;
  let target: Address = { host: "", port: 0 };
  let state: "fresh" | "opening" | "open" | "closing" | "over" | "abandoned" = "fresh";
  let release: () => void = () => {};
  let held = "";
  let cancelClosing: () => void = () => {};

  function settle(): void {
    if (state !== "open") return;
    const { waiting, endless } = watch;
    if (waiting && endless !== true) hold("to answer");
    else if (bound?.wire.underWay === true) hold("to deliver");
    else if (waiting) hold("to answer, whenever that is");
    else releaseKeepAlive();
  }

  function hold(what: string): void {
    if (held === what) return;
    releaseKeepAlive();
    held = what;
    const wait = {
      describe: () => `the connection to ${target.host}:${target.port} ${what}`,
      fail: (error: Error) => queueMicrotask(() => bound?.stream.destroy(error)),
      inRealTime,
      ofClient: true,
    };
    release = what.endsWith("whenever that is") ? loop.waitEndlessly(wait) : loop.hold(wait);
  }

  function releaseKeepAlive(): void {
    held = "";
    release();
    release = () => {};
  }

  // Nobody waits for ever for the other end of a connection that is cut.
  function closeSoon(): void {
    state = "closing";
    hold("to close");
    cancelClosing = incarnation.schedule(closeTimeoutMs, "timer", "stream/close-timeout", () =>
      bound?.stream.destroy(),
    );
  }

  function over(): void {
    if (state !== "abandoned") state = "over";
    cancelClosing();
    releaseKeepAlive();
  }

  return {
    listener: {
      wrote(bytes) {
        watch.sent(bytes);
        settle();
      },
      arrived(bytes) {
        if (bytes !== undefined) watch.received(bytes);
        settle();
      },
      named: names.named,
      answered: names.answered,
      traffic: settle,
      finished: closeSoon,
      ended: over,
      // A pool that ends its idle clients after the world says goodbye to nobody; that is no error.
      isFinalMessage(bytes) {
        watch.sent(bytes);
        return !watch.waiting;
      },
    },
    bind(stream, wire) {
      bound = { stream, wire };
      stream.once("connect", () => {
        if (state === "opening") state = "open";
        settle();
      });
    },
    connect(given) {
      target = given;
      state = "opening";
      hold("to open");
    },
    abandonIfIdle() {
      if (state === "opening" || (state === "open" && watch.waiting)) return;
      over();
      state = "abandoned";
      bound?.wire.abandon(
        new SimError(
          "SIM_WORLD_CLOSED",
          `Cannot use this connection to ${target.host}:${target.port}: its world was disposed.`,
          "End pools and clients before the block of `await using` ends.",
        ),
      );
      if (endsWithWorld && bound !== undefined) reportClosed(bound.stream);
    },
  };
}

// Whoever has no ear for the error of an idle connection shall not hear of it in the end of a world.
function reportClosed(stream: Duplex): void {
  try {
    stream.emit("close", false);
  } catch {
    // An `error` event that nobody listens to.
  }
}

class Stream extends ByteStream implements DriverStream {
  readonly #end: DriverEnd;
  readonly #start: (target: Address) => void;

  constructor(world: DriverWorld, protocol: DriverProtocol, end: DriverEnd) {
    let start: (target: Address) => void = () => {};
    const target = new Promise<Address>((resolve) => {
      start = resolve;
    });
    const open = async (): Promise<Connection> => connect(world, protocol.protocol, await target);
    super(world.incarnation, { host: "", port: 0 }, open, end.listener);
    this.#end = end;
    this.#start = start;
    end.bind(this, this);
  }

  connect(port: number, host: string): this {
    this.remoteAddress = host;
    this.remotePort = port;
    this.#end.connect({ host, port });
    this.#start({ host, port });
    return this;
  }
}

async function connect(
  { network, incarnation }: DriverWorld,
  protocol: Protocol,
  { host, port }: Address,
): Promise<Connection> {
  try {
    const connection = await network.connect(incarnation, host, port, protocol, connectTimeoutMs);
    connection.send({ kind: "bytes" } satisfies BytesOpening, `${protocol}/open`, 0, 0);
    return connection;
  } catch (error) {
    const { code } = error as NetworkError;
    if (code === "ENOTFOUND") throw nodeError(code, "getaddrinfo", host);
    throw nodeError(code, "connect", `${host}:${port}`);
  }
}
