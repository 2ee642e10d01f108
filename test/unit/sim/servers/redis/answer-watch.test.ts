import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createRedisWatch } from "../../../../../sim/servers/redis/index.js";

function command(...words: readonly string[]): Buffer {
  return Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`);
}

const push = (kind: string, ...rest: readonly string[]): Buffer => command(kind, ...rest);

test("a client waits until every command has its reply", () => {
  const watch = createRedisWatch();
  expect(watch.waiting).toBe(false);
  watch.sent(Buffer.concat([command("SET", "k", "v"), command("GET", "k")]));
  watch.received(Buffer.from("+OK\r\n"));
  expect(watch.waiting).toBe(true);
  watch.received(Buffer.from("$1\r\nv\r\n"));
  expect(watch.waiting).toBe(false);
});

test("a blocking command is waited for", () => {
  const watch = createRedisWatch();
  watch.sent(command("BLPOP", "queue", "0"));
  expect(watch.waiting).toBe(true);
  watch.received(Buffer.from("*-1\r\n"));
  expect(watch.waiting).toBe(false);
});

test("SUBSCRIBE is answered once for each channel, and messages answer nothing", () => {
  const watch = createRedisWatch();
  watch.sent(command("SUBSCRIBE", "a", "b"));
  watch.received(Buffer.from("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"));
  expect(watch.waiting).toBe(true);
  watch.received(push("message", "a", "early"));
  expect(watch.waiting).toBe(true);
  watch.received(Buffer.from("*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"));
  expect(watch.waiting).toBe(false);
  watch.sent(command("PING"));
  watch.received(push("message", "b", "late"));
  expect(watch.waiting).toBe(true);
  watch.received(push("pong", ""));
  expect(watch.waiting).toBe(false);
});

test("one error answers a whole SUBSCRIBE", () => {
  const watch = createRedisWatch();
  watch.sent(command("SUBSCRIBE", "a", "b"));
  watch.received(Buffer.from("-NOAUTH no\r\n"));
  expect(watch.waiting).toBe(false);
});

test("unsubscribing from everything is answered by any number of confirmations", () => {
  const watch = createRedisWatch();
  watch.sent(Buffer.concat([command("UNSUBSCRIBE"), command("GET", "k")]));
  watch.received(Buffer.from("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"));
  watch.received(Buffer.from("*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"));
  expect(watch.waiting).toBe(true);
  watch.received(Buffer.from("$-1\r\n"));
  expect(watch.waiting).toBe(false);
});

test("however replies nest and are cut, each is counted once", () => {
  const reply = fc.letrec<{ reply: string }>((tie) => ({
    reply: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom("+OK\r\n", ":5\r\n", "$-1\r\n", "*-1\r\n", "-ERR no\r\n", "$0\r\n\r\n", "*0\r\n"),
      fc.string({ unit: "binary-ascii" }).map((text) => `$${text.length}\r\n${text}\r\n`),
      fc.array(tie("reply"), { maxLength: 3 }).map((items) => `*${items.length}\r\n${items.join("")}`),
    ),
  })).reply;
  fc.assert(
    fc.property(
      fc.array(reply, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 9 }),
      (replies, size) => {
        const watch = createRedisWatch();
        for (const _ of replies) watch.sent(command("GET", "k"));
        const bytes = Buffer.from(replies.join(""), "latin1");
        for (let at = 0; at < bytes.length; at += size) {
          expect(watch.waiting).toBe(true);
          watch.received(bytes.subarray(at, at + size));
        }
        expect(watch.waiting).toBe(false);
      },
    ),
  );
});
