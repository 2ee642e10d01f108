/**
 * The protocol on the wire, in both versions: requests in, replies out. The parser of ioredis reads replies only and
 * keeps a module-wide buffer pool with a real timer, so the few lines for requests are our own.
 */
import { formatScore } from "./numbers.js";
import type { Bytes, PlainReply, Protocol, RedisReply } from "./reply.js";

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

// Watches both directions of a connection that speaks RESP2, and knows whether the client still waits for a
// reply, and whether time can bring it: a blocking command without a limit is answered when somebody else does
// something, and not before.

/** Whether a client waits; it gets every byte, in order. */
export interface AnswerWatch {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  readonly waiting: boolean;
  /** Whether the next reply is that of a blocking command without a limit of time. */
  readonly endless: boolean;
}

const subscribing = /^[ps]?(?:un)?subscribe$/i;
// First word of a top-level list, where confirmations and messages have their kind.
const kindPattern = /\*\d+\r\n\$\d+\r\n([ps]?(?:message|(?:un)?subscribe))\r\n/y;

// Where a blocking command has its limit; 0 is none.
const limitFirst: ReadonlySet<string> = new Set(["blmpop", "bzmpop"]);
const limitLast: ReadonlySet<string> = new Set([
  "blpop",
  "brpop",
  "brpoplpush",
  "blmove",
  "bzpopmin",
  "bzpopmax",
  "wait",
  "waitaof",
]);
const limitNamed: ReadonlySet<string> = new Set(["xread", "xreadgroup"]);

function limitOf(name: string, args: readonly string[]): string | undefined {
  if (limitFirst.has(name)) return args[0];
  if (limitLast.has(name)) return args.at(-1);
  if (!limitNamed.has(name)) return undefined;
  const streams = args.findIndex((word) => word.toLowerCase() === "streams");
  const block = args.findIndex((word) => word.toLowerCase() === "block");
  return block >= 0 && block < streams ? args[block + 1] : undefined;
}

interface Owed {
  readonly subscription: boolean;
  readonly endless: boolean;
  replies: number;
}

/** @returns A watch for one connection, from its first byte on. */
export function createRedisWatch(): AnswerWatch {
  const owed: Owed[] = [];
  let queuing = false;
  const requests = createRequestParser(([word = "", ...args]) => {
    const name = word.toLowerCase();
    const subscription = subscribing.test(name);
    const limit = queuing ? undefined : limitOf(name, args);
    // In a transaction a blocking command is only queued, and then does not block.
    if (name === "multi") queuing = true;
    else if (name === "exec" || name === "discard") queuing = false;
    const replies = subscription ? Math.max(1, args.length) : 1;
    owed.push({ subscription, endless: limit !== undefined && Number(limit) === 0, replies });
  });
  let rest = "";

  function arrived(kind: string | undefined): void {
    const [first] = owed;
    if (first === undefined || kind?.endsWith("message") === true) return;
    // A client that unsubscribes from everything gets any number of confirmations.
    if (kind !== undefined && !first.subscription && subscribing.test(kind)) return;
    first.replies -= 1;
    // One error answers a whole SUBSCRIBE.
    if (first.replies === 0 || kind === undefined) owed.shift();
  }

  return {
    sent(bytes) {
      try {
        requests.push(latin1(bytes));
      } catch {
        // The server answers what is no protocol, and closes.
        owed.push({ subscription: false, endless: false, replies: 1 });
      }
    },
    received(bytes) {
      rest += latin1(bytes);
      let at = 0;
      for (let end = endOfReply(rest, 0); end >= 0; end = endOfReply(rest, at)) {
        kindPattern.lastIndex = at;
        arrived(kindPattern.exec(rest)?.[1]);
        at = end;
      }
      rest = rest.slice(at);
    },
    get waiting() {
      return owed.length > 0;
    },
    get endless() {
      return owed[0]?.endless === true;
    },
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** @returns Where the reply that begins at `at` ends; -1 when it is not complete. */
function endOfReply(text: string, at: number): number {
  const lineEnd = text.indexOf("\r\n", at);
  if (lineEnd < 0) return -1;
  const [type, next] = [text[at], lineEnd + 2];
  if (type !== "$" && type !== "*") return next;
  const size = Number(text.slice(at + 1, lineEnd));
  if (!(size > 0)) return type === "$" && size === 0 ? within(text, next + 2) : next;
  if (type === "$") return within(text, next + size + 2);
  let end = next;
  for (let item = 0; item < size && end >= 0; item += 1) end = endOfReply(text, end);
  return end;
}

function within(text: string, end: number): number {
  return end <= text.length ? end : -1;
}
