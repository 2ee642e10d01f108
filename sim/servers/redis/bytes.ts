/**
 * Binary-safe strings. Inside the server every key, value and member is a JavaScript string with one
 * character per byte: it is a map key, compares in byte order, and costs nothing for plain ASCII.
 */

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
