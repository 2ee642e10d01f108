/** Results of finished experiments. */
import type { ExperimentResults } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs } from "./columns.js";

const insert: SqlStatement = {
  name: "insert-results",
  text: `INSERT INTO experiment_results (experiment_id, results, recommendation, created_at) VALUES ($1, $2, $3, $4)`,
};

const select: SqlStatement = {
  name: "select-results",
  text: "SELECT results FROM experiment_results WHERE experiment_id = $1",
};

/** Stores the results of an experiment; belongs into the transaction that ends it. */
export async function insertResults(
  sql: SqlClient,
  experimentId: string,
  results: ExperimentResults,
  atMs: number,
): Promise<void> {
  await sql.query(insert, [experimentId, JSON.stringify(results), results.recommendation, fromMs(atMs)]);
}

/** @returns The results; undefined while there are none. */
export async function findResults(
  sql: SqlClient,
  experimentId: string,
): Promise<ExperimentResults | undefined> {
  const { rows } = await sql.query<{ results: unknown }>(select, [experimentId]);
  return rows[0] === undefined ? undefined : (fromJson(rows[0].results) as ExperimentResults);
}
