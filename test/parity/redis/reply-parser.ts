/** Reads RESP2 replies without losing the difference between a simple string and a bulk string. */
import type { RedisReply } from "../../../sim/servers/redis/index.js";

interface Read {
  readonly reply: RedisReply;
  readonly next: number;
}

function readReply(text: string, at: number): Read | undefined {
  const end = text.indexOf("\r\n", at);
  if (end < 0) return undefined;
  const body = text.slice(at + 1, end);
  const next = end + 2;
  const size = Number(body);
  switch (text.charAt(at)) {
    case "+":
      return { reply: { kind: "simple", text: body }, next };
    case "-":
      return { reply: { kind: "error", text: body }, next };
    case ":":
      return { reply: { kind: "integer", value: Number.isSafeInteger(size) ? size : BigInt(body) }, next };
    case "$":
      if (size < 0) return { reply: { kind: "bulk", value: null }, next };
      if (text.length < next + size + 2) return undefined;
      return { reply: { kind: "bulk", value: text.slice(next, next + size) }, next: next + size + 2 };
    case "*":
      return size < 0 ? { reply: { kind: "array", items: null }, next } : readItems(text, next, size);
    default:
      throw new Error(`not a RESP2 reply: ${text.slice(at, at + 40)}`);
  }
}

function readItems(text: string, start: number, count: number): Read | undefined {
  const items: RedisReply[] = [];
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const item = readReply(text, at);
    if (item === undefined) return undefined;
    items.push(item.reply);
    at = item.next;
  }
  return { reply: { kind: "array", items }, next: at };
}

export function createReplyParser(onReply: (reply: RedisReply) => void): { push(chunk: string): void } {
  let rest = "";
  return {
    push(chunk) {
      rest += chunk;
      for (
        let read = readReply(rest, 0);
        read !== undefined;
        read = rest === "" ? undefined : readReply(rest, 0)
      ) {
        rest = rest.slice(read.next);
        onReply(read.reply);
      }
    },
  };
}
