import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { createIoredisConnector, createRedisServer } from "../../../../../sim/servers/redis/index.js";
import { createTestClock } from "./test-clock.js";

function setup() {
  const server = createRedisServer({ clock: createTestClock() });
  const Connector = createIoredisConnector(() => server.connectStream());
  const open = (): Redis => new Redis({ Connector });
  return { server, open };
}

test("an unmodified ioredis sets, gets, and sees errors as its own", async () => {
  const { open } = setup();
  const redis = open();
  expect(await redis.set("k", "grün")).toBe("OK");
  expect(await redis.get("k")).toBe("grün");
  await expect(redis.lpush("k", "x")).rejects.toMatchObject({
    name: "ReplyError",
    message: "WRONGTYPE Operation against a key holding the wrong kind of value",
  });
  await redis.quit();
});

test("a transaction with a failing command answers for each one", async () => {
  const { open } = setup();
  const redis = open();
  const results = await redis.multi().set("k", "v").lpush("k", "x").get("k").exec();
  expect(results?.map(([problem, value]) => problem?.message.slice(0, 9) ?? value)).toEqual([
    "OK",
    "WRONGTYPE",
    "v",
  ]);
  redis.disconnect();
});

test("a subscriber hears what another client publishes, in order", async () => {
  const { open } = setup();
  const [subscriber, publisher] = [open(), open()];
  const received: string[] = [];
  subscriber.on("message", (channel: string, message: string) => received.push(`${channel} ${message}`));
  expect(await subscriber.subscribe("a", "b")).toBe(2);
  await Promise.all([publisher.publish("a", "1"), publisher.publish("b", "2"), publisher.publish("a", "3")]);
  await subscriber.ping();
  expect(received).toEqual(["a 1", "b 2", "a 3"]);
  subscriber.disconnect();
  publisher.disconnect();
});

test("a client that waits for a list gets the element that another one pushes", async () => {
  const { open } = setup();
  const [worker, producer] = [open(), open()];
  const job = worker.blpop("queue", 0);
  await producer.rpush("queue", "job");
  expect(await job).toEqual(["queue", "job"]);
  worker.disconnect();
  producer.disconnect();
});

test("ioredis reconnects after a crash and finds the server empty", async () => {
  const { server, open } = setup();
  const redis = open();
  await redis.set("k", "v");
  server.crash();
  server.restart();
  expect(await redis.get("k")).toBeNull();
  redis.disconnect();
});
