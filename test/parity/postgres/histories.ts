/** Random histories of two or three sessions over a few rows. */
import * as fc from "fast-check";
import type { Script } from "./transcript.js";

const setup = [
  "a: create table t (id int primary key, v int, u int unique)",
  "a: insert into t values (1, 1, 1), (2, 2, 2), (3, 3, null)",
];

const id = fc.integer({ min: 1, max: 4 });
const small = fc.integer({ min: 0, max: 5 });
const level = fc.constantFrom("read committed", "repeatable read", "serializable");
const lock = fc.constantFrom("for update", "for no key update", "for share", "for key share");
const policy = fc.constantFrom("", "", " nowait", " skip locked");

const statement = fc.oneof(
  { weight: 4, arbitrary: fc.constant("begin") },
  { weight: 2, arbitrary: level.map((name) => `begin isolation level ${name}`) },
  { weight: 6, arbitrary: fc.constant("commit") },
  { weight: 2, arbitrary: fc.constant("rollback") },
  { weight: 4, arbitrary: id.map((row) => `select * from t where id = ${row}`) },
  { weight: 2, arbitrary: fc.constant("select * from t order by id") },
  { weight: 2, arbitrary: small.map((v) => `select count(*), sum(v) from t where v >= ${v}`) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(id, small)
      .map(([row, v]) => `update t set v = v + ${v} where id = ${row} returning *`),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(small, small).map(([v, w]) => `update t set v = ${w} where v = ${v} returning id`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, small, small)
      .map(([row, v, w]) => `update t set v = ${w} where id = ${row} and v = ${v} returning *`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, id)
      .map(([row, next]) => `update t set id = ${next} where id = ${row} returning *`),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, small).map(([row, u]) => `update t set u = ${u} where id = ${row} returning *`),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(id, small).map(([row, u]) => `insert into t values (${row}, 0, ${u}) returning *`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, small)
      .map(([row, u]) => `insert into t values (${row}, 7, ${u}) on conflict do nothing returning *`),
  },
  {
    weight: 2,
    arbitrary: id.map(
      (row) =>
        `insert into t (id, v) values (${row}, 9) on conflict (id) do update set v = t.v + excluded.v returning *`,
    ),
  },
  { weight: 3, arbitrary: id.map((row) => `delete from t where id = ${row} returning *`) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(id, lock, policy)
      .map(([row, mode, wait]) => `select * from t where id = ${row} ${mode}${wait}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(lock, policy)
      .map(([mode, wait]) => `select id from t order by id limit 2 ${mode}${wait}`),
  },
  { weight: 1, arbitrary: fc.constant("savepoint s") },
  { weight: 1, arbitrary: fc.constant("rollback to s") },
  { weight: 1, arbitrary: fc.constant("release s") },
);

/** A history; transactions left open are closed at the end, and then the table is read. */
export const history: fc.Arbitrary<Script> = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "b", "a", "c"), statement), { minLength: 4, maxLength: 16 })
  .map((steps) => ({
    feature: "histories",
    name: "random",
    steps: [
      ...setup,
      "b: select 1 as b",
      "c: select 1 as c",
      ...steps.map(([session, text]) => `${session}: ${text}`),
      ...["a", "b", "c", "a", "b", "c"].map((session) => `${session}: rollback`),
      "a: select * from t order by id",
    ],
  }));
