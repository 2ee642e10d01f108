import { newDb } from "pg-mem";
import { createPhoenix } from "phoenix-sim";
import { snapshotOf } from "phoenix-sim/pg-mem";
import { expect, test } from "vitest";

test("tables of a pg-mem stand in a world with their types, keys and rows", async () => {
  const fixtures = newDb();
  fixtures.public
    .none(`create table item (id serial primary key, name varchar(20) not null unique, price numeric(8,2),
    tags text[], at timestamptz, data jsonb, ok bool, big bigint);
    insert into item (name, price, tags, at, data, ok, big) values
      ('a', 1.5, array['x', 'y'], '2024-01-01T00:00:00Z', '{"k": [1]}', true, 5000000000), ('b', null, null, null, null, null, null)`);
  const phoenix = await createPhoenix({ postgres: { fixtures } });
  expect(phoenix.postgres.rows("item")).toMatchObject([
    {
      id: 1,
      name: "a",
      price: 1.5,
      tags: ["x", "y"],
      at: new Date("2024-01-01"),
      data: { k: [1] },
      ok: true,
      big: "5000000000",
    },
    { id: 2, name: "b", price: null, tags: null },
  ]);
  await expect(phoenix.postgres.query("insert into item (name) values ('a')")).rejects.toMatchObject({
    code: "23505",
  });
  expect(await phoenix.postgres.query("insert into item (name) values ('c') returning id")).toEqual([
    { id: 4 },
  ]);
  await phoenix.dispose();
});

test("a snapshot holds what is committed, the platform's tables too, and moves no time", async () => {
  const phoenix = await createPhoenix();
  await phoenix.client.createExperiment({ name: "shown" });
  await phoenix.postgres.query(
    "create table note (id int primary key, at timestamptz, tags text[], n numeric)",
  );
  await phoenix.postgres.query("insert into note values (1, '2024-01-01', '{a,b}', 1.25)");
  const before = phoenix.clock.nowMs;
  const db = snapshotOf(phoenix.postgres);
  expect(phoenix.clock.nowMs).toBe(before);
  expect(db.public.many("select * from note")).toEqual([
    { id: 1, at: new Date("2024-01-01"), tags: ["a", "b"], n: 1.25 },
  ]);
  expect(db.public.many("select name from experiments")).toEqual([{ name: "shown" }]);
  await phoenix.dispose();
});

test("what a mock cannot hold is refused by name", async () => {
  const phoenix = await createPhoenix();
  await phoenix.postgres.query("create table wide (n bigint)");
  await phoenix.postgres.query("insert into wide values (9007199254740993)");
  expect(() => snapshotOf(phoenix.postgres)).toThrow(
    expect.objectContaining({ code: "SIM_MOCK_VALUE" }) as Error,
  );
  await phoenix.dispose();
  await expect(createPhoenix({ postgres: { fixtures: {} } })).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
  });
});
