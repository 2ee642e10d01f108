/**
 * What the server answers: one shape for each RESP2 type, and short ways to make them.
 * Not the wire format; see resp.ts.
 */
import { toText, type Bytes } from "./bytes.js";

/** One answer. Maps one to one on RESP2. */
export type RedisReply =
  | { readonly kind: "simple"; readonly text: string }
  /** `text` begins with the error's code word, such as `WRONGTYPE`. */
  | { readonly kind: "error"; readonly text: string }
  /** A 64-bit integer; a bigint only when a number cannot hold it. */
  | { readonly kind: "integer"; readonly value: number | bigint }
  /** Binary safe, one character per byte; null is RESP2's null bulk. See {@link replyText}. */
  | { readonly kind: "bulk"; readonly value: Bytes | null }
  | { readonly kind: "array"; readonly items: readonly RedisReply[] | null };

export const OK: RedisReply = { kind: "simple", text: "OK" };
export const QUEUED: RedisReply = { kind: "simple", text: "QUEUED" };
export const NULL: RedisReply = { kind: "bulk", value: null };
export const NULL_ARRAY: RedisReply = { kind: "array", items: null };
export const EMPTY: RedisReply = { kind: "array", items: [] };
const ZERO: RedisReply = { kind: "integer", value: 0 };
const ONE: RedisReply = { kind: "integer", value: 1 };

export function simple(text: string): RedisReply {
  return { kind: "simple", text };
}

export function integer(value: number | bigint): RedisReply {
  return { kind: "integer", value };
}

/** Redis has no booleans in RESP2: 1 or 0. */
export function flag(value: boolean): RedisReply {
  return value ? ONE : ZERO;
}

export function bulk(value: Bytes | null | undefined): RedisReply {
  return value === undefined || value === null ? NULL : { kind: "bulk", value };
}

export function array(items: readonly RedisReply[]): RedisReply {
  return { kind: "array", items };
}

export function bulks(values: Iterable<Bytes | null | undefined>): RedisReply {
  return { kind: "array", items: Array.from(values, bulk) };
}

/** Names and values one after the other, as RESP2 shows a map. */
export function fields(rows: Readonly<Record<string, RedisReply | string | number>>): RedisReply {
  const items: RedisReply[] = [];
  for (const [name, value] of Object.entries(rows)) {
    items.push(bulk(name));
    if (typeof value === "string") items.push(bulk(value));
    else items.push(typeof value === "number" ? integer(value) : value);
  }
  return array(items);
}

export function error(text: string): RedisReply {
  return { kind: "error", text };
}

/** Thrown by a command; becomes the error reply with the same text. */
export class RedisError extends Error {
  override readonly name = "RedisError";
}

export const syntaxError = (): RedisError => new RedisError("ERR syntax error");
export const notAnInteger = (): RedisError => new RedisError("ERR value is not an integer or out of range");
export const notAFloat = (): RedisError => new RedisError("ERR value is not a valid float");
export const wrongType = (): RedisError =>
  new RedisError("WRONGTYPE Operation against a key holding the wrong kind of value");
export const noSuchKey = (): RedisError => new RedisError("ERR no such key");

/** @returns The text of a simple or bulk reply decoded as UTF-8, or null for a null reply. */
export function replyText(reply: RedisReply): string | null {
  if (reply.kind === "simple") return reply.text;
  if (reply.kind === "bulk") return reply.value === null ? null : toText(reply.value);
  return null;
}
