/** Requests that may be sent again: one effect and one reply for each key. */
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromMs } from "./columns.js";

/** A request that was carried out. */
export interface HandledRequest {
  /** Tenant, user and key in one text. */
  readonly scope: string;
  /** Digest of the request's body. */
  readonly body_hash: string;
  readonly experiment_id: string;
  /** Body of the reply, word for word. */
  readonly reply: string;
}

const insert: SqlStatement = {
  name: "insert-idempotency-key",
  text: `INSERT INTO idempotency_keys (scope, body_hash, experiment_id, reply, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING`,
};

const select: SqlStatement = {
  name: "select-idempotency-key",
  text: "SELECT scope, body_hash, experiment_id, reply FROM idempotency_keys WHERE scope = $1",
};

/** Takes a key; belongs into the transaction of the effect. @returns False when someone has it. */
export async function takeIdempotencyKey(
  sql: SqlClient,
  handled: HandledRequest,
  atMs: number,
): Promise<boolean> {
  const { scope, body_hash, experiment_id, reply } = handled;
  return (await sql.query(insert, [scope, body_hash, experiment_id, reply, fromMs(atMs)])).rowCount === 1;
}

/** @returns The request carried out under a key; undefined when there was none. */
export async function findHandledRequest(sql: SqlClient, scope: string): Promise<HandledRequest | undefined> {
  return (await sql.query<HandledRequest>(select, [scope])).rows[0];
}
