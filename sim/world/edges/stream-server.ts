/**
 * The server's end for real clients: a real `Server`, which never listens on a port, and a real `ws`
 * server, both speaking to the same handler as everything else that comes to the port.
 */
import type http from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";

import type { HttpHandler, ServerSocket, SocketRequest } from "../../../src/ports/index.js";
import { hashString, type Incarnation, type Loop } from "../../kernel/index.js";
import type { Connection } from "../../kernel/network/index.js";
import { ByteStream } from "./byte-stream.js";
import { createNodeServer, plainHeaders, targetOf } from "./node-http.js";
import { createRequestNamer } from "./request-names.js";
import { isLongPoll, longPollHoldMs } from "./web-socket-checks.js";

/** What is going on at the server for one connection. */
export interface Activity {
  /** Requests that the server has whole, and that it will answer soon. */
  requests: number;
  /** Whether it carries a WebSocket now. */
  upgraded: boolean;
  /** The server's end, once there is one. */
  server: ByteStream | undefined;
  /** Whether the client believes that it speaks TLS. */
  readonly secure: boolean;
  /** Called when any of this, or what is on its way, may have changed. */
  changed(): void;
  /** Breaks the connection at the client's end with an error that the network does not know. */
  fail(error: Error): void;
}

/** The part of `ws` that is used here; it comes in as an argument, so that it is loaded only when needed. */
export type WebSocketServerClass = typeof WebSocketServer;

/** @returns What serves one connection; each service gets one server. */
export function createStreamServer(SocketServer: WebSocketServerClass) {
  const servers = new WeakMap<PortService, Server>();
  const activities = new WeakMap<object, Activity>();

  function serverOf(service: PortService): Server {
    let server = servers.get(service);
    if (server === undefined) {
      const activityOf = (socket: object): Activity | undefined => activities.get(socket);
      server =
        service.createServer?.(activityOf, SocketServer) ??
        createHttpServer(service, activityOf, new SocketServer({ noServer: true }));
      servers.set(service, server);
    }
    return server;
  }

  return (connection: Connection, service: PortService, activity: Activity): void => {
    const remote = { host: connection.remote, port: 0 };
    const { changed } = activity;
    const namer = createRequestNamer(() => activity.upgraded);
    let asked = "stream";
    const stream = new ByteStream(service.incarnation, remote, () => connection, {
      wrote: changed,
      arrived(bytes) {
        if (bytes !== undefined) asked = namer(bytes).label;
        changed();
      },
      named: () => ({ label: `${asked}/reply` }),
      changed,
    });
    activity.server = stream;
    activities.set(stream, activity);
    // Node's server looks after sockets of its own kind only, and a broken one must not end the process.
    stream.on("error", () => stream.destroy());
    serverOf(service).emit("connection", stream);
  };
}

function createHttpServer(
  service: PortService,
  activityOf: (socket: object) => Activity | undefined,
  sockets: WebSocketServer,
): Server {
  const { incarnation, loop, handler, onSocket, bodyBytesMax } = service;
  const server = createNodeServer(
    {
      bodyBytesMax,
      async answer(request) {
        try {
          const reply = await handler(request);
          return incarnation.alive ? reply : undefined;
        } catch (error) {
          loop.fail(error as Error);
          return undefined;
        }
      },
    },
    upgrade,
  );
  server.prependListener("request", (request, response) => {
    const activity = activityOf(request.socket);
    if (activity !== undefined) countRequest(incarnation, activity, request, response);
    // Node would take the date from the process.
    response.sendDate = false;
    response.setHeader("date", new Date(incarnation.host.now()).toUTCString());
  });
  return server;

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (onSocket === undefined) {
      socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const activity = activityOf(socket);
    if (activity !== undefined) activity.upgraded = true;
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const { host, path } = targetOf(request);
      const opened = { url: `ws://${host}${path}`, headers: plainHeaders(request.headers) };
      onSocket(adapt(webSocket, socket as ByteStream), opened);
    });
  }
}

/** Counts a request from when it is whole until its answer is complete, or will take long. */
export function countRequest(
  incarnation: Incarnation,
  activity: Activity,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  let state: "arriving" | "owed" | "over" = "arriving";

  function done(): void {
    if (state === "owed") activity.requests -= 1;
    state = "over";
    activity.changed();
  }

  request.once("end", () => {
    if (state !== "arriving") return;
    state = "owed";
    activity.requests += 1;
    activity.changed();
  });
  response.once("close", () => {
    // When the connection broke, news of it is on its way to the client.
    if (response.writableFinished) done();
    else if (state === "arriving") state = "over";
  });
  const { method = "", url = "" } = request;
  if (isLongPoll(method, url)) incarnation.schedule(longPollHoldMs, "timer", "stream/long-poll", done);
}

function adapt(webSocket: WebSocket, stream: ByteStream): ServerSocket {
  // What breaks a socket is followed by its close, which the service hears.
  webSocket.on("error", () => {});
  return {
    get bufferedAmount() {
      return stream.inFlight;
    },
    send(text) {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(text);
    },
    close: (code, reason) => webSocket.close(code, reason),
    onMessage(listener) {
      webSocket.on("message", (data, isBinary) => {
        if (isBinary) webSocket.close(1003, "text frames only");
        else listener((data as Buffer).toString());
      });
    },
    onClose(listener) {
      webSocket.on("close", (code, reason) => listener(code, reason.toString()));
    },
  };
}

// What travels over a connection that carries a WebSocket, and over one that carries bytes.

/** One message of the WebSocket protocol (RFC 6455), already decoded. */
export type SocketFrame =
  | { readonly kind: "upgrade"; readonly request: SocketRequest; readonly protocols: readonly string[] }
  | { readonly kind: "accept"; readonly protocol: string }
  | { readonly kind: "refuse"; readonly status: number }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array }
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

/** What answers at one port of a host. */
export interface PortService {
  readonly loop: Loop;
  readonly incarnation: Incarnation;
  readonly handler: HttpHandler;
  readonly onSocket?: ((socket: ServerSocket, request: SocketRequest) => void) | undefined;
  /** Longest body that real clients may send, in bytes. @default 8 MiB */
  readonly bodyBytesMax?: number | undefined;
  /** Makes the server for real clients, for a service that wants more of HTTP than `handler` can tell. */
  readonly createServer?: StreamServerFactory | undefined;
}

/** @param activityOf - What is known of the connection that a request's socket belongs to. */
type StreamServerFactory = (
  activityOf: (socket: object) => Activity | undefined,
  SocketServer: typeof WebSocketServer,
) => http.Server;

/**
 * First message of a connection that carries bytes. It brings along the code that serves it, so that a host
 * loads real HTTP and WebSocket servers only when a real client calls.
 */
export interface StreamOpening {
  readonly kind: "stream";
  /** Whether the client believes that it speaks TLS. */
  readonly secure: boolean;
  readonly serve: (connection: Connection, service: PortService) => void;
}

/** First message of a connection that carries the bytes of a protocol which its port speaks itself. */
export interface BytesOpening {
  readonly kind: "bytes";
}

/** Virtual milliseconds that either end waits for the answer to its close frame, as `ws` does. */
export const closeTimeoutMs = 30_000;

/** Close code of a frame that has none. */
export const noStatus = 1005;

/** Close code of a connection that broke. */
export const abnormal = 1006;

/** Sends one frame. @param size - What it adds to `inFlight`. */
export function sendFrame(connection: Connection, frame: SocketFrame, size = 0): void {
  connection.send(frame, `websocket/${frame.kind}`, digestOf(frame), size);
}

function digestOf(frame: SocketFrame): number {
  if (frame.kind === "upgrade") return hashString(frame.request.url);
  if (frame.kind === "accept") return hashString(frame.protocol);
  if (frame.kind === "refuse") return frame.status;
  if (frame.kind === "text") return hashString(frame.text);
  if (frame.kind === "close") return hashString(frame.reason, frame.code);
  return hashString(Buffer.from(frame.bytes).toString("latin1"));
}
