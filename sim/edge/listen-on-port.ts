/**
 * A real loopback port in front of one port of the world, for curl, browsers and programs in other languages.
 * Real I/O comes in, and goes through the simulated network like any other client of the world.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import type { WebSocket as RealSocket } from "ws";

import type { HttpReply } from "../../src/ports/index.js";
import { SimError } from "../errors.js";
import { type ChannelWorld, openChannel } from "./channel.js";
import type { WorldFetchOptions } from "./fetch.js";
import { createWorldFetch } from "./fetch.js";
import { abnormal, noStatus } from "./frames.js";
import { plainHeaders, readBody, writeReply } from "./node-http.js";

export interface ListenOnPortOptions extends WorldFetchOptions {
  /** Where to in the world, such as `http://gateway:8080`. */
  readonly target: string;
  /** 0 for any that is free. @default 0 */
  readonly port?: number;
  /** Address to listen on. @default "127.0.0.1" */
  readonly address?: string;
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
  ...options
}: ListenOnPortOptions): Promise<PortListener> {
  const fetch = createWorldFetch(options);
  const { WebSocketServer } = await import("ws");
  const sockets = new WebSocketServer({ noServer: true });
  const server = http.createServer((request, response) => {
    forward(fetch, target, request).then(
      (reply) => writeReply(response, reply),
      () => response.destroy(),
    );
  });
  server.on("upgrade", (request, socket, head) => {
    const world = { ...options, openTimeoutMs: 120_000, headers: plainHeaders(request.headers) };
    bridge(
      world,
      `${target.replace(/^http/, "ws")}${request.url ?? "/"}`,
      protocolsOf(request),
      socket,
      (use) => sockets.handleUpgrade(request, socket, head, use),
    );
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

// About one connection only, or set anew by fetch.
const hopByHop = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
]);

async function forward(
  fetch: typeof globalThis.fetch,
  target: string,
  request: http.IncomingMessage,
): Promise<HttpReply> {
  const { method = "GET", url = "/" } = request;
  const headers = Object.entries(plainHeaders(request.headers)).filter(([name]) => !hopByHop.has(name));
  const body = await readBody(request);
  try {
    const response = await fetch(`${target}${url}`, {
      method,
      headers,
      redirect: "manual",
      ...(body.length === 0 ? {} : { body }),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  } catch (error) {
    return failure(error as Error);
  }
}

// What a proxy says of a server that it cannot reach.
function failure(error: Error): HttpReply {
  const { code = "UNKNOWN" } = (error instanceof SimError ? error : (error.cause ?? error)) as {
    code?: string;
  };
  const status = code === "SIM_UNSUPPORTED" ? 501 : 502;
  const message =
    error instanceof SimError ? error.message : `The simulated service is out of reach: ${code}`;
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ error: message, code }),
  };
}

function protocolsOf(request: http.IncomingMessage): readonly string[] {
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
