import { expect, test } from "vitest";
import {
  createPostgresServer,
  createTemplate,
  type PgSession,
  type PostgresServer,
  type RowChange,
} from "../../../../../sim/servers/postgres/index.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";

const template = createTemplate([
  "create table acct (id int primary key, v int not null)",
  "insert into acct values (1, 10), (2, 20)",
]);

function open(options: { connectionsMax?: number; recoveryMs?: number } = {}): {
  server: PostgresServer;
  clock: ManualClock;
  a: PgSession;
  b: PgSession;
} {
  const clock = createManualClock(1_700_000_000_000);
  const server = createPostgresServer({ clock, template, options });
  return { server, clock, a: server.connect(), b: server.connect() };
}

test("servers made from one template share nothing that changes", async () => {
  const [one, two] = [open(), open()];
  await one.a.query("update acct set v = 99");
  await one.a.query("alter table acct add column more int");
  expect(two.server.inspect.rows("acct")).toEqual([
    { id: 1, v: 10 },
    { id: 2, v: 20 },
  ]);
});

test("a crash keeps what was committed, loses the rest, and fails what waits with 57P01", async () => {
  const { server, a, b } = open();
  await a.query("insert into acct values (3, 30)");
  await a.query("begin");
  await a.query("update acct set v = 0 where id = 1");
  const waiting = b.query("update acct set v = 1 where id = 1");
  const failure = waiting.catch((error: unknown) => error);
  server.crash();
  expect(await failure).toMatchObject({ code: "57P01", severity: "FATAL" });
  await expect(a.query("select 1")).rejects.toMatchObject({ code: "08006" });
  expect(a.open).toBe(false);
  expect(() => server.connect()).toThrow("the server is not running");
  server.restart();
  expect((await server.connect().query("select v from acct order by id")).rows).toEqual([
    { v: 10 },
    { v: 20 },
    { v: 30 },
  ]);
  expect(server.inspect.locks()).toEqual([]);
});

test("a server in recovery refuses with 57P03 until its time is over", () => {
  const { server, clock } = open({ recoveryMs: 500 });
  server.crash();
  server.restart();
  expect(() => server.connect()).toThrow("the database system is starting up");
  clock.advance(500);
  expect(server.connect().open).toBe(true);
});

test("one session too many gets 53300, and a place is free again after an end", () => {
  const { server, a } = open({ connectionsMax: 2 });
  expect(() => server.connect()).toThrow("sorry, too many clients already");
  a.end();
  expect(server.connect().open).toBe(true);
});

test("waiters and locks can be looked at, and are gone after the commit", async () => {
  const { server, a, b } = open();
  await a.query("begin");
  await a.query("select * from acct where id = 1 for update");
  const waiting = b.query("update acct set v = v + 1 where id = 1 returning v");
  expect(server.inspect.waiters()).toMatchObject([{ pid: b.pid, blockedBy: [a.pid] }]);
  expect(server.inspect.transactions()).toHaveLength(2);
  await a.query("commit");
  expect((await waiting).rows).toEqual([{ v: 11 }]);
  expect(server.inspect.waiters()).toEqual([]);
  expect(server.inspect.locks()).toEqual([]);
});

test("the first session whose second is over becomes the victim of a deadlock", async () => {
  const { server, clock, a, b } = open();
  await a.query("begin");
  await b.query("begin");
  await a.query("update acct set v = 1 where id = 1");
  await b.query("update acct set v = 2 where id = 2");
  const first = a.query("update acct set v = 1 where id = 2");
  const second = b.query("update acct set v = 2 where id = 1");
  const failure = first.catch((error: unknown) => error);
  clock.advance(999);
  expect(server.inspect.waiters()).toHaveLength(2);
  clock.advance(1);
  expect(await failure).toMatchObject({ code: "40P01" });
  expect((await second).rowCount).toBe(1);
  expect(server.inspect.counters.deadlocks).toBe(1);
  expect(clock.timerCount).toBe(0);
});

test("a commit tells what changed, from first image to last, and nothing of what came and went", async () => {
  const { server, a } = open();
  const seen: RowChange[][] = [];
  server.inspect.onCommit((changes) => seen.push([...changes]));
  await a.query("begin");
  await a.query("update acct set v = 11 where id = 1");
  await a.query("update acct set v = 12 where id = 1");
  await a.query("insert into acct values (5, 50)");
  await a.query("delete from acct where id = 5");
  await a.query("delete from acct where id = 2");
  await a.query("savepoint s");
  await a.query("insert into acct values (6, 60)");
  await a.query("rollback to s");
  await a.query("commit");
  expect(seen).toEqual([
    [
      { table: "acct", key: "1", before: { id: 1, v: 10 }, after: { id: 1, v: 12 } },
      { table: "acct", key: "2", before: { id: 2, v: 20 }, after: null },
    ],
  ]);
});

test("an idle transaction is ended when its setting says so", async () => {
  const clock = createManualClock();
  const server = createPostgresServer({ clock, template });
  const ended: string[] = [];
  const session = server.connect({ onTerminated: (error) => ended.push(error.code) });
  await session.query("set idle_in_transaction_session_timeout = '2s'");
  await session.query("begin");
  await session.query("update acct set v = 0");
  clock.advance(2000);
  expect(ended).toEqual(["25P03"]);
  expect(server.inspect.rows("acct")).toEqual([
    { id: 1, v: 10 },
    { id: 2, v: 20 },
  ]);
});

test("a waiting statement is cancelled on request, and its transaction has failed", async () => {
  const { a, b } = open();
  await a.query("begin");
  await a.query("update acct set v = 0 where id = 1");
  await b.query("begin");
  const waiting = b.query("update acct set v = 1 where id = 1");
  const failure = waiting.catch((error: unknown) => error);
  b.cancel();
  expect(await failure).toMatchObject({ code: "57014", message: "canceling statement due to user request" });
  await expect(b.query("select 1")).rejects.toMatchObject({ code: "25P02" });
});

test("a session that ends lets others go on", async () => {
  const { a, b } = open();
  await a.query("begin");
  await a.query("update acct set v = 0 where id = 1");
  const waiting = b.query("update acct set v = v + 1 where id = 1 returning v");
  a.end();
  expect((await waiting).rows).toEqual([{ v: 11 }]);
});

test("old versions of rows are thrown away once nobody can see them", async () => {
  const { server, a, b } = open();
  await b.query("begin isolation level repeatable read");
  await b.query("select * from acct");
  for (let count = 0; count < 50; count += 1) await a.query("update acct set v = v + 1 where id = 1");
  expect((await b.query("select v from acct where id = 1")).rows).toEqual([{ v: 10 }]);
  await b.query("commit");
  await a.query("update acct set v = v + 1 where id = 1");
  expect(server.inspect.rows("acct")).toEqual([
    { id: 2, v: 20 },
    { id: 1, v: 61 },
  ]);
});

test("without a source of randomness, asking for it is an error that says so", async () => {
  const { a } = open();
  await expect(a.query("select gen_random_uuid()")).rejects.toMatchObject({ code: "SIM_UNSUPPORTED" });
});

test.each([
  "select * from acct tablesample system (10)",
  "create materialized view x as select 1",
  "create table x (a int) partition by range (a)",
  "create function f() returns int as 'select 1' language sql",
  "explain select 1",
  "copy acct from stdin",
  "set timezone to 'Europe/Paris'",
  "create table x (a money)",
  "create extension postgis",
  "prepare p as select 1",
  "merge into acct using acct b on b.id = acct.id when matched then do nothing",
])("%s is refused by name", async (text) => {
  const { a } = open();
  await expect(a.query(text)).rejects.toMatchObject({ code: "SIM_UNSUPPORTED" });
});
