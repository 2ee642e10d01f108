/** Transactions that are tried again when the server asks for it, and the conversion of column values. */
import type { SqlClient, SqlPool, SqlStatement } from "../ports/index.js";
import { errorCode } from "../shared/index.js";

const begin: SqlStatement = { name: "begin", text: "BEGIN" };
const commit: SqlStatement = { name: "commit", text: "COMMIT" };
const rollback: SqlStatement = { name: "rollback", text: "ROLLBACK" };

// The server has rolled back and asks to be tried again: serialization failure, deadlock.
const retryable: ReadonlySet<string> = new Set(["40001", "40P01"]);

const attemptsMax = 4;

/**
 * Runs `work` inside one READ COMMITTED transaction. A throw rolls it back. Where the server itself rolled back
 * because of others, `work` runs again, up to four times; it must only change what it makes anew.
 *
 * @throws Whatever `work` or the database throws. An error of the connection at the end leaves it unknown
 * whether the work was stored: callers read again before they act.
 */
export async function inTransaction<Value>(
  pool: SqlPool,
  work: (connection: SqlClient) => Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(pool, work);
    } catch (error) {
      if (attempt === attemptsMax || !retryable.has(errorCode(error))) throw error;
    }
  }
}

async function once<Value>(pool: SqlPool, work: (connection: SqlClient) => Promise<Value>): Promise<Value> {
  const connection = await pool.connect();
  try {
    await connection.query(begin);
    const value = await work(connection);
    await connection.query(commit);
    connection.release();
    return value;
  } catch (error) {
    await connection.query(rollback).then(
      () => connection.release(),
      () => connection.release(true),
    );
    throw error;
  }
}

/** Thrown inside a transaction to roll it back when a compare-and-set found another state. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

// Turning values of rows into values of the platform and back.

/** What a driver may give for a `timestamptz`. */
export type TimeColumn = Date | string | number;

/** @returns Epoch milliseconds of a time column. */
export function toMs(value: TimeColumn): number {
  return value instanceof Date ? value.getTime() : new Date(value).getTime();
}

/** @returns Epoch milliseconds of a time column that may be null. */
export function toMsOrNull(value: TimeColumn | null | undefined): number | null {
  return value === null || value === undefined ? null : toMs(value);
}

/** @returns The text of a time parameter. */
export function fromMs(ms: number): string;
export function fromMs(ms: number | null): string | null;
export function fromMs(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** @returns A `jsonb` column as a value, whether or not the driver has parsed it. */
export function fromJson(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}
