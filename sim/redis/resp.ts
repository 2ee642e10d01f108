/**
 * RESP2 on the wire: requests in, replies out. The parser of ioredis reads replies only and keeps a
 * module-wide buffer pool with a real timer, so the few lines for requests are our own.
 */
import type { Bytes } from "./bytes.js";
import type { RedisReply } from "./reply.js";

/** @returns The reply as bytes, one character each. */
export function encodeReply(reply: RedisReply): Bytes {
  switch (reply.kind) {
    case "simple":
      return `+${reply.text}\r\n`;
    case "error":
      return `-${reply.text.replaceAll(/[\r\n]/g, " ")}\r\n`;
    case "integer":
      return `:${reply.value}\r\n`;
    case "bulk":
      return reply.value === null ? "$-1\r\n" : `$${reply.value.length}\r\n${reply.value}\r\n`;
    case "array":
      return encodeArray(reply.items);
    default:
      return reply satisfies never;
  }
}

function encodeArray(items: readonly RedisReply[] | null): Bytes {
  if (items === null) return "*-1\r\n";
  let text = `*${items.length}\r\n`;
  for (const item of items) text += encodeReply(item);
  return text;
}

export interface RequestParser {
  /**
   * Takes the next piece of the stream.
   *
   * @throws Error `Protocol error: ...`, after which the connection must be closed.
   */
  push(chunk: Bytes): void;
}

const wordsMax = 1024 * 1024;
const wordBytesMax = 512 * 1024 * 1024;

/** Reads arrays of bulk strings, and inline commands (words on one line, as typed into telnet). */
export function createRequestParser(onRequest: (words: Bytes[]) => void): RequestParser {
  let rest = "";
  let at = 0;
  /** The request that is being read. */
  let words: Bytes[] = [];
  let missing = 0;

  function line(): Bytes | undefined {
    const end = rest.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const text = rest.slice(at, end);
    at = end + 2;
    return text;
  }

  /** @returns Whether there was enough to go on. */
  function begin(): boolean {
    const text = line();
    if (text === undefined) return false;
    if (!text.startsWith("*")) {
      const inline = text.split(/\s+/).filter((word) => word !== "");
      if (inline.length > 0) onRequest(inline);
      return true;
    }
    const count = Number(text.slice(1));
    if (!Number.isInteger(count) || count > wordsMax) {
      throw new Error("Protocol error: invalid multibulk length");
    }
    words = [];
    missing = Math.max(0, count);
    return true;
  }

  function word(): boolean {
    const start = at;
    const text = line();
    if (text === undefined) return false;
    if (!text.startsWith("$")) {
      throw new Error(`Protocol error: expected '$', got '${text.slice(0, 1)}'`);
    }
    const size = Number(text.slice(1));
    if (!Number.isInteger(size) || size < 0 || size > wordBytesMax) {
      throw new Error("Protocol error: invalid bulk length");
    }
    if (rest.length < at + size + 2) {
      at = start;
      return false;
    }
    words.push(rest.slice(at, at + size));
    at += size + 2;
    missing -= 1;
    if (missing === 0) onRequest(words);
    return true;
  }

  return {
    push(chunk) {
      rest = at < rest.length ? rest.slice(at) + chunk : chunk;
      at = 0;
      while (at < rest.length && (missing > 0 ? word() : begin()));
    },
  };
}
