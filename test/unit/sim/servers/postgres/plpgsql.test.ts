import { expect, test } from "vitest";
import { createPostgresServer, type PgSession } from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

async function open(): Promise<PgSession> {
  const session = createPostgresServer({ clock: createManualClock() }).connect();
  await session.query("create table t (id int primary key, v text)");
  return session;
}

test("a DO block declares, loops, branches and writes", async () => {
  const a = await open();
  await a.query(`do $$
    declare n int := 2; r record; c int;
    begin
      for i in 1..3 loop insert into t values (i, n * i); end loop;
      for r in select id, v from t where id > 1 order by id loop n := n + r.id; end loop;
      select count(*) into c from t;
      while n < 10 loop n := n + 1; continue when n = 8; exit when n = 9; end loop;
      if c = 3 then update t set v = n || '/' || c where id = 1; elsif c > 3 then null; else raise 'odd'; end if;
      execute 'insert into t values (' || c + 1 || ', null)';
    end $$`);
  expect((await a.query("select id, v from t order by id")).rows).toEqual([
    { id: 1, v: "9/3" },
    { id: 2, v: "4" },
    { id: 3, v: "6" },
    { id: 4, v: null },
  ]);
});

test("what an exception handler catches is undone, the rest stays", async () => {
  const a = await open();
  await a.query(`do $$ begin
      insert into t values (1, 'kept');
      begin
        insert into t values (2, 'undone');
        insert into t values (1, 'again');
      exception when unique_violation then
        insert into t values (3, sqlstate);
      end;
    end $$`);
  expect((await a.query("select id, v from t order by id")).rows).toEqual([
    { id: 1, v: "kept" },
    { id: 3, v: "23505" },
  ]);
});

test("migrations make types only once", async () => {
  const a = await open();
  const text =
    "do $$ begin create type mood as enum ('a'); exception when duplicate_object then null; end $$";
  await a.query(text);
  await a.query(text);
  expect((await a.query("select 'a'::mood as m")).rows).toEqual([{ m: "a" }]);
});

test("errors are raised with their code, and what is not run is refused by name", async () => {
  const a = await open();
  await expect(
    a.query("do $$ begin raise exception 'no % at 5%%', 1 using errcode = '22023', hint = 'try'; end $$"),
  ).rejects.toMatchObject({ code: "22023", message: "no 1 at 5%", hint: "try" });
  await expect(a.query("do $$ begin select 1; end $$")).rejects.toMatchObject({ code: "42601" });
  await expect(a.query("do $$ begin commit; end $$")).rejects.toMatchObject({ code: "SIM_UNSUPPORTED" });
  await expect(a.query("do language sql 'select 1'")).rejects.toMatchObject({ code: "42704" });
  await expect(a.query("do $$ begin oops end $$")).rejects.toMatchObject({ code: "42601" });
});
