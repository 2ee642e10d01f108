import { expect, test } from "vitest";
import { createPostgresServer, type PgSession } from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

function open(): { a: PgSession; b: PgSession } {
  const server = createPostgresServer({ clock: createManualClock() });
  return { a: server.connect(), b: server.connect() };
}

async function rows(session: PgSession, text: string): Promise<readonly unknown[]> {
  return (await session.query(text)).rows;
}

test("a table made in a transaction keeps its keys", async () => {
  const { a } = open();
  await a.query("begin; create table t (id int primary key); insert into t values (1); commit");
  await expect(a.query("insert into t values (1)")).rejects.toMatchObject({ code: "23505" });
});

test("open transactions keep the tables that others make meanwhile", async () => {
  const { a, b } = open();
  await a.query("begin; create table left_one (id int)");
  await b.query("begin; create table right_one (id int); insert into right_one values (2)");
  await a.query("insert into left_one values (1); commit");
  await b.query("commit");
  expect(await rows(a, "select id from left_one union all select id from right_one")).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
});

test("two transactions that make one table: the second waits and is told", async () => {
  const { a, b } = open();
  await a.query("begin; create table t (id int)");
  const second = b.query("create table if not exists t (id int)");
  await a.query("commit");
  await expect(second).rejects.toMatchObject({ code: "23505", constraint: "pg_type_typname_nsp_index" });
  await expect(b.query("create table if not exists t (id int)")).resolves.toMatchObject({
    command: "CREATE",
  });
});

test("what was rolled back leaves nothing behind", async () => {
  const { a } = open();
  await a.query("begin; create table t (id int unique); insert into t values (1); rollback");
  await a.query("create table t (id int); insert into t values (1), (1)");
  expect(await rows(a, "select count(*)::int as n from t where id = 1")).toEqual([{ n: 2 }]);
});

test("views, schemas and temporary tables", async () => {
  const { a, b } = open();
  await a.query(
    "create schema app; create table app.item (id int, price numeric); insert into app.item values (1, 2.50)",
  );
  await a.query("create view dear as select id, price * 2 as twice from app.item");
  expect(await rows(a, "select * from dear")).toEqual([{ id: 1, twice: "5.00" }]);
  await expect(a.query("drop table app.item")).rejects.toMatchObject({
    code: "2BP01",
    detail: "view dear depends on table item",
  });
  await a.query(
    "set search_path to app, public; create temp table item (id text); insert into item values ('own')",
  );
  expect(await rows(a, "select id from item")).toEqual([{ id: "own" }]);
  expect(await rows(b, "select id from app.item")).toEqual([{ id: 1 }]);
  await a.query("drop schema app cascade");
  await expect(b.query("select * from dear")).rejects.toMatchObject({ code: "42P01" });
});

test("ALTER TABLE changes types and adds what rows must hold", async () => {
  const { a } = open();
  await a.query("create table t (id int primary key, v text); insert into t values (1, '7'), (2, '8')");
  await expect(a.query("alter table t alter v type int")).rejects.toMatchObject({ code: "42804" });
  await a.query(
    "alter table t alter v type int using v::int, add column n serial, add column s int generated always as (v + id) stored",
  );
  expect(await rows(a, "select * from t where v = 8")).toEqual([{ id: 2, v: 8, n: 2, s: 10 }]);
  await expect(a.query("alter table t add constraint big check (v > 7)")).rejects.toMatchObject({
    code: "23514",
  });
  await a.query("alter table t add constraint big check (v > 7) not valid");
  await expect(a.query("alter table t validate constraint big")).rejects.toMatchObject({ code: "23514" });
  await expect(a.query("update t set s = 1")).rejects.toMatchObject({ code: "428C9" });
});

test("new labels of an enum are known to the columns that have it", async () => {
  const { a } = open();
  await a.query("create type mood as enum ('low', 'high'); create table t (m mood)");
  await a.query("alter type mood add value 'middle' before 'high'");
  await a.query("insert into t values ('high'), ('middle'), ('low')");
  expect(await rows(a, "select m from t order by m")).toEqual([{ m: "low" }, { m: "middle" }, { m: "high" }]);
});

test("CREATE TABLE AS holds the rows of its query", async () => {
  const { a } = open();
  const made = await a.query("create table t as select n, n * n as square from generate_series(1, 3) as n");
  expect(made).toMatchObject({ command: "SELECT", rowCount: 3 });
  expect(await rows(a, "select sum(square)::int as s from t")).toEqual([{ s: 14 }]);
});

test("a child locks the table of its parent, and every version of its parent's row", async () => {
  const { a, b } = open();
  await a.query(
    "create table parent (id int primary key, n int); create table child (parent int references parent)",
  );
  await a.query("insert into parent values (1, 0)");
  await b.query("begin; update parent set n = 1 where id = 1");
  await a.query("begin; insert into child values (1)");
  await b.query("commit");
  const gone = b.query("delete from parent where id = 1");
  await a.query("commit");
  await expect(gone).rejects.toMatchObject({ code: "23503" });
  await a.query("begin; lock table parent in exclusive mode");
  await b.query("set lock_timeout = 100");
  let isDone = false;
  const waiting = b.query("insert into child values (null)").finally(() => (isDone = true));
  await a.query("select 1");
  expect(isDone).toBe(false);
  await a.query("rollback");
  await expect(waiting).resolves.toMatchObject({ rowCount: 1 });
});
