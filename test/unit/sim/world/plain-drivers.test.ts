/** Drivers that know nothing of a world but the names of its hosts. */
import { Redis } from "ioredis";
import pg from "pg";
import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

async function useBoth(): Promise<{ readonly seen: unknown; readonly hash: string }> {
  await using phoenix = await createPhoenix({ seed: 3, nodes: 1, globals: true });
  const redis = new Redis({ host: "redis", port: 6379 });
  const pool = new pg.Pool({ host: "postgres", port: 5432, user: "phoenix", database: "phoenix" });
  await redis.set("key", "value", "PX", 30_000);
  const waiter = redis.duplicate();
  const job = waiter.blpop("jobs", 0);
  await redis.rpush("jobs", "first");
  const { rows } = await pool.query("SELECT count(*) AS count FROM experiments");
  const seen = [await redis.get("key"), await job, rows];
  await pool.end();
  redis.disconnect();
  waiter.disconnect();
  return { seen, hash: phoenix.trace.hash() };
}

test("plain ioredis and pg reach the databases of a world by name", async () => {
  expect((await useBoth()).seen).toEqual(["value", ["jobs", "first"], [{ count: "0" }]]);
});

test("they leave the same trace each time", async () => {
  const runs = [await useBoth(), await useBoth(), await useBoth()];
  expect(new Set(runs.map(({ hash }) => hash)).size).toBe(1);
});

test("a database that is down refuses them, as an operating system would", async () => {
  await using phoenix = await createPhoenix({ seed: 3, nodes: 1, globals: true });
  phoenix.services.postgres.crash();
  const client = new pg.Client({ host: "postgres", port: 5432, user: "phoenix", database: "phoenix" });
  await expect(client.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
