/**
 * The protocol on the wire, in both versions: requests in, replies out. The parser of ioredis reads replies only and
 * keeps a module-wide buffer pool with a real timer, so the few lines for requests are our own.
 */
import type { Bytes } from "./bytes.js";
import { formatScore } from "./numbers.js";
import type { PlainReply, Protocol, RedisReply } from "./reply.js";

/** @returns The answer as a client of RESP2 gets it; the same object where there is nothing to change. */
export function plain(reply: RedisReply): PlainReply {
  switch (reply.kind) {
    case "simple":
    case "error":
    case "integer":
    case "bulk":
      return reply;
    case "array":
      return reply.items === null || reply.items.every(isPlain)
        ? (reply as PlainReply)
        : { kind: "array", items: reply.items.map(plain) };
    case "map":
      return { kind: "array", items: reply.nested === true ? twos(reply.items) : reply.items.map(plain) };
    case "set":
    case "pairs":
    case "push":
      return { kind: "array", items: reply.items.map(plain) };
    case "double":
      return { kind: "bulk", value: formatScore(reply.value) };
    case "boolean":
      return { kind: "integer", value: reply.value ? 1 : 0 };
    case "bignumber":
    case "verbatim":
      return { kind: "bulk", value: reply.text };
    default:
      return reply satisfies never;
  }
}

function isPlain(reply: RedisReply): boolean {
  return plain(reply) === reply;
}

function twos(items: readonly RedisReply[]): PlainReply[] {
  const result: PlainReply[] = [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const two = items.slice(index, index + 2);
    result.push({ kind: "array", items: two.map(plain) });
  }
  return result;
}

/** @returns The reply as bytes, one character each. */
export function encodeReply(reply: RedisReply, protocol: Protocol): Bytes {
  return protocol === 2 ? encodePlain(plain(reply)) : encodeRich(reply);
}

function encodePlain(reply: PlainReply): Bytes {
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
      if (reply.items === null) return "*-1\r\n";
      return reply.items.reduce((text, item) => text + encodePlain(item), `*${reply.items.length}\r\n`);
    default:
      return reply satisfies never;
  }
}

function encodeRich(reply: RedisReply): Bytes {
  switch (reply.kind) {
    case "bulk":
      return reply.value === null ? "_\r\n" : encodePlain(reply);
    case "array":
      return reply.items === null ? "_\r\n" : encodeItems("*", reply.items.length, reply.items);
    case "map":
      return encodeItems("%", reply.items.length / 2, reply.items);
    case "set":
      return encodeItems("~", reply.items.length, reply.items);
    case "push":
      return encodeItems(">", reply.items.length, reply.items);
    case "pairs":
      return encodePairs(reply.items);
    case "double":
      return `,${formatScore(reply.value)}\r\n`;
    case "boolean":
      return reply.value ? "#t\r\n" : "#f\r\n";
    case "bignumber":
      return `(${reply.text}\r\n`;
    case "verbatim":
      return `=${reply.text.length + 4}\r\n${reply.format}:${reply.text}\r\n`;
    case "simple":
    case "error":
    case "integer":
      return encodePlain(reply);
    default:
      return reply satisfies never;
  }
}

function encodeItems(type: string, count: number, items: readonly RedisReply[]): Bytes {
  return items.reduce((text, item) => text + encodeRich(item), `${type}${count}\r\n`);
}

function encodePairs(items: readonly RedisReply[]): Bytes {
  let text = `*${items.length / 2}\r\n`;
  for (let index = 0; index < items.length; index += 2) {
    text += encodeItems("*", 2, items.slice(index, index + 2));
  }
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

const wordsMax = 2 ** 31 - 1;
const wordBytesMax = 512 * 1024 * 1024;

/** Reads arrays of bulk strings, and inline commands (words on one line, as typed into telnet). */
export function createRequestParser(onRequest: (words: Bytes[]) => void): RequestParser {
  let rest = "";
  let at = 0;
  /** The request that is being read. */
  let words: Bytes[] = [];
  let missing = 0;

  function line(ending = "\r\n"): Bytes | undefined {
    const end = rest.indexOf(ending, at);
    if (end < 0) return undefined;
    const text = rest.slice(at, end);
    at = end + ending.length;
    return text;
  }

  /** @returns Whether there was enough to go on. */
  function begin(): boolean {
    const inlined = rest[at] !== "*";
    const text = line(inlined ? "\n" : undefined);
    if (text === undefined) return false;
    if (inlined) {
      const inline = splitInline(text);
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

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\u0007" };
// Bare letters, then perhaps a part in quotes, which ends the word.
const inlineWord =
  /([^\s"']*)(?:"((?:\\[^]|[^"\\])*)"(?=\s|$)|'((?:\\'|[^'\\]|\\(?!'))*)'(?=\s|$)|(?=\s|$))/y;

/**
 * The words of an inline command, as telnet sends them.
 *
 * @throws Error for quotes that are not closed, or that something but a space follows.
 */
function splitInline(line: string): Bytes[] {
  const text = line.trim();
  const words: Bytes[] = [];
  for (let at = 0; at < text.length;) {
    inlineWord.lastIndex = at;
    const match = inlineWord.exec(text);
    if (match === null) throw new Error("Protocol error: unbalanced quotes in request");
    const [, bare = "", double, single] = match;
    const quoted = double === undefined ? single?.replaceAll("\\'", "'") : unescapeDouble(double);
    words.push(bare + (quoted ?? ""));
    at = inlineWord.lastIndex;
    while (/\s/.test(text[at] ?? "")) at += 1;
  }
  return words;
}

function unescapeDouble(text: string): Bytes {
  return text.replaceAll(/\\(?:x([\da-f]{2})|([^]))/gi, (_all, hex: string | undefined, letter: string) =>
    hex === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
