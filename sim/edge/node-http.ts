/** Between `node:http` and the plain requests and replies of src/ports. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

import type { HttpReply, HttpRequest } from "../../src/ports/index.js";

/** Reads the body of a request to its end. */
export async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads a request to its end. */
export async function readRequest(request: IncomingMessage): Promise<HttpRequest> {
  const body = await readBody(request);
  return {
    method: request.method ?? "GET",
    url: `http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`,
    headers: plainHeaders(request.headers),
    body: body.toString(),
  };
}

/** Sends a reply whole. */
export function writeReply(response: ServerResponse, { status, headers, body }: HttpReply): void {
  const withLength = { ...headers, "content-length": String(Buffer.byteLength(body)) };
  response.writeHead(status, status === 204 || status === 304 ? headers : withLength);
  response.end(body);
}

/** @returns One text for each name, as the ports have it. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
}
