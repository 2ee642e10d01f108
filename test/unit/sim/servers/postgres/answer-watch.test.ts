import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createPostgresWatch } from "../../../../../sim/servers/postgres/index.js";

function message(type: string, body = ""): Buffer {
  const bytes = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length + 4);
  return Buffer.concat([Buffer.from(type), length, bytes]);
}

function startup(code: number, rest = ""): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + rest.length);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, Buffer.from(rest)]);
}

const version3 = 196_608;
const ready = message("Z", "I");

test("a client waits from its start until the server is ready", () => {
  const watch = createPostgresWatch();
  expect(watch.waiting).toBe(false);
  watch.sent(startup(version3, "user\0a\0\0"));
  expect(watch.waiting).toBe(true);
  watch.received(message("R", "\0\0\0\0"));
  expect(watch.waiting).toBe(true);
  watch.received(ready);
  expect(watch.waiting).toBe(false);
});

test("the answer to a request for encryption is one letter, and the start comes after it", () => {
  const watch = createPostgresWatch();
  watch.sent(startup(80_877_103));
  expect(watch.waiting).toBe(true);
  watch.received(Buffer.from("N"));
  expect(watch.waiting).toBe(false);
  watch.sent(startup(version3, "user\0a\0\0"));
  watch.received(ready);
  expect(watch.waiting).toBe(false);
});

test("a request to cancel waits for nothing", () => {
  const watch = createPostgresWatch();
  watch.sent(startup(80_877_102, "\0\0\0\x01\0\0\0\x02"));
  expect(watch.waiting).toBe(false);
});

test("each Query and each Sync needs a ReadyForQuery of its own", () => {
  const watch = createPostgresWatch();
  watch.sent(Buffer.concat([startup(version3), message("Q", "select 1\0")]));
  watch.sent(Buffer.concat([message("P", "x"), message("B", "x"), message("E", "x"), message("S")]));
  watch.received(Buffer.concat([ready, message("T"), message("D"), message("C"), ready]));
  expect(watch.waiting).toBe(true);
  watch.received(Buffer.concat([message("1"), message("2"), message("C"), ready]));
  expect(watch.waiting).toBe(false);
});

test("a portal that is suspended after a Flush leaves the client free, as a cursor does", () => {
  const watch = createPostgresWatch();
  watch.sent(startup(version3));
  watch.received(ready);
  watch.sent(Buffer.concat([message("P"), message("B"), message("D"), message("E"), message("H")]));
  watch.received(Buffer.concat([message("1"), message("2"), message("T"), message("D")]));
  expect(watch.waiting).toBe(true);
  watch.received(message("s"));
  expect(watch.waiting).toBe(false);
});

test("an error answers everything up to the next Sync", () => {
  const watch = createPostgresWatch();
  watch.sent(startup(version3));
  watch.received(ready);
  watch.sent(Buffer.concat([message("P"), message("B"), message("E"), message("H")]));
  watch.received(message("E", "SERROR\0\0"));
  expect(watch.waiting).toBe(false);
});

test("however the bytes are cut, the watch ends the same", () => {
  const sent = Buffer.concat([startup(version3, "user\0a\0\0"), message("Q", "select 1\0"), message("S")]);
  const received = Buffer.concat([message("R", "0000"), ready, message("D", "row"), ready]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (sizes) => {
      const watch = createPostgresWatch();
      feed(sent, sizes, watch.sent);
      feed(received, sizes, watch.received);
      expect(watch.waiting).toBe(true);
      feed(ready, sizes, watch.received);
      expect(watch.waiting).toBe(false);
    }),
  );
});

function feed(bytes: Buffer, sizes: readonly number[], take: (bytes: Uint8Array) => void): void {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    take(bytes.subarray(at, at + size));
    at += size;
  }
}
