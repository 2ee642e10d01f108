/**
 * A real loopback port in front of one port of the world, for curl, browsers and programs in other languages.
 * Real I/O comes in, and goes through the simulated network like any other client of the world. Who comes in by it
 * lives in real time: while it is connected, virtual time follows, and what it waits for makes no time jump.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import type { WebSocket as RealSocket } from "ws";

import type { HttpReply, HttpRequest } from "../../src/ports/index.js";
import { SimError } from "../errors.js";
import type { Holder, Loop } from "../kernel/index.js";
import { type ChannelWorld, openChannel } from "./channel.js";
import { type WorldFetchOptions, sendCall } from "./fetch.js";
import { abnormal, noStatus } from "./frames.js";
import { isOwnName } from "./host-names.js";
import { createNodeServer, errorReply, isHandshake, plainHeaders, targetOf } from "./node-http.js";

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
  const isForeign = (host: string): boolean => isLoopback && !isOwnName(host, options.network.fabric.names());
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
  const hold = (holder: Holder): (() => void) => loop.hold({ ...holder, inRealTime: true });
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
