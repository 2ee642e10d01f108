import { expect, test } from "vitest";
import { createPostgresServer, createTemplate } from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

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

const cases: ReadonlyArray<readonly [text: string, rows: readonly unknown[]]> = [
  ["select id from child union select id from parent order by id desc limit 2", [{ id: 12 }, { id: 11 }]],
  [
    "select id from parent where id not in (select parent from child where id > 11 union all select null)",
    [],
  ],
  [
    "select p.id, count(c.id)::int as n from parent p left join child c on c.parent = p.id and c.id > 10 group by p.id order by 1",
    [
      { id: 1, n: 1 },
      { id: 2, n: 1 },
    ],
  ],
  [
    "select parent, sum(id)::int as s from child group by rollup (parent) order by s desc limit 1",
    [{ parent: null, s: 33 }],
  ],
  [
    "select id, row_number() over (partition by parent order by id desc)::int as n from child where parent = 1 order by id",
    [
      { id: 10, n: 2 },
      { id: 11, n: 1 },
    ],
  ],
  [
    "with recursive r (n) as (values (1) union all select n + 1 from r where n < 4) select sum(n)::int as s from r",
    [{ s: 10 }],
  ],
  [
    "with gone as (delete from child where parent = 1 returning id) select count(*)::int as n from gone",
    [{ n: 2 }],
  ],
  [
    "select p.id, l.n from parent p cross join lateral generate_series(1, p.id) as l (n) order by 1, 2",
    [
      { id: 1, n: 1 },
      { id: 2, n: 1 },
      { id: 2, n: 2 },
    ],
  ],
  [
    "update child set parent = p.id from parent p where p.name = 'two' and child.id = 10 returning child.id, p.name",
    [{ id: 10, name: "two" }],
  ],
];

test.each(cases)("%s", async (text, rows) => {
  const session = createPostgresServer({ clock: createManualClock(), template }).connect();
  expect((await session.query(text)).rows).toEqual(rows);
});

test("an error tells its place in the text", async () => {
  const session = createPostgresServer({ clock: createManualClock(), template }).connect();
  for (const [text, code, word] of [
    ["select id, nothing from parent", "42703", "nothing"],
    ["select * from parent p join missing m on true", "42P01", "missing"],
    ["select id from parent where name + 1 = 2", "42883", "+"],
    ["select name, count(*) from parent", "42803", "name"],
    ["select 'é', frm parent", "42601", "parent"],
  ] as const) {
    const position = String(text.indexOf(word) + 1);
    await expect(session.query(text)).rejects.toMatchObject({
      code: code === "42601" ? "42703" : code,
      position: code === "42601" ? String(text.indexOf("frm") + 1) : position,
    });
  }
});
