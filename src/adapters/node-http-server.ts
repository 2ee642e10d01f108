/** Serves a handler of the HTTP port, and the sockets of a gateway, on a real port: `node:http` and `ws`. */
import http from "node:http";
import type { AddressInfo } from "node:net";

import { type WebSocket, WebSocketServer } from "ws";

import type { HttpHandler, HttpReply, ServerSocket, SocketRequest } from "../ports/index.js";
import { plainHeaders, readText } from "./node-http-text.js";

export interface HttpServerOptions {
  readonly handler: HttpHandler;
  /** Takes sockets; without it an upgrade is refused with 426. */
  readonly onSocket?: (socket: ServerSocket, request: SocketRequest) => void;
  /** 0 for any that is free. @default 0 */
  readonly port?: number;
  /** @default "127.0.0.1" */
  readonly address?: string;
  /** Gets what a handler threw; the client gets a bare 500. */
  readonly onError?: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

const bareError: HttpReply = { status: 500, headers: {}, body: "" };

/** @throws Error with a Node `code`, such as `EADDRINUSE`. */
export async function serveHttp({
  handler,
  onSocket,
  port = 0,
  address = "127.0.0.1",
  onError = () => {},
}: HttpServerOptions): Promise<HttpServer> {
  const sockets = new WebSocketServer({ noServer: true });
  const server = http.createServer((request, response) => {
    answer(handler, request)
      .catch((error: unknown) => {
        onError(error);
        return bareError;
      })
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body), onError);
  });
  server.on("upgrade", (request, socket, head) => {
    if (onSocket === undefined) {
      socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      onSocket(adapt(webSocket), { url: urlOf(request, "ws"), headers: plainHeaders(request.headers) }),
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

async function answer(handler: HttpHandler, request: http.IncomingMessage): Promise<HttpReply> {
  const body = await readText(request);
  return handler({
    method: request.method ?? "GET",
    url: urlOf(request, "http"),
    headers: plainHeaders(request.headers),
    body,
  });
}

// A request to a proxy has an absolute URL already.
function urlOf({ url = "/", headers }: http.IncomingMessage, scheme: string): string {
  return url.startsWith("/") ? `${scheme}://${headers.host ?? "localhost"}${url}` : url;
}

function adapt(webSocket: WebSocket): ServerSocket {
  // What breaks a socket is followed by its close, which the service hears.
  webSocket.on("error", () => {});
  return {
    get bufferedAmount() {
      return webSocket.bufferedAmount;
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
