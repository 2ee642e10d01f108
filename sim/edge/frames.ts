/** What travels over a connection that carries a WebSocket, and over one that carries bytes. */
import type http from "node:http";

import type { WebSocketServer } from "ws";

import type { HttpHandler, ServerSocket, SocketRequest } from "../../src/ports/index.js";
import { type Incarnation, type Loop, hashString } from "../kernel/index.js";
import type { Connection } from "../network/index.js";
import type { Activity } from "./stream-server.js";

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
  readonly life: Incarnation;
  readonly handler: HttpHandler;
  readonly onSocket?: ((socket: ServerSocket, request: SocketRequest) => void) | undefined;
  /** Longest body that real clients may send, in bytes. @default 8 MiB */
  readonly bodyBytesMax?: number | undefined;
  /** Makes the server for real clients, for a service that wants more of HTTP than `handler` can tell. */
  readonly createServer?: StreamServerFactory | undefined;
}

/** @param activityOf - What is known of the connection that a request's socket belongs to. */
export type StreamServerFactory = (
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
