/** Running several statements as one. */
import { errorCode } from "../shared/index.js";
import type { SqlClient, SqlPool, SqlStatement } from "../ports/index.js";

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
