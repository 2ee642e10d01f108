/**
 * The Hermitage tests of isolation levels, at three levels.
 *
 * After Martin Kleppmann's "Hermitage: Testing the I in ACID": each anomaly as a short interleaving of two or
 * three transactions. What counts is that both servers answer the same, statement by statement.
 */
import type { Script } from "./transcript.js";

const levels = ["read committed", "repeatable read", "serializable"] as const;

const setup = ["a: create table test (id int primary key, value int)", "a: insert into test (id, value) values (1, 10), (2, 20)"];

/** Anomalies by the name Hermitage gives them; `begin` stands for a transaction at the level under test. */
const anomalies: Readonly<Record<string, readonly string[]>> = {
  "G0 write cycles": ["a: begin", "b: begin", "a: update test set value = 11 where id = 1", "b: update test set value = 12 where id = 1", "a: update test set value = 21 where id = 2", "a: commit", "a: select * from test order by id", "b: update test set value = 22 where id = 2", "b: commit", "a: select * from test order by id"],
  "G1a aborted reads": ["a: begin", "b: begin", "a: update test set value = 101 where id = 1", "b: select * from test order by id", "a: rollback", "b: select * from test order by id", "b: commit"],
  "G1b intermediate reads": ["a: begin", "b: begin", "a: update test set value = 101 where id = 1", "b: select * from test order by id", "a: update test set value = 11 where id = 1", "a: commit", "b: select * from test order by id", "b: commit"],
  "G1c circular information flow": ["a: begin", "b: begin", "a: update test set value = 11 where id = 1", "b: update test set value = 22 where id = 2", "a: select * from test where id = 2", "b: select * from test where id = 1", "a: commit", "b: commit"],
  "OTV observed transaction vanishes": ["a: begin", "b: begin", "c: begin", "a: update test set value = 11 where id = 1", "a: update test set value = 19 where id = 2", "b: update test set value = 12 where id = 1", "a: commit", "c: select * from test where id = 1", "b: update test set value = 18 where id = 2", "c: select * from test where id = 2", "b: commit", "c: select * from test where id = 2", "c: select * from test where id = 1", "c: commit"],
  "PMP predicate-many-preceders": ["a: begin", "b: begin", "a: select * from test where value = 30", "b: insert into test (id, value) values (3, 30)", "b: commit", "a: select * from test where value % 3 = 0", "a: commit"],
  "PMP predicate-many-preceders, write predicates": ["a: begin", "b: begin", "a: update test set value = value + 10", "b: delete from test where value = 20", "a: commit", "b: select * from test order by id", "b: commit", "b: rollback"],
  "P4 lost update": ["a: begin", "b: begin", "a: select * from test where id = 1", "b: select * from test where id = 1", "a: update test set value = 11 where id = 1", "b: update test set value = 11 where id = 1", "a: commit", "b: commit"],
  "G-single read skew": ["a: begin", "b: begin", "a: select * from test where id = 1", "b: select * from test where id = 1", "b: select * from test where id = 2", "b: update test set value = 12 where id = 1", "b: update test set value = 18 where id = 2", "b: commit", "a: select * from test where id = 2", "a: commit"],
  "G-single read skew, predicate dependencies": ["a: begin", "b: begin", "a: select * from test where value % 5 = 0", "b: update test set value = 12 where value = 10", "b: commit", "a: select * from test where value % 3 = 0", "a: commit"],
  "G-single read skew, write predicate": ["a: begin", "b: begin", "a: select * from test where id = 1", "b: select * from test order by id", "b: update test set value = 12 where id = 1", "b: update test set value = 18 where id = 2", "b: commit", "a: delete from test where value = 20", "a: rollback"],
  "G2-item write skew": ["a: begin", "b: begin", "a: select * from test where id in (1,2) order by id", "b: select * from test where id in (1,2) order by id", "a: update test set value = 11 where id = 1", "b: update test set value = 21 where id = 2", "a: commit", "b: commit", "b: select * from test order by id"],
  "G2 anti-dependency cycles": ["a: begin", "b: begin", "a: select * from test where value % 3 = 0", "b: select * from test where value % 3 = 0", "a: insert into test (id, value) values (3, 30)", "b: insert into test (id, value) values (4, 42)", "a: commit", "b: commit", "a: select * from test where value % 3 = 0 order by id"],
  "G2 two edges, read only third": ["a: begin", "a: select * from test order by id", "b: begin", "b: update test set value = value + 5 where id = 2", "b: commit", "c: begin", "c: select * from test order by id", "c: commit", "a: update test set value = 0 where id = 1", "a: commit", "a: select * from test order by id"],
};

/** One script for each anomaly and level. */
export const hermitage: readonly Script[] = levels.flatMap((level) =>
  Object.entries(anomalies).map(([name, steps]): Script => ({
    feature: "hermitage",
    name: `${name}, ${level}`,
    steps: [...setup, ...steps.map((step) => step.replace(/: begin$/, `: begin isolation level ${level}`))],
  })),
);
