import { expect, test } from "vitest";
import {
  createPool,
  createPostgresServer,
  createTemplate,
  type PooledSession,
  type PoolOptions,
} from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

const template = createTemplate(["create table t (id int primary key)"]);

function open(options: Partial<PoolOptions> = {}) {
  const clock = createManualClock();
  const server = createPostgresServer({ clock, template });
  const lost: Array<(error: Error) => void> = [];
  const connectSession = async (): Promise<PooledSession> => {
    const session = server.connect({ onTerminated: (error) => lost.forEach((notify) => notify(error)) });
    return {
      query: (statement, values) => session.query(statement, values),
      close: () => session.end(),
      onLost: (listener) => lost.push(listener),
    };
  };
  return { clock, server, pool: createPool({ clock, connectSession, ...options }) };
}

const one = { name: "one", text: "select 1 as x" };

test("a pool opens sessions when needed, keeps them, and closes idle ones after their time", async () => {
  const { pool, clock, server } = open({ idleTimeoutMillis: 1000 });
  expect(pool.totalCount).toBe(0);
  expect((await pool.query(one)).rows).toEqual([{ x: 1 }]);
  await pool.query(one);
  expect([pool.totalCount, pool.idleCount, server.inspect.sessionCount]).toEqual([1, 1, 1]);
  clock.advance(1000);
  expect([pool.totalCount, server.inspect.sessionCount]).toEqual([0, 0]);
});

test("a full pool lets callers wait in order", async () => {
  const { pool } = open({ max: 1 });
  const first = await pool.connect();
  const order: string[] = [];
  const waits = ["a", "b"].map(async (name) => {
    const connection = await pool.connect();
    order.push(name);
    connection.release();
  });
  expect(pool.waitingCount).toBe(2);
  first.release();
  await Promise.all(waits);
  expect(order).toEqual(["a", "b"]);
});

test("a caller that waits too long is told so in pg's words", async () => {
  const { pool, clock } = open({ max: 1, connectionTimeoutMillis: 200 });
  const held = await pool.connect();
  const late = pool.connect().catch((error: unknown) => error);
  clock.advance(200);
  expect(await late).toMatchObject({ message: "timeout exceeded when trying to connect" });
  held.release();
  await pool.query(one);
});

test("a failed query costs the pool its session, a failed transaction the borrower's choice", async () => {
  const { pool } = open();
  await expect(pool.query({ name: "bad", text: "select 1/0" })).rejects.toMatchObject({ code: "22012" });
  expect(pool.totalCount).toBe(0);
  const connection = await pool.connect();
  connection.release(true);
  expect(pool.totalCount).toBe(0);
});

test("misuse is an error as with pg: released twice, used after release, ended twice, used after the end", async () => {
  const { pool } = open();
  const connection = await pool.connect();
  connection.release();
  expect(() => connection.release()).toThrow(
    "Release called on client which has already been released to the pool.",
  );
  await expect(connection.query(one)).rejects.toThrow("Client was closed and is not queryable");
  await pool.end();
  await expect(pool.end()).rejects.toThrow("Called end on pool more than once");
  await expect(pool.query(one)).rejects.toThrow("Cannot use a pool after calling end on the pool");
});

test("the end waits for borrowed sessions", async () => {
  const { pool, server } = open();
  const connection = await pool.connect();
  let ended = false;
  const end = pool.end().then(() => (ended = true));
  await Promise.resolve();
  expect(ended).toBe(false);
  connection.release();
  await end;
  expect(server.inspect.sessionCount).toBe(0);
});

test("sessions that break while idle leave the pool, and are told of", async () => {
  const errors: string[] = [];
  const { pool, server } = open({ onError: (error) => errors.push(error.message) });
  await pool.query(one);
  server.crash();
  expect(pool.totalCount).toBe(0);
  expect(errors).toEqual(["terminating connection due to administrator command"]);
  server.restart();
  await pool.query(one);
});
