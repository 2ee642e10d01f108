import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { eq } from "drizzle-orm";
import { type Generated, Kysely, PostgresDialect } from "kysely";
import * as pg from "pg";
import { expect, test } from "vitest";
import {
  createPostgresServer,
  createTemplate,
  type PostgresServer,
} from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

const template = createTemplate([
  `create table items (id serial primary key, name text not null unique, amount int not null default 0, big bigint,
    price numeric(10,2), at timestamptz, data jsonb, raw bytea, tags text[])`,
]);

function openServer(): { server: PostgresServer; pool: pg.Pool } {
  const server = createPostgresServer({ clock: createManualClock(1_700_000_000_000), template });
  const pool = new pg.Pool({
    user: "app",
    database: "app",
    max: 3,
    stream: () => server.connectStream(),
  });
  return { server, pool };
}

test("an unmodified pg.Pool reads and writes, with the types pg gives", async () => {
  const { pool } = openServer();
  const at = new Date(1_700_000_000_123);
  const { rows } = await pool.query(
    "insert into items (name, big, price, at, data, raw, tags) values ($1, $2, $3, $4, $5, $6, $7) returning *",
    ["a", "9007199254740993", "1.5", at, { b: 1, a: [null] }, Buffer.from([1, 255]), ["x", 'y "z"']],
  );
  expect(rows).toEqual([
    {
      id: 1,
      name: "a",
      amount: 0,
      big: "9007199254740993",
      price: "1.50",
      at,
      data: { a: [null], b: 1 },
      raw: Buffer.from([1, 255]),
      tags: ["x", 'y "z"'],
    },
  ]);
  await pool.end();
});

test("an error reaches pg as its own DatabaseError, and the connection goes on", async () => {
  const { pool } = openServer();
  const client = await pool.connect();
  await client.query("insert into items (name) values ('a')");
  const error: unknown = await client
    .query("insert into items (name) values ($1)", ["a"])
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(pg.DatabaseError);
  expect(error).toMatchObject({
    code: "23505",
    severity: "ERROR",
    detail: "Key (name)=(a) already exists.",
    schema: "public",
    table: "items",
    constraint: "items_name_key",
  });
  expect((await client.query("select count(*) from items")).rows).toEqual([{ count: "1" }]);
  client.release();
  await pool.end();
});

test("two connections wait for each other's row locks", async () => {
  const { pool, server } = openServer();
  const [a, b] = [await pool.connect(), await pool.connect()];
  await a.query("insert into items (name) values ('a')");
  await a.query("begin");
  await a.query("update items set amount = 1");
  const waiting = b.query({
    name: "add",
    text: "update items set amount = amount + $1 returning amount",
    values: [10],
  });
  await a.query("select 1");
  await a.query("select 1");
  expect(server.inspect.waiters()).toHaveLength(1);
  await a.query("commit");
  expect((await waiting).rows).toEqual([{ amount: 11 }]);
  a.release();
  b.release();
  await pool.end();
});

test("several statements in one text answer with several results", async () => {
  const { pool } = openServer();
  const results = (await pool.query("select 1 as a; select 2 as b")) as unknown as pg.QueryResult[];
  expect(results.map((result) => result.rows)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
  await pool.end();
});

test("notifications and notices arrive", async () => {
  const { pool } = openServer();
  const listener = await pool.connect();
  const received: string[] = [];
  listener.on("notification", ({ channel, payload }) => received.push(`${channel}=${payload ?? ""}`));
  listener.on("notice", (notice) => received.push(notice.message ?? ""));
  await listener.query("listen news");
  await pool.query("select pg_notify('news', 'hello')");
  await listener.query("commit");
  expect(received).toEqual(["news=hello", "there is no transaction in progress"]);
  listener.release();
  await pool.end();
});

test("a crash ends the connection, and a new one sees what was committed", async () => {
  const { pool, server } = openServer();
  const client = await pool.connect();
  const errors: Error[] = [];
  client.on("error", (error) => errors.push(error));
  await client.query("insert into items (name) values ('kept')");
  await client.query("begin");
  await client.query("insert into items (name) values ('lost')");
  server.crash();
  await expect(client.query("select 1")).rejects.toMatchObject({ code: "57P01" });
  client.release(true);
  await expect(pool.query("select 1")).rejects.toMatchObject({ code: "08006" });
  server.restart();
  expect((await pool.query("select name from items")).rows).toEqual([{ name: "kept" }]);
  await pool.end();
});

interface Database {
  items: { id: Generated<number>; name: string; amount: Generated<number> };
}

test("kysely runs queries and transactions", async () => {
  const { pool } = openServer();
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  await db
    .insertInto("items")
    .values([{ name: "a" }, { name: "b", amount: 5 }])
    .execute();
  await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (trx) => {
      await trx
        .updateTable("items")
        .set((eb) => ({ amount: eb("amount", "+", 1) }))
        .where("name", "=", "b")
        .execute();
    });
  const rows = await db
    .selectFrom("items")
    .select(["name", "amount"])
    .where("amount", ">", 0)
    .orderBy("name")
    .execute();
  expect(rows).toEqual([{ name: "b", amount: 6 }]);
  const upserted = await db
    .insertInto("items")
    .values({ name: "a", amount: 9 })
    .onConflict((oc) => oc.column("name").doUpdateSet((eb) => ({ amount: eb.ref("excluded.amount") })))
    .returning(["id", "amount"])
    .executeTakeFirst();
  expect(upserted).toEqual({ id: 1, amount: 9 });
  expect((await db.deleteFrom("items").where("id", "in", [1, 2]).executeTakeFirst()).numDeletedRows).toBe(2n);
  await db.destroy();
});

test("drizzle runs queries and transactions", async () => {
  const { pool } = openServer();
  const items = pgTable("items", {
    id: integer().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    amount: integer().notNull().default(0),
  });
  const db = drizzle(pool);
  await db.insert(items).values([{ name: "a" }, { name: "b", amount: 2 }]);
  await db.transaction(async (tx) => {
    await tx.update(items).set({ amount: 7 }).where(eq(items.name, "a"));
  });
  expect(
    await db.select({ name: items.name, amount: items.amount }).from(items).where(eq(items.amount, 7)),
  ).toEqual([{ name: "a", amount: 7 }]);
  expect(await db.$count(items)).toBe(2);
  await pool.end();
});
