/**
 * What the server answers: one shape for each type of the protocol, and short ways to make them.
 * Not the wire format; see resp.ts.
 */

// Binary-safe strings. Inside the server every key, value and member is a JavaScript string with one
// character per byte: it is a map key, compares in byte order, and costs nothing for plain ASCII.

/** A string whose characters are bytes, 0 to 255. */
export type Bytes = string;

// oxlint-disable-next-line no-control-regex
const ascii = /^[\x00-\x7f]*$/;

/** Encodes text as UTF-8; bytes stay as they are. */
export function toBytes(value: string | Uint8Array): Bytes {
  if (typeof value !== "string") {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  }
  return ascii.test(value) ? value : Buffer.from(value, "utf8").toString("latin1");
}

/** Decodes UTF-8. */
export function toText(bytes: Bytes): string {
  return ascii.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}

/** An answer that RESP2 has a type for. */
export type PlainReply =
  | { readonly kind: "simple"; readonly text: string }
  /** `text` begins with the error's code word, such as `WRONGTYPE`. */
  | { readonly kind: "error"; readonly text: string }
  /** A 64-bit integer; a bigint only when a number cannot hold it. */
  | { readonly kind: "integer"; readonly value: number | bigint }
  /** Binary safe, one character per byte; null is RESP2's null bulk. See {@link replyText}. */
  | { readonly kind: "bulk"; readonly value: Bytes | null }
  | { readonly kind: "array"; readonly items: readonly PlainReply[] | null };

/** An answer that only RESP3 has a type for; `plain` of resp.ts says what a client of RESP2 gets. */
type RichReply =
  /** Names and values one after the other. `nested`: RESP2 shows an array of pairs, else a flat array. */
  | { readonly kind: "map"; readonly items: readonly RedisReply[]; readonly nested?: boolean }
  | { readonly kind: "set"; readonly items: readonly RedisReply[] }
  /** Twos of an array: nested in RESP3, one after the other in RESP2. */
  | { readonly kind: "pairs"; readonly items: readonly RedisReply[] }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** Decimal digits. */
  | { readonly kind: "bignumber"; readonly text: string }
  /** Text with a format of three letters. */
  | { readonly kind: "verbatim"; readonly format: string; readonly text: Bytes }
  /** Told without being asked for: a message, or the confirmation of a subscription. */
  | { readonly kind: "push"; readonly items: readonly RedisReply[] };

/** One answer. */
export type RedisReply =
  PlainReply | RichReply | { readonly kind: "array"; readonly items: readonly RedisReply[] | null };

/** Version of the protocol that a client speaks. */
export type Protocol = 2 | 3;

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

export function double(value: number): RedisReply {
  return { kind: "double", value };
}

export function map(items: readonly RedisReply[]): RedisReply {
  return { kind: "map", items };
}

export function setOf(values: Iterable<Bytes>): RedisReply {
  return { kind: "set", items: Array.from(values, bulk) };
}

export function push(items: readonly RedisReply[]): RedisReply {
  return { kind: "push", items };
}

export function verbatim(text: Bytes): RedisReply {
  return { kind: "verbatim", format: "txt", text };
}

/** Names and values of a map. */
export function fields(rows: Readonly<Record<string, RedisReply | string | number>>): RedisReply {
  const items: RedisReply[] = [];
  for (const [name, value] of Object.entries(rows)) {
    items.push(bulk(name));
    if (typeof value === "string") items.push(bulk(value));
    else items.push(typeof value === "number" ? integer(value) : value);
  }
  return map(items);
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
  if (reply.kind === "simple" || reply.kind === "verbatim") return reply.text;
  if (reply.kind === "bulk") return reply.value === null ? null : toText(reply.value);
  return null;
}
