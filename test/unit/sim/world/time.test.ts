/** When virtual time moves for a test's own clients, and when it stands still: docs/time.md. */
import { execFile } from "node:child_process";
import { scrypt } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { type ConnectionOptions, Queue, QueueEvents, Worker } from "bullmq";
import express from "express";
import { Redis } from "ioredis";
import pg from "pg";
import { type Phoenix, createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

// Kept from before any world: real.
const realSetTimeout = setTimeout;
const realNow = performance.now.bind(performance);
const realPause = async (ms: number): Promise<unknown> =>
  new Promise((resolve) => {
    realSetTimeout(resolve, ms);
  });

const here = new URL(import.meta.url);

function connect(phoenix: Phoenix): Redis {
  const redis = new Redis({ ...phoenix.redis.connection, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  return redis;
}

/** Virtual milliseconds that passed meanwhile. */
async function passed(phoenix: Phoenix, work: () => Promise<unknown>): Promise<number> {
  const beforeMs = phoenix.clock.nowMs;
  await work();
  return phoenix.clock.nowMs - beforeMs;
}

const endless: Readonly<Record<string, (redis: Redis) => Promise<unknown>>> = {
  BLPOP: async (redis) => redis.blpop("list", 0),
  BRPOPLPUSH: async (redis) => redis.brpoplpush("list", "other", 0),
  BZPOPMIN: async (redis) => redis.bzpopmin("scores", 0),
  "XREAD BLOCK": async (redis) => redis.xread("BLOCK", 0, "STREAMS", "stream", "$"),
  "XREADGROUP BLOCK": async (redis) =>
    redis.xreadgroup("GROUP", "g", "c", "BLOCK", 0, "STREAMS", "stream", ">"),
};

for (const [name, wait] of Object.entries(endless)) {
  test(`${name} without a limit moves nothing by itself, and gets what is pushed`, async () => {
    await using phoenix = await createPhoenix({ globals: true });
    const [waiter, producer] = [connect(phoenix), connect(phoenix)];
    await producer.xgroup("CREATE", "stream", "g", "$", "MKSTREAM");
    await waiter.ping();
    const answer = wait(waiter);
    // Only the command itself is delivered.
    expect(await passed(phoenix, async () => realPause(20))).toBeLessThan(50);
    expect(await passed(phoenix, async () => realPause(20))).toBe(0);
    expect(phoenix.waiting().join()).toContain("redis:6379 to answer, whenever that is");
    await producer.pipeline().lpush("list", "x").zadd("scores", 1, "x").xadd("stream", "*", "k", "v").exec();
    expect(await passed(phoenix, async () => answer)).toBeLessThan(1_000);
    waiter.disconnect();
    producer.disconnect();
  });
}

test("a message to a subscriber is delivered while nobody waits for it, and an open subscription moves nothing", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const [subscriber, publisher] = [connect(phoenix), connect(phoenix)];
  await subscriber.subscribe("news");
  expect(await passed(phoenix, async () => realPause(20))).toBe(0);
  const message = once(subscriber, "message");
  await publisher.publish("news", "hello");
  expect(await message).toEqual(["news", "hello"]);
  subscriber.disconnect();
  publisher.disconnect();
});

test("a notification of PostgreSQL is delivered to whoever listens", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const [listener, speaker] = [
    new pg.Client({ ...phoenix.postgres.connection }),
    new pg.Client({ ...phoenix.postgres.connection }),
  ];
  await Promise.all([listener.connect(), speaker.connect()]);
  await listener.query("LISTEN news");
  expect(await passed(phoenix, async () => realPause(20))).toBe(0);
  const heard = once(listener, "notification");
  await speaker.query("NOTIFY news, 'hello'");
  expect(await heard).toMatchObject([{ payload: "hello" }]);
  await Promise.all([listener.end(), speaker.end()]);
});

test("whoever waits for a client of an exhausted pool gets the time-out, or a client", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const pool = new pg.Pool({ ...phoenix.postgres.connection, max: 1, connectionTimeoutMillis: 5_000 });
  const client = await pool.connect();
  const beforeMs = phoenix.clock.nowMs;
  await expect(pool.connect()).rejects.toThrow("timeout exceeded when trying to connect");
  expect(phoenix.clock.nowMs - beforeMs).toBeGreaterThanOrEqual(4_999);
  setTimeout(() => client.release(), 2_000);
  const second = await pool.connect();
  expect(phoenix.clock.nowMs - beforeMs).toBeGreaterThanOrEqual(6_998);
  second.release();
  await pool.end();
});

interface Sum {
  readonly left: number;
  readonly right: number;
}

/** A queue, a worker that reads a file for each job, and what tells of finished jobs. */
async function withQueue(
  phoenix: Phoenix,
  run: (queue: Queue<Sum, number>, events: QueueEvents, worker: Worker<Sum, number>) => Promise<void>,
): Promise<void> {
  const connections = [connect(phoenix), connect(phoenix), connect(phoenix)] as const;
  const options = (index: 0 | 1 | 2): { connection: ConnectionOptions } => ({
    connection: connections[index],
  });
  const queue = new Queue<Sum, number>("sums", options(0));
  const events = new QueueEvents("sums", options(1));
  const worker = new Worker<Sum, number>(
    "sums",
    async ({ data }) => {
      await readFile(here);
      return data.left + data.right;
    },
    options(2),
  );
  await events.waitUntilReady();
  await run(queue, events, worker);
  await Promise.all([worker.close(), queue.close(), events.close()]);
  for (const connection of connections) connection.disconnect();
}

test("jobs of a BullMQ worker come: plain, delayed and repeated ones", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  await withQueue(phoenix, async (queue, events, worker) => {
    const first = once(worker, "completed");
    const plain = await queue.add("plain", { left: 2, right: 3 });
    expect(await plain.waitUntilFinished(events)).toBe(5);
    expect((await first)[1]).toBe(5);
    const completed = once(worker, "completed");
    const delayed = await queue.add("delayed", { left: 1, right: 1 }, { delay: 60_000 });
    const ms = await passed(phoenix, async () => delayed.waitUntilFinished(events));
    expect(ms).toBeGreaterThanOrEqual(60_000);
    expect(ms).toBeLessThan(66_000);
    expect((await completed)[1]).toBe(2);
    await queue.upsertJobScheduler("each-minute", { every: 60_000 }, { data: { left: 3, right: 3 } });
    for (let round = 0; round < 3; round += 1) expect((await once(worker, "completed"))[1]).toBe(6);
    await queue.removeJobScheduler("each-minute");
  });
});

test("files and processes beside a worker and an interval give the same trace each time", async () => {
  const hashes = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    await using phoenix = await createPhoenix({ globals: true });
    await withQueue(phoenix, async (queue, events) => {
      const interval = setInterval(() => {}, 50);
      const job = await queue.add("job", { left: 1, right: 1 }, { delay: 1_000 });
      expect(await passed(phoenix, async () => promisify(execFile)("sleep", ["0.02"]))).toBe(0);
      for (let reads = 0; reads < 10; reads += 1) await readFile(here);
      await job.waitUntilFinished(events);
      await Promise.all([readFile(here), readFile(here)]);
      clearInterval(interval);
    });
    hashes.add(`${phoenix.clock.nowMs} ${phoenix.trace.hash()}`);
  }
  expect([...hashes]).toHaveLength(1);
});

test("compressing and deriving keys beside an interval take no virtual time", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const interval = setInterval(() => {}, 1);
  const work = [
    async () => promisify(gzip)(Buffer.alloc(2_000_000, "text")),
    async () => promisify(scrypt)("secret", "salt", 32),
    async () => crypto.subtle.digest("SHA-256", Buffer.alloc(2_000_000)),
    async () => new Response(new Blob(["text"]).stream().pipeThrough(new CompressionStream("gzip"))).text(),
  ];
  for (const each of work) expect(await passed(phoenix, each)).toBeLessThanOrEqual(1);
  clearInterval(interval);
});

test("time moves while a server of the test has a request in hand that waits for the world", async () => {
  await using phoenix = await createPhoenix();
  const app = express();
  app.get("/seen", async (_request, response) => {
    const { id } = await phoenix.client.createExperiment({ name: "through-express" });
    await phoenix.waitForState(id, "running", { within: "2m" });
    response.json({ id });
  });
  const server = http.createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const reply = await fetch(`http://127.0.0.1:${port}/seen`);
  expect(reply.status).toBe(200);
  await reply.json();
  // The connection stays open; an idle one stops nothing.
  expect(await passed(phoenix, async () => phoenix.clock.advance("1s"))).toBe(1_000);
  server.closeAllConnections();
  server.close();
});

test("a client on a real port lives in real time", async () => {
  await using phoenix = await createPhoenix();
  const { port, close } = await phoenix.redis.listen();
  // From before the client comes: virtual time catches up with real time that passed while nothing was due.
  const startMs = realNow();
  const redis = new Redis({ host: "127.0.0.1", port });
  await redis.ping();
  const virtualMs = await passed(phoenix, async () => redis.blpop("nothing", 0.05));
  expect(realNow() - startMs).toBeGreaterThanOrEqual(45);
  expect(virtualMs).toBeGreaterThanOrEqual(45);
  expect(virtualMs).toBeLessThan(realNow() - startMs + 5);
  redis.disconnect();
  await close();
});

test("time follows real time at the speed asked for, and a speed that is none is refused", async () => {
  await using phoenix = await createPhoenix();
  const fromMs = performance.now();
  const end = phoenix.clock.followRealTime({ speed: 100 });
  const virtualMs = await passed(phoenix, async () => {
    const beforeMs = phoenix.clock.nowMs;
    while (phoenix.clock.nowMs - beforeMs < 2_000) await realPause(2);
  });
  end();
  // However slow the machine is: never faster than asked for.
  expect(virtualMs).toBeLessThan((performance.now() - fromMs) * 100 + 1);
  await realPause(5);
  expect(await passed(phoenix, async () => realPause(20))).toBe(0);
  expect(() => phoenix.clock.followRealTime({ speed: 0 })).toThrow("SIM_OPTION_INVALID");
});

const polls: Readonly<Record<string, () => Promise<unknown>>> = {
  setImmediate: async () => new Promise((resolve) => setImmediate(resolve)),
  "Promise.resolve": async () => Promise.resolve(),
  "process.nextTick": async () => new Promise((resolve) => process.nextTick(resolve)),
};

for (const [name, poll] of Object.entries(polls)) {
  test(`polling by ${name} ends: for an answer, and for a timer of two seconds`, async () => {
    await using phoenix = await createPhoenix({ globals: true });
    // What loads when needed is loaded: a loop that never yields lets no file be read.
    await fetch(`${phoenix.url}/health`);
    const seen: { status?: number; fired?: boolean } = {};
    void fetch(`${phoenix.url}/health`).then((response) => {
      seen.status = response.status;
    });
    while (seen.status === undefined) await poll();
    expect(seen.status).toBe(200);
    setTimeout(() => {
      seen.fired = true;
    }, 2_000);
    const beforeMs = phoenix.clock.nowMs;
    while (seen.fired !== true) await poll();
    expect(phoenix.clock.nowMs - beforeMs).toBeGreaterThanOrEqual(1_999);
    expect(phoenix.clock.nowMs - beforeMs).toBeLessThan(3_000);
  });
}
