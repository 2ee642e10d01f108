/** What single statements cost on the simulated PostgreSQL, in small and large tables, and through the real driver. */
import { Pool } from "pg";

import {
  createPostgresServer,
  createTemplate,
  type PgSession,
  type PostgresServer,
} from "../../sim/servers/postgres/index.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

const template = createTemplate([
  "create table bench (id int primary key, name text unique, state text, version int, data jsonb, at timestamptz)",
  "create index bench_state on bench (state)",
]);
const statements = 2_000;

function openServer(): PostgresServer {
  return createPostgresServer({ clock: { now: () => 0, setTimer: () => () => undefined }, template });
}

async function filled(rows: number): Promise<PgSession> {
  const session = openServer().connect();
  for (let row = 0; row < rows; row += 1) await insert(session, row);
  return session;
}

async function insert(session: PgSession, row: number): Promise<void> {
  await session.query("insert into bench values ($1, $2, $3, 1, $4, $5)", [
    row,
    `name-${row}`,
    `state-${row % 1000}`,
    { row },
    new Date(0),
  ]);
}

async function microseconds(work: (index: number) => Promise<unknown>): Promise<number> {
  const ms = await timed(async () => {
    for (let index = 0; index < statements; index += 1) await work(index);
  });
  return (ms / statements) * 1000;
}

export function addPostgresBenches({ bench }: Suite): void {
  for (const rows of [100, 100_000]) {
    const size = rows.toLocaleString("en-US");
    let session: Promise<PgSession> | undefined;
    let next = rows;
    const open = (): Promise<PgSession> => (session ??= filled(rows));

    bench(`postgres: insert among ${size} rows`, { unit: "us", goal: 150, better: "less" }, async () => {
      const own = await open();
      return microseconds(() => insert(own, (next += 1)));
    });
    bench(
      `postgres: select by key among ${size} rows`,
      { unit: "us", goal: 60, better: "less" },
      async () => {
        const own = await open();
        return microseconds((index) => own.query("select * from bench where id = $1", [index % rows]));
      },
    );
    bench(
      `postgres: compare and set among ${size} rows`,
      { unit: "us", goal: 150, better: "less" },
      async () => {
        const own = await open();
        const text = "update bench set version = version + 1 where id = $1 and state = $2 returning *";
        return microseconds((index) => own.query(text, [index % rows, `state-${(index % rows) % 1000}`]));
      },
    );
  }

  bench("postgres: select through the real driver", { unit: "us", goal: 250, better: "less" }, async () => {
    const server = openServer();
    const pool = new Pool({ max: 1, stream: () => server.connectStream() });
    const us = await microseconds(() =>
      pool.query({ name: "by-key", text: "select * from bench where id = $1", values: [1] }),
    );
    await pool.end();
    return us;
  });
}
