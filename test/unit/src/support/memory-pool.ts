/** A pool over pg-mem. One transaction at a time, because pg-mem knows no other way; a rollback restores. */
import { DataType, newDb, type IBackup, type IMemoryDb } from "pg-mem";
import type { SqlConnection, SqlPool, SqlStatement } from "../../../../src/ports/index.js";
import { migrations } from "../../../../src/store/index.js";

export interface MemoryPool extends SqlPool {
  /** How often each statement ran. */
  readonly counts: Map<string, number>;
  /** Whether a statement is under way. */
  readonly busy: () => boolean;
  /** Called before each statement; throw to let it fail. */
  onQuery: (statement: SqlStatement) => void;
}

/** @param now - What `now()` says in SQL. */
export function createMemoryPool(now: () => number): MemoryPool {
  const db = newDb();
  db.public.registerFunction({
    name: "clock_timestamp",
    returns: DataType.timestamptz,
    implementation: () => new Date(now()),
    impure: true,
  });
  for (const text of migrations) db.public.none(text);
  const { Client } = db.adapters.createPg() as { Client: new () => PgClient };
  const client = new Client();
  const counts = new Map<string, number>();
  let turn: Promise<void> = Promise.resolve();
  let running = 0;

  async function run(statement: SqlStatement, values: readonly unknown[] = []) {
    counts.set(statement.name, (counts.get(statement.name) ?? 0) + 1);
    pool.onQuery(statement);
    if (statement.name === "limit-idle-transaction") return { rows: [], rowCount: 0 };
    if (statement.name === "select-time") return { rows: [{ now: new Date(now()) }], rowCount: 1 };
    const text = statement.text.replace(/\s+FOR UPDATE( SKIP LOCKED)?$/, "");
    running += 1;
    try {
      const result = await client.query(
        text,
        values.map((value) => value ?? null),
      );
      return { rows: result.rows, rowCount: result.rowCount };
    } finally {
      running -= 1;
    }
  }

  async function lock(): Promise<() => void> {
    const before = turn;
    let unlock = (): void => undefined;
    turn = new Promise((resolve) => (unlock = resolve));
    await before;
    return unlock;
  }

  async function connect(): Promise<SqlConnection> {
    let unlock: (() => void) | undefined;
    let backup: IBackup | undefined;
    return {
      query: async (statement, values) => {
        if (statement.name === "begin") {
          unlock = await lock();
          backup = backupOf(db);
          return { rows: [], rowCount: null };
        }
        if (statement.name === "commit" || statement.name === "rollback") {
          if (statement.name === "commit") pool.onQuery(statement);
          else backup?.restore();
          unlock?.();
          unlock = undefined;
          return { rows: [], rowCount: null };
        }
        return (await run(statement, values)) as never;
      },
      release: () => unlock?.(),
    };
  }

  const pool: MemoryPool = {
    counts,
    busy: () => running > 0,
    onQuery: () => undefined,
    connect,
    query: async (statement, values) => {
      const unlock = await lock();
      try {
        return (await run(statement, values)) as never;
      } finally {
        unlock();
      }
    },
    end: async () => undefined,
  };
  return pool;
}

interface PgClient {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[]; rowCount: number }>;
}

function backupOf(db: IMemoryDb): IBackup {
  return db.backup();
}
