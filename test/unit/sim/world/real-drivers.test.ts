import { Queue, Worker } from "bullmq";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { Redis } from "ioredis";
import { type Generated, Kysely, PostgresDialect } from "kysely";
import * as pg from "pg";
import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

test("an unmodified pg.Pool sees what the platform writes, through the network", async () => {
  await using phoenix = await createPhoenix();
  const { id } = await phoenix.client.createExperiment({ name: "seen" });
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const before = phoenix.clock.nowMs;
  const { rows } = await pool.query<{ name: string }>("select name from experiments where id = $1", [id]);
  expect(rows).toEqual([{ name: "seen" }]);
  expect(phoenix.clock.nowMs).toBeGreaterThan(before);
  await pool.end();
});

test("a driver's queries take the same virtual time for the same seed", async () => {
  const runs = await Promise.all(
    [3, 3, 4].map(async (seed) => {
      await using phoenix = await createPhoenix({ seed });
      const pool = new pg.Pool({ ...phoenix.postgres.connection });
      await pool.query("create table t (id int)");
      for (let id = 0; id < 5; id += 1) await pool.query("insert into t values ($1)", [id]);
      const redis = new Redis({ ...phoenix.redis.connection });
      await redis.set("k", "v");
      await pool.end();
      await redis.quit();
      return { ms: phoenix.clock.nowMs, hash: phoenix.trace.hash() };
    }),
  );
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]).not.toEqual(runs[2]);
});

test("an idle connection moves no time, and a pool left open is no offence", async () => {
  await using phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const redis = new Redis({ ...phoenix.redis.connection });
  await pool.query("select 1");
  await redis.ping();
  const before = phoenix.clock.nowMs;
  await new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
  expect(phoenix.clock.nowMs).toBe(before);
});

test("a pool that is ended after its world ends in peace", async () => {
  const phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  await pool.query("select 1");
  await phoenix.dispose();
  await pool.end();
});

test("a pool used after its world is told so", async () => {
  const phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const redis = new Redis({ ...phoenix.redis.connection });
  redis.on("error", () => {});
  await pool.query("select 1");
  await redis.ping();
  await phoenix.dispose();
  await expect(pool.query("select 1")).rejects.toMatchObject({ code: "SIM_WORLD_CLOSED" });
  await expect(redis.ping()).rejects.toMatchObject({ code: "SIM_WORLD_CLOSED" });
  await pool.end();
});

test("a lock that another connection holds is waited for, and a statement time-out ends the wait", async () => {
  await using phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const [one, other] = [await pool.connect(), await pool.connect()];
  await one.query("create table t (id int)");
  await one.query("insert into t values (1)");
  await one.query("begin");
  await one.query("update t set id = 2");
  await other.query("set statement_timeout = '3s'");
  const before = phoenix.clock.nowMs;
  await expect(other.query("update t set id = 3")).rejects.toMatchObject({ code: "57014" });
  expect(phoenix.clock.nowMs - before).toBeGreaterThanOrEqual(3_000);
  await one.query("commit");
  one.release();
  other.release();
  await pool.end();
});

test("a crash of postgres-0 resets connections, refuses new ones, and keeps what was committed", async () => {
  await using phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const idle: Error[] = [];
  pool.on("error", (error) => idle.push(error));
  await pool.query("create table t (id int)");
  const client = await pool.connect();
  client.on("error", () => {});
  await client.query("begin");
  await client.query("insert into t values (1)");
  const pending = client.query("select pg_sleep(60)").catch((error: unknown) => error);
  await phoenix.clock.advance("1s");
  const outage = phoenix.services.postgres.crash();
  expect(await pending).toMatchObject({ code: "ECONNRESET", syscall: "read" });
  client.release(true);
  await expect(pool.query("select 1")).rejects.toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
  await outage.heal();
  expect((await pool.query("select * from t")).rows).toEqual([]);
  await pool.end();
});

test("a partition delays an answer; the driver's own time-out ends the wait", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const pool = new pg.Pool({ ...phoenix.postgres.connection, query_timeout: 2_000 });
  pool.on("error", () => {});
  await pool.query("select 1");
  const partition = phoenix.network.partition("client", "postgres");
  await expect(pool.query("select 1")).rejects.toThrow("Query read timeout");
  const late = pool.query("select 2 as two").catch((error: unknown) => error);
  await phoenix.clock.advance("1s");
  await partition.heal();
  expect(await late).toMatchObject({ rows: [{ two: 2 }] });
  await pool.end();
});

test("a partition that lasts gives ETIMEDOUT, as TCP does when it gives up", async () => {
  await using phoenix = await createPhoenix();
  const client = new pg.Client({ ...phoenix.postgres.connection });
  client.on("error", () => {});
  await client.connect();
  phoenix.network.partition("client", "postgres");
  await expect(client.query("select 1")).rejects.toMatchObject({ code: "ETIMEDOUT" });
  await client.end();
});

test("a connection cannot be made through a partition: the system's limit, or the driver's own", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const partition = phoenix.network.partition("client", "postgres");
  await expect(new pg.Client({ ...phoenix.postgres.connection }).connect()).rejects.toMatchObject({
    code: "ETIMEDOUT",
  });
  const before = phoenix.clock.nowMs;
  const hasty = new pg.Pool({ ...phoenix.postgres.connection, connectionTimeoutMillis: 1_500 });
  await expect(hasty.connect()).rejects.toThrow(/timeout/);
  expect(phoenix.clock.nowMs - before).toBeLessThan(5_000);
  await partition.heal();
  await hasty.end();
});

test("an exhausted pool runs into its own time-out, in virtual time", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const pool = new pg.Pool({ ...phoenix.postgres.connection, max: 1, connectionTimeoutMillis: 5_000 });
  const client = await pool.connect();
  const before = phoenix.clock.nowMs;
  const waiting = pool.connect().catch((error: unknown) => error);
  // pg unrefs this timer: it fires in virtual time, but moves none.
  await phoenix.clock.advance("6s");
  expect(await waiting).toMatchObject({ message: "timeout exceeded when trying to connect" });
  expect(phoenix.clock.nowMs - before).toBe(6_000);
  client.release();
  await pool.end();
});

test("a frozen server answers once it goes on", async () => {
  await using phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  await pool.query("select 1");
  const outage = phoenix.services.postgres.pause();
  const waiting = pool.query("select 2 as two");
  await phoenix.clock.advance("1s");
  await outage.heal();
  expect((await waiting).rows).toEqual([{ two: 2 }]);
  await pool.end();
});

test("bad input gives the driver's errors, and the state after it is the server's", async () => {
  await using phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const client = await pool.connect();
  await expect(client.query("select $1::int + $2::int", [1])).rejects.toMatchObject({ code: "08P01" });
  await client.query("begin");
  await expect(client.query("select 1 / 0")).rejects.toMatchObject({ code: "22012" });
  await expect(client.query("select 1")).rejects.toMatchObject({ code: "25P02" });
  expect((await client.query("commit")).command).toBe("ROLLBACK");
  client.release();
  expect(() => client.release()).toThrow("Release called on client which has already been released");
  await pool.end();
  await expect(pool.end()).rejects.toThrow("Called end on pool more than once");
  await expect(pool.query("select 1")).rejects.toThrow("Cannot use a pool after calling end on the pool");
  const redis = new Redis({ ...phoenix.redis.connection });
  await redis.quit();
  await expect(redis.get("k")).rejects.toThrow("Connection is closed.");
});

test("a wrong host is not found, and a port of another protocol hangs nobody", async () => {
  await using phoenix = await createPhoenix();
  const { connection } = phoenix.postgres;
  await expect(new pg.Client({ ...connection, host: "nowhere" }).connect()).rejects.toMatchObject({
    code: "ENOTFOUND",
    syscall: "getaddrinfo",
  });
  await expect(new pg.Client({ ...connection, port: 1 }).connect()).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
  await expect(new pg.Client({ ...connection, host: "gateway", port: 8080 }).connect()).rejects.toMatchObject(
    { code: "ECONNRESET" },
  );
});

interface Database {
  orders: { id: Generated<number>; name: string; amount: number };
}

test("kysely and drizzle work in a world", async () => {
  await using phoenix = await createPhoenix();
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  await pool.query("create table orders (id serial primary key, name text not null, amount int not null)");
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  await db.transaction().execute(async (trx) => {
    await trx.insertInto("orders").values({ name: "a", amount: 1 }).execute();
    await trx
      .updateTable("orders")
      .set((eb) => ({ amount: eb("amount", "+", 1) }))
      .execute();
  });
  const orders = pgTable("orders", {
    id: integer().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    amount: integer().notNull(),
  });
  const orm = drizzle(pool);
  await orm.update(orders).set({ amount: 7 }).where(eq(orders.name, "a"));
  expect(await db.selectFrom("orders").selectAll().execute()).toEqual([{ id: 1, name: "a", amount: 7 }]);
  await db.destroy();
});

test("LISTEN hears what another connection notifies", async () => {
  await using phoenix = await createPhoenix();
  const [listener, speaker] = [
    new pg.Client({ ...phoenix.postgres.connection }),
    new pg.Client({ ...phoenix.postgres.connection }),
  ];
  await Promise.all([listener.connect(), speaker.connect()]);
  const heard: string[] = [];
  listener.on("notification", ({ payload }) => heard.push(payload ?? ""));
  await listener.query("listen news");
  await speaker.query("select pg_notify('news', 'hello')");
  await phoenix.until(() => heard.length > 0, { within: "1s", label: "a notification" });
  expect(heard).toEqual(["hello"]);
  await Promise.all([listener.end(), speaker.end()]);
});

test("ioredis reconnects after a crash of redis-0 by its own retries, at virtual times", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const redis = new Redis({ ...phoenix.redis.connection });
  const errors: string[] = [];
  redis.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message));
  await redis.set("k", "v");
  phoenix.services.redis.crash({ restartAfter: "1s" });
  expect(await redis.get("k")).toBeNull();
  expect(new Set(errors)).toEqual(new Set(["ECONNRESET", "ECONNREFUSED"]));
  expect(phoenix.clock.nowMs).toBeGreaterThan(1_000);
  redis.disconnect();
});

test("ioredis gives up as it is told to, and a partition runs into its command time-out", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const redis = new Redis({
    ...phoenix.redis.connection,
    commandTimeout: 500,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 100,
  });
  redis.on("error", () => {});
  await redis.ping();
  const partition = phoenix.network.partition("client", "redis");
  await expect(redis.get("k")).rejects.toThrow("Command timed out");
  await partition.heal();
  const outage = phoenix.services.redis.crash();
  await expect(redis.get("k")).rejects.toThrow(/Command timed out|max retries per request/);
  await outage.heal();
  redis.disconnect();
});

test("a blocking pop waits in virtual time", async () => {
  await using phoenix = await createPhoenix();
  const redis = new Redis({ ...phoenix.redis.connection });
  const before = phoenix.clock.nowMs;
  expect(await redis.blpop("nothing", 30)).toBeNull();
  expect(phoenix.clock.nowMs - before).toBeGreaterThanOrEqual(30_000);
  redis.disconnect();
});

test("subscribers hear messages, and hold no time while they listen", async () => {
  await using phoenix = await createPhoenix();
  const [subscriber, publisher] = [
    new Redis({ ...phoenix.redis.connection }),
    new Redis({ ...phoenix.redis.connection }),
  ];
  const heard: string[] = [];
  subscriber.on("message", (_channel, message: string) => heard.push(message));
  await subscriber.subscribe("a", "b");
  await publisher.publish("b", "hello");
  await phoenix.until(() => heard.length > 0, { within: "1s", label: "a message" });
  expect(heard).toEqual(["hello"]);
  await subscriber.unsubscribe();
  subscriber.disconnect();
  publisher.disconnect();
});

test("bullmq passes jobs, and repeats one that a crash of redis-0 kept from being taken", async () => {
  await using phoenix = await createPhoenix({ globals: true });
  const connect = (): Redis => {
    const redis = new Redis({ ...phoenix.redis.connection, maxRetriesPerRequest: null });
    redis.on("error", () => {});
    return redis;
  };
  const connections = [connect(), connect()] as const;
  const queue = new Queue<{ left: number; right: number }, number>("sums", { connection: connections[0] });
  const results: number[] = [];
  const worker = new Worker<{ left: number; right: number }, number>(
    "sums",
    async ({ data }) => data.left + data.right,
    { connection: connections[1] },
  );
  worker.on("completed", (_job, result) => results.push(result));
  worker.on("error", () => {});
  queue.on("error", () => {});
  await queue.add("add", { left: 2, right: 3 });
  await phoenix.until(() => results.length === 1, { within: "1m", label: "the first job" });
  phoenix.services.redis.crash({ restartAfter: "2s" });
  await queue.add("add", { left: 4, right: 5 });
  await phoenix.until(() => results.length === 2, { within: "2m", label: "the second job" });
  expect(results).toEqual([5, 9]);
  await worker.close();
  await queue.close();
  for (const connection of connections) connection.disconnect();
});
