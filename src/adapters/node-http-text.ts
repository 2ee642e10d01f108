/** Messages of `node:http` as plain data. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import type { HttpHeaders } from "../ports/index.js";

/** @returns Headers with lower-case names; repeated ones joined by commas. */
export function plainHeaders(headers: IncomingHttpHeaders): HttpHeaders {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}

/** @returns The whole body as UTF-8. @throws Error `ECONNRESET` when the connection broke before its end. */
export async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
