/** Between `node:http` and the plain requests and replies of src/ports, with the manners of a server. */
import http from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";

import type { HttpReply, HttpRequest } from "../../../src/ports/index.js";

/** Longest body that is read where nothing else is said, in bytes. */
const bodyBytesMaxDefault = 8_388_608;

/** An idle connection is kept so long, in milliseconds: clients in Go and Java count on it. */
const keepAliveMs = 60_000;

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** What answers the requests of a server. */
export interface HttpService {
  /** @default 8 MiB */
  readonly bodyBytesMax?: number | undefined;
  /** @returns The reply; undefined when nobody waits for it any more. */
  answer(request: HttpRequest, response: ServerResponse): Promise<HttpReply | undefined>;
}

/** @returns A server that does not listen yet; upgrades to anything but a WebSocket are left out of requests. */
export function createNodeServer(
  { bodyBytesMax = bodyBytesMaxDefault, answer }: HttpService,
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Server {
  const server = http.createServer({ keepAliveTimeout: keepAliveMs });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const read = await readRequest(request, bodyBytesMax).catch(() => undefined);
    // The client went away while it was heard.
    if (read === undefined) return void response.destroy();
    const reply = "status" in read ? read : (answerHere(read) ?? (await answer(read, response)));
    if (reply !== undefined) writeReply(response, reply);
  };
  server.on("request", (request, response) => void serve(request, response));
  server.on("checkContinue", (request, response) => {
    if (announcedLength(request) <= bodyBytesMax) response.writeContinue();
    server.emit("request", request, response);
  });
  server.on("clientError", refuseBytes);
  server.on("connect", (_request, socket) => {
    socket.end(
      `HTTP/1.1 405 Method Not Allowed\r\nallow: ${methods}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
  });
  server.on("upgrade", (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === "websocket") onUpgrade(request, socket, head);
    else serveWithoutUpgrade(server, request, socket, head);
  });
  return server;
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

// Says it and ends, as Node's manual has it: by default Node breaks the connection, and the words may be lost.
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = refusals[error.code ?? ""] ?? "400 Bad Request";
  const close = (): unknown => socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, close);
}

/** Whether a request can become a WebSocket; `ws` refuses others by itself. */
export function isHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === "GET" &&
    /^[+/0-9a-z]{22}==$/i.test(headers["sec-websocket-key"] ?? "") &&
    ["8", "13"].includes(headers["sec-websocket-version"] ?? "")
  );
}

/** Where a request goes: a client behind a proxy variable names the host in its target. */
export function targetOf({ url = "/", headers }: IncomingMessage): {
  readonly host: string;
  readonly path: string;
} {
  const [, authority, path = ""] = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)([^]*)$/i.exec(url) ?? [];
  if (authority === undefined) return { host: headers.host ?? "localhost", path: url };
  return { host: authority, path: path.startsWith("/") ? path : `/${path}` };
}

/** @returns One text for each name, as the ports have it. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
}

/** @returns A reply that tells of an error. */
export function errorReply(status: number, code: string, message: string): HttpReply {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ error: message, message, code, details: null }),
  };
}

// Reads a request to its end, or answers at once when it is too long.
async function readRequest(request: IncomingMessage, bodyBytesMax: number): Promise<HttpRequest | HttpReply> {
  // RFC 9112 3.2; Node checks only that there is one.
  if ((request.headersDistinct["host"]?.length ?? 0) > 1) {
    request.resume();
    return errorReply(400, "VALIDATION_ERROR", "there is more than one Host header");
  }
  const tooLong = errorReply(413, "PAYLOAD_TOO_LARGE", `the body is longer than ${bodyBytesMax} bytes`);
  const body = announcedLength(request) > bodyBytesMax ? undefined : await readBody(request, bodyBytesMax);
  if (body === undefined) {
    // What still comes is thrown away, so that the client hears the answer.
    request.resume();
    return tooLong;
  }
  const { method = "GET", headers } = request;
  const { host, path } = targetOf(request);
  // RFC 9110 9.3.1: the body of a GET has no meaning.
  const text = method === "GET" || method === "HEAD" ? "" : body.toString();
  return { method, url: `http://${host}${path}`, headers: { ...plainHeaders(headers), host }, body: text };
}

function announcedLength({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= bytesMax) chunks.push(chunk);
      else {
        chunks = [];
        resolve(undefined);
      }
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("The client went away.")));
  });
}

// Of the server itself, whatever it serves.
function answerHere({ method, url }: HttpRequest): HttpReply | undefined {
  if (method === "TRACE") {
    const refusal = errorReply(405, "METHOD_NOT_ALLOWED", `TRACE is not one of ${methods}`);
    return { ...refusal, headers: { ...refusal.headers, allow: methods } };
  }
  if (method === "OPTIONS" && url.endsWith("*") && !/^http:\/\/[^/]*\//.test(url))
    return { status: 204, headers: { allow: methods }, body: "" };
  return undefined;
}

function writeReply(response: ServerResponse, { status, headers, body }: HttpReply): void {
  // A service speaks of texts: what it says is compressed becomes so here.
  const bytes = headers["content-encoding"] === "gzip" ? gzipSync(body) : Buffer.from(body);
  const withLength = { ...headers, "content-length": String(bytes.byteLength) };
  response.writeHead(status, status === 204 || status === 304 ? headers : withLength);
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

// RFC 9110 7.8: an upgrade that a server does not know is no reason not to answer, as Java's clients expect of `h2c`.
// Node has given the connection away by now, so that the request is put before what follows it, without the offer.
function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { rawHeaders, method, url } = request;
  const lines = [`${method} ${url} HTTP/${request.httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (!/^(?:upgrade|connection|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}
