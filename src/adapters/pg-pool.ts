/** The SQL port over a pool of `pg`. */
import { Pool } from "pg";

import type { SqlPool, SqlResult, SqlStatement } from "../ports/index.js";

export interface PgPoolOptions {
  /** Such as `postgres://user@host:5432/database`. */
  readonly connectionString: string;
  /** Sessions at a time. @default 25 */
  readonly max?: number;
  /** How long `connect` waits for a session. @default 5_000 */
  readonly connectionTimeoutMillis?: number;
  /** How long an unused session stays open. @default 300_000 */
  readonly idleTimeoutMillis?: number;
  /** Gets errors of idle sessions, which the pool has dropped by then. */
  readonly onIdleError?: (error: Error) => void;
}

interface Queryable {
  query(config: {
    name: string;
    text: string;
    values: unknown[];
  }): Promise<SqlResult<Record<string, unknown>>>;
}

/** Each statement is prepared under its name, once a session. */
export function createPgPool({
  connectionString,
  max = 25,
  connectionTimeoutMillis = 5_000,
  idleTimeoutMillis = 300_000,
  onIdleError = () => {},
}: PgPoolOptions): SqlPool {
  const pool = new Pool({ connectionString, max, connectionTimeoutMillis, idleTimeoutMillis });
  pool.on("error", onIdleError);
  return {
    query: run(pool),
    async connect() {
      const client = await pool.connect();
      // What breaks the session fails its query, or the next one; the pool listens again after the release.
      const ignore = (): void => {};
      client.on("error", ignore);
      return {
        query: run(client),
        release(destroy = false) {
          client.removeListener("error", ignore);
          client.release(destroy);
        },
      };
    },
    end: async () => pool.end(),
  };
}

function run(target: Queryable) {
  return async <Row>(
    { name, text }: SqlStatement,
    values: readonly unknown[] = [],
  ): Promise<SqlResult<Row>> => {
    const { rows, rowCount } = await target.query({ name, text, values: [...values] });
    return { rows: rows as Row[], rowCount };
  };
}
