/** Messages of `node:http` as plain data. */
import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

import type {
  HttpClient,
  HttpHandler,
  HttpHeaders,
  HttpReply,
  ServerSocket,
  SocketRequest,
} from "../ports/index.js";

/** @returns Headers with lower-case names; repeated ones joined by commas. */
function plainHeaders(headers: IncomingHttpHeaders): HttpHeaders {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}

/** @returns The whole body as UTF-8. @throws Error `ECONNRESET` when the connection broke before its end. */
async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

// The HTTP client port over `node:http`, with connections kept open.

export interface NodeHttpClientOptions {
  /** Where a host really is, such as behind a port forward; undefined leaves it to DNS. */
  readonly resolve?: (host: string) => { readonly hostname: string; readonly port: number } | undefined;
}

/** Errors are those of the port, with the codes of Node. */
export function createNodeHttpClient({ resolve: locate }: NodeHttpClientOptions = {}): HttpClient & {
  close(): void;
} {
  const agent = new http.Agent({ keepAlive: true });
  return {
    async request(url, { method = "GET", headers = {}, body: sent = "", timeoutMs = 10_000 } = {}) {
      const { hostname, port, pathname, search, host } = new URL(url);
      const target = locate?.(host) ?? { hostname, port: Number(port === "" ? 80 : port) };
      return new Promise<HttpReply>((resolve, reject) => {
        const length = sent === "" ? {} : { "content-length": String(Buffer.byteLength(sent)) };
        const request = http.request({
          ...target,
          agent,
          method,
          path: `${pathname}${search}`,
          headers: { ...headers, ...length, host },
        });
        const timer = setTimeout(() => {
          request.destroy(
            Object.assign(new Error(`No reply from ${host} in ${timeoutMs} ms`), { code: "ETIMEDOUT" }),
          );
        }, timeoutMs);
        const failed = (error: Error): void => {
          clearTimeout(timer);
          reject(error);
        };
        request.on("error", failed);
        request.on("response", (response) => {
          const { statusCode: status = 0, headers: received } = response;
          const reply = readText(response).then((body) => ({
            status,
            headers: plainHeaders(received),
            body,
          }));
          resolve(reply.finally(() => clearTimeout(timer)));
        });
        request.end(sent);
      });
    },
    close: () => agent.destroy(),
  };
}

// Serves a handler of the HTTP port, and the sockets of a gateway, on a real port: `node:http` and `ws`.

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
