/** Bytes of a replay token: numbers of any size in few bytes, a checksum, and letters that are safe in a URL. */
import { mix32 } from "../kernel/index.js";

export interface ByteWriter {
  /** Writes a whole number from 0 to 2^53 - 1: seven bits a byte, lowest first (LEB128). */
  varint(value: number): void;
  /** Writes the lowest `count` bytes of a 32-bit number, lowest first. */
  fixed(value: number, count: number): void;
  bytes(): Uint8Array;
}

export function createByteWriter(): ByteWriter {
  const written: number[] = [];
  return {
    varint(value) {
      let rest = value;
      while (rest >= 128) {
        written.push((rest % 128) | 128);
        rest = Math.floor(rest / 128);
      }
      written.push(rest);
    },
    fixed(value, count) {
      for (let i = 0; i < count; i++) written.push((value >>> (8 * i)) & 255);
    },
    bytes: () => Uint8Array.from(written),
  };
}

export interface ByteReader {
  /** @returns Undefined when the bytes end too soon, or the number is above 2^53 - 1. */
  varint(): number | undefined;
  /** @returns Undefined when the bytes end too soon. */
  fixed(count: number): number | undefined;
  /** Bytes not read yet. */
  readonly left: number;
}

export function createByteReader(bytes: Uint8Array): ByteReader {
  let position = 0;
  return {
    varint() {
      let value = 0;
      for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
        const byte = bytes[position++];
        if (byte === undefined) return undefined;
        value += (byte & 127) * scale;
        if (byte < 128) return Number.isSafeInteger(value) ? value : undefined;
      }
      return undefined;
    },
    fixed(count) {
      if (position + count > bytes.length) return undefined;
      let value = 0;
      for (let i = 0; i < count; i++) value += (bytes[position++] ?? 0) * 2 ** (8 * i);
      return value;
    },
    get left() {
      return bytes.length - position;
    },
  };
}

/** @returns 32 bits over the bytes and a text: any change of a few letters shows. */
export function checksum(bytes: Uint8Array, text: string): number {
  let h = 0x9747b28c;
  for (let i = 0; i < text.length; i++) h = mix32(Math.imul(h ^ text.charCodeAt(i), 0x01000193) + 1);
  for (const byte of bytes) h = mix32(Math.imul(h ^ byte, 0x01000193) + 1);
  return h;
}

/** @returns Letters, digits, `-` and `_` (RFC 4648, base64url, without padding). */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** @returns Undefined when the text has any other letter, or a length that no bytes have. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(Buffer.from(text, "base64url"));
  // The last letter may carry bits that stand for nothing; a token has one form only.
  return toBase64Url(bytes) === text ? bytes : undefined;
}
