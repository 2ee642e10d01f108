import { property, assert, array, constant, integer, string, tuple, oneof } from "fast-check";
import { expect, test } from "vitest";
import type { RedisReply } from "../../../../../sim/servers/redis/index.js";
import { createRequestParser, encodeReply } from "../../../../../sim/servers/redis/resp.js";

const bytes = string({ unit: integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

function encodeRequest(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

test("requests cut into any pieces come out whole and in order", () => {
  const requests = array(array(bytes, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
  assert(
    property(tuple(requests, oneof(constant(1), integer({ min: 1, max: 40 }))), ([given, size]) => {
      const seen: string[][] = [];
      const parser = createRequestParser((words) => seen.push(words));
      const text = given.map(encodeRequest).join("");
      for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size));
      expect(seen).toEqual(given);
    }),
  );
});

test("words on a line are a request too", () => {
  const seen: string[][] = [];
  createRequestParser((words) => seen.push(words)).push("PING\r\nSET  k v\r\n\r\n");
  expect(seen).toEqual([["PING"], ["SET", "k", "v"]]);
});

test.each([
  ["*x\r\n", "Protocol error: invalid multibulk length"],
  ["*1\r\n:1\r\n", "Protocol error: expected '$', got ':'"],
  ["*1\r\n$-5\r\n", "Protocol error: invalid bulk length"],
])("%j is refused", (text, problem) => {
  expect(() => createRequestParser(() => undefined).push(text)).toThrow(problem);
});

test("each kind of reply has its RESP2 form", () => {
  const items = [
    { kind: "simple", text: "OK" },
    { kind: "integer", value: 2n ** 63n - 1n },
    { kind: "bulk", value: null },
    { kind: "array", items: null },
    { kind: "error", text: "ERR two\r\nlines" },
  ] as const;
  expect(encodeReply({ kind: "array", items }, 2)).toBe(
    "*5\r\n+OK\r\n:9223372036854775807\r\n$-1\r\n*-1\r\n-ERR two  lines\r\n",
  );
});

const letter: RedisReply = { kind: "bulk", value: "a" };
const one: RedisReply = { kind: "integer", value: 1 };

test.each([
  [{ kind: "map", items: [letter, one] }, "%1\r\n$1\r\na\r\n:1\r\n", "*2\r\n$1\r\na\r\n:1\r\n"],
  [
    { kind: "map", items: [letter, one], nested: true },
    "%1\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*2\r\n$1\r\na\r\n:1\r\n",
  ],
  [{ kind: "set", items: [one] }, "~1\r\n:1\r\n", "*1\r\n:1\r\n"],
  [{ kind: "pairs", items: [one, one] }, "*1\r\n*2\r\n:1\r\n:1\r\n", "*2\r\n:1\r\n:1\r\n"],
  [{ kind: "double", value: 2.5 }, ",2.5\r\n", "$3\r\n2.5\r\n"],
  [{ kind: "boolean", value: false }, "#f\r\n", ":0\r\n"],
  [{ kind: "bignumber", text: "12" }, "(12\r\n", "$2\r\n12\r\n"],
  [{ kind: "verbatim", format: "txt", text: "ab" }, "=6\r\ntxt:ab\r\n", "$2\r\nab\r\n"],
  [{ kind: "push", items: [one] }, ">1\r\n:1\r\n", "*1\r\n:1\r\n"],
  [{ kind: "bulk", value: null }, "_\r\n", "$-1\r\n"],
  [{ kind: "array", items: null }, "_\r\n", "*-1\r\n"],
] as const satisfies readonly (readonly [RedisReply, string, string])[])(
  "%j has a form in both versions of the protocol",
  (reply, rich, plain) => {
    expect([encodeReply(reply, 3), encodeReply(reply, 2)]).toEqual([rich, plain]);
  },
);
