/** Plain replies of services that need no router. */
import type { HttpReply } from "../ports/index.js";

/** @returns A reply with a JSON body. */
export function jsonReply(status: number, value: unknown): HttpReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** @returns A reply with a text body. */
export function textReply(
  status: number,
  body: string,
  contentType = "text/plain; charset=utf-8",
): HttpReply {
  return { status, headers: { "content-type": contentType }, body };
}
