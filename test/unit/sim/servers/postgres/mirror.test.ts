import { newDb } from "pg-mem";
import { expect, test } from "vitest";
import { createPostgresServer, createTemplate } from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

/** The functions of pg-mem's tables that are not public, as mirror.ts uses them. */
interface Inside {
  insert(row: object): object | null;
  delete(transaction: unknown, row: object): void;
}

test("pg-mem still takes rows and gives them back the way the mirror relies on", () => {
  const db = newDb({ noErrorDiagnostic: true });
  db.public.none("create table t1 (a int, b text)");
  const table = db.public.getTable("t1") as unknown as Inside;
  const first = table.insert({ a: 1, b: "x" });
  table.insert({ a: 2, b: null });
  if (first === null) throw new Error("pg-mem kept no row");
  table.delete((db as unknown as { data: unknown }).data, first);
  expect(db.public.many("select * from t1")).toEqual([{ a: 2, b: null }]);
  expect((db as unknown as { options: object }).options).toBeTypeOf("object");
});

const template = createTemplate([
  "create table parent (id int primary key, name text, big bigint)",
  "create table child (id int primary key, parent int, at timestamptz, data jsonb)",
  "insert into parent values (1, 'one', 5000000000), (2, 'two', null)",
  `insert into child values (10, 1, '2024-01-01T00:00:00.5Z', '{"b":1,"a":2}'), (11, 1, null, null), (12, 2, null, null)`,
]);

const joined =
  "select p.name, c.id, p.big, c.at, c.data from parent p join child c on c.parent = p.id where p.id = $1 order by c.id";

test("a join shows the values and types of the rows, and follows each transaction's own view", async () => {
  const server = createPostgresServer({ clock: createManualClock(), template });
  const [a, b] = [server.connect(), server.connect()];
  expect((await a.query(joined, [1])).rows).toEqual([
    {
      name: "one",
      id: 10,
      big: "5000000000",
      at: new Date("2024-01-01T00:00:00.500Z"),
      data: { a: 2, b: 1 },
    },
    { name: "one", id: 11, big: "5000000000", at: null, data: null },
  ]);
  await a.query("begin");
  await a.query("update parent set name = 'changed' where id = 1");
  await a.query("delete from child where id = 11");
  expect((await a.query(joined, [1])).rows).toMatchObject([{ name: "changed", id: 10 }]);
  expect((await b.query(joined, [1])).rows).toMatchObject([
    { name: "one", id: 10 },
    { name: "one", id: 11 },
  ]);
  await a.query("rollback");
  expect((await a.query(joined, [1])).rows).toHaveLength(2);
});

test("what pg-mem would get wrong is refused before it is asked", async () => {
  const session = createPostgresServer({ clock: createManualClock(), template }).connect();
  for (const text of [
    "select p.id / 0 as x from parent p join child c on c.parent = p.id",
    "select count(*) filter (where c.id > 10) as n from parent p join child c on c.parent = p.id",
    "select avg(c.id) as n from parent p join child c on c.parent = p.id",
    "select p.id from parent p join child c on c.parent = p.id for update",
  ]) {
    await expect(session.query(text)).rejects.toMatchObject({ code: "SIM_UNSUPPORTED" });
  }
});
