/** Who stands behind what a client sends: statement or command, and the line that asked for it. */
import { Redis } from "ioredis";
import pg from "pg";
import { createPhoenix, type Phoenix } from "phoenix-sim";
import { expect, test } from "vitest";

/** The longest delay for every message, so that each is a decision; the default order. */
const slowest = {
  choose: ({ kind, n }: { readonly kind: string; readonly n: number }): number =>
    kind === "latency" ? n - 1 : 0,
  entropy: (): number => 7,
};

/** @returns What the decisions of one world with the globals were about. */
async function explained(work: (phoenix: Phoenix) => Promise<unknown>): Promise<readonly string[]> {
  const phoenix = await createPhoenix({
    nodes: 1,
    globals: true,
    trace: true,
    record: true,
    driver: slowest,
  });
  await work(phoenix);
  const { trace } = phoenix;
  const texts = trace.decisions().map((decision) => trace.explain(decision) ?? "");
  await phoenix.dispose({ force: true });
  return texts;
}

/** The line of this file below the one that calls it. */
function nextLine(): string {
  const line = /callers\.test\.ts:(\d+)/.exec(new Error("next").stack?.split("\n")[2] ?? "")?.[1];
  return `test/unit/sim/world/edges/callers.test.ts:${Number(line) + 1}`;
}

test("a statement of a pool is named with its line: on an idle connection and on one that is opened for it", async () => {
  const places: string[] = [];
  const texts = await explained(async ({ postgres }) => {
    const pool = new pg.Pool({ ...postgres.connection, max: 2 });
    const ask = async (which: string): Promise<unknown> => {
      places.push(nextLine());
      return pool.query(`SELECT '${which}' AS text,\n  $1::int`, [1]);
    };
    await ask("first");
    await Promise.all([ask("idle"), ask("opened")]);
    await pool.end();
  });
  for (const which of ["first", "idle", "opened"]) {
    const text = `SELECT '${which}' AS text, $1::int · ${places[0]}`;
    expect(texts).toContain(text);
    expect(texts).toContain(`the answer to ${text}`);
  }
});

test("a statement that a pool keeps in its queue is named by who gets the answer", async () => {
  let place = "";
  const texts = await explained(async ({ postgres }) => {
    const pool = new pg.Pool({ ...postgres.connection, max: 1 });
    const first = pool.query("SELECT 1");
    place = nextLine();
    const second = pool.query("SELECT 2");
    await Promise.all([first, second]);
    await pool.end();
  });
  expect(texts).toContain(`SELECT 2 · ${place}`);
});

test("a command of ioredis is named with its line and its keys", async () => {
  let place = "";
  const texts = await explained(async ({ redis }) => {
    const client = new Redis({ ...redis.connection });
    await client.ping();
    place = nextLine();
    await client.set("quota:7", "9");
    client.disconnect();
  });
  expect(texts).toContain(`SET quota:7 9 · ${place}`);
});

test("a request of fetch is named with its line", async () => {
  let place = "";
  const texts = await explained(async ({ url }) => {
    place = nextLine();
    await fetch(`${url}/health?deep=1`);
  });
  expect(texts).toContain(`GET /health · ${place}`);
});

test("steps of drivers have stable names, without the values of statements, keys and ids", async () => {
  const phoenix = await createPhoenix({ nodes: 1, globals: true, trace: true });
  const pool = new pg.Pool({ ...phoenix.postgres.connection });
  const client = new Redis({ ...phoenix.redis.connection });
  await pool.query("SELECT 'it''s', 42, $1::text AS t3;", ["a"]);
  await client.multi().set("key", "1").incr("key").exec();
  await fetch(`${phoenix.url}/api/v1/experiments/exp-12345678`);
  await pool.end();
  client.disconnect();
  const labels = new Set(phoenix.trace.kept().map(({ label }) => label));
  await phoenix.dispose();
  const statement = "sql/SELECT ?, ?, $1::text AS t3";
  const expected = [statement, `${statement}/served`, `${statement}/reply`, "sql/startup", "redis/INFO"];
  expect([...labels]).toEqual(
    expect.arrayContaining([
      ...expected,
      "redis/MULTI, SET, INCR, EXEC",
      "GET /api/v1/experiments/:id/reply",
    ]),
  );
  expect([...labels].filter((label) => label.startsWith("stream/bytes"))).toEqual([]);
});

test("without a trace nobody is looked for", async () => {
  const phoenix = await createPhoenix({ nodes: 1, globals: true, record: true, driver: slowest });
  await fetch(`${phoenix.url}/health`);
  const { trace } = phoenix;
  expect(trace.decisions().map((decision) => trace.explain(decision))).not.toContainEqual(expect.anything());
  await phoenix.dispose();
});
