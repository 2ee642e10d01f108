import RedisMock from "ioredis-mock";
import { createPhoenix } from "phoenix-sim";
import { snapshotOf } from "phoenix-sim/ioredis-mock";
import { expect, test } from "vitest";

async function filledMock(): Promise<InstanceType<typeof RedisMock>> {
  const mock = new RedisMock({ host: "fixtures-of-this-test" });
  await mock.flushall();
  await mock.set("text", "grüße");
  await mock.set("short", "1", "PX", 60_000);
  await mock.rpush("list", "a", "b");
  await mock.hset("hash", { x: "1", y: "2" });
  await mock.sadd("set", "m", "n");
  await mock.zadd("zset", 2, "two", 1, "one");
  await mock.xadd("stream", "5", "f", "v");
  return mock;
}

test("keys of every type come from a mock, and go into a snapshot", async () => {
  await using phoenix = await createPhoenix({ redis: { fixtures: await filledMock() } });
  const { redis } = phoenix;
  expect(await redis.command("GET", "text")).toBe("grüße");
  expect(await redis.command("LRANGE", "list", 0, -1)).toEqual(["a", "b"]);
  expect(await redis.command("HGETALL", "hash")).toEqual(["x", "1", "y", "2"]);
  expect(await redis.command("ZRANGE", "zset", 0, -1, "WITHSCORES")).toEqual(["one", "1", "two", "2"]);
  expect(await redis.command("XRANGE", "stream", "-", "+")).toEqual([["5-0", ["f", "v"]]]);
  const left = Number(await redis.command("PTTL", "short"));
  expect(left).toBeGreaterThan(30_000);
  expect(left).toBeLessThanOrEqual(60_000);
  await redis.command("SADD", "set", "o");

  const before = phoenix.clock.nowMs;
  const mock = snapshotOf(redis);
  expect(await mock.get("text")).toBe("grüße");
  expect(await mock.lrange("list", 0, -1)).toEqual(["a", "b"]);
  expect(await mock.hgetall("hash")).toEqual({ x: "1", y: "2" });
  expect((await mock.smembers("set")).toSorted()).toEqual(["m", "n", "o"]);
  expect(await mock.zrange("zset", 0, -1)).toEqual(["one", "two"]);
  expect(await mock.xrange("stream", "-", "+")).toEqual([["5-0", ["f", "v"]]]);
  expect(await mock.pttl("short")).toBeGreaterThan(0);
  expect(phoenix.clock.nowMs).toBe(before);
});

test("a snapshot shares nothing with the world or another snapshot", async () => {
  await using phoenix = await createPhoenix();
  await phoenix.redis.command("SET", "own", "1");
  const first = snapshotOf(phoenix.redis);
  await first.set("own", "2");
  expect(await snapshotOf(phoenix.redis).get("own")).toBe("1");
  expect(await phoenix.redis.command("GET", "own")).toBe("1");
});

test("what a mock cannot hold is refused by the name of its key", async () => {
  await using phoenix = await createPhoenix();
  await phoenix.redis.command("XGROUP", "CREATE", "jobs", "workers", "$", "MKSTREAM");
  expect(() => snapshotOf(phoenix.redis)).toThrow(
    expect.objectContaining({ code: "SIM_MOCK_VALUE", message: expect.stringContaining('"jobs"') }),
  );
});

test("a fixture of another kind, or with a strange value, is refused", async () => {
  await expect(createPhoenix({ redis: { fixtures: { a: 1 } } })).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
  });
  const fixtures = new RedisMock({ host: "strange", data: { odd: [{}] as never } });
  await expect(createPhoenix({ redis: { fixtures } })).rejects.toMatchObject({ code: "SIM_MOCK_VALUE" });
});
