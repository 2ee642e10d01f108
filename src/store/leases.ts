/**
 * Who works on an experiment.
 *
 * Taking an experiment makes its token grow, and each write of a holder names the token it got: whoever was
 * overtaken, by a crash or a long pause, can write no more. Nothing here reads a clock.
 */
import type { Experiment } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromMs } from "./columns.js";
import { toExperiment, type ExperimentRow } from "./experiment-row.js";
import { ConflictError } from "./transaction.js";

const claim: SqlStatement = {
  name: "claim-experiment",
  text: `UPDATE experiments SET lease_owner = $2, lease_token = lease_token + 1
    WHERE id = $1 AND (lease_owner IS NULL OR lease_owner = $2) AND open = true RETURNING *`,
};

const takeOver: SqlStatement = {
  name: "take-over-experiment",
  text: `UPDATE experiments SET lease_owner = $2, lease_token = lease_token + 1
    WHERE id = $1 AND lease_token = $3 AND open = true RETURNING *`,
};

const release: SqlStatement = {
  name: "release-experiment",
  text: "UPDATE experiments SET lease_owner = NULL WHERE id = $1 AND lease_token = $2",
};

const close: SqlStatement = {
  name: "close-experiment",
  text: "UPDATE experiments SET lease_owner = NULL, open = false WHERE id = $1 AND lease_token = $2",
};

const noteInitStart: SqlStatement = {
  name: "note-init-start",
  text: "UPDATE experiments SET init_started_at = $3 WHERE id = $1 AND lease_token = $2 AND init_started_at IS NULL",
};

const noteApplied: SqlStatement = {
  name: "note-applied-version",
  text: "UPDATE experiments SET applied_version = $3 WHERE id = $1 AND lease_token = $2",
};

const noteVersion: SqlStatement = {
  name: "set-config-version",
  text: "UPDATE experiments SET config_version = $3 WHERE id = $1 AND lease_token = $2",
};

const selectOpen: SqlStatement = {
  name: "select-open-experiments",
  text: "SELECT * FROM experiments WHERE open = true",
};

/**
 * Takes an experiment that nobody holds, or takes it afresh from an earlier attempt of the same owner.
 *
 * @returns It with its new token; undefined when someone else holds it, or it is closed.
 */
export async function claimExperiment(
  sql: SqlClient,
  id: string,
  owner: string,
): Promise<Experiment | undefined> {
  return one(await sql.query<ExperimentRow>(claim, [id, owner]));
}

/** Takes an experiment from a holder whose token has not changed for too long. */
export async function takeOverExperiment(
  sql: SqlClient,
  id: string,
  owner: string,
  seenToken: number,
): Promise<Experiment | undefined> {
  return one(await sql.query<ExperimentRow>(takeOver, [id, owner, seenToken]));
}

/** Gives an experiment back, unless someone else has taken it. */
export async function releaseExperiment(sql: SqlClient, id: string, token: number): Promise<void> {
  await sql.query(release, [id, token]);
}

/** Ends the work on an experiment for good: it is terminal and its collectors are gone. */
export async function closeExperiment(sql: SqlClient, id: string, token: number): Promise<void> {
  await sql.query(close, [id, token]);
}

/** Remembers the first failed attempt to initialize, from which its limit counts. */
export async function recordInitStart(
  sql: SqlClient,
  id: string,
  token: number,
  atMs: number,
): Promise<void> {
  await sql.query(noteInitStart, [id, token, fromMs(atMs)]);
}

/**
 * Remembers the version that every collector confirmed. Locks the row: what follows in the same transaction is
 * under the lease too.
 *
 * @throws ConflictError when someone else has taken the experiment.
 */
export async function recordAppliedVersion(
  sql: SqlClient,
  id: string,
  token: number,
  version: number,
): Promise<void> {
  const { rowCount } = await sql.query(noteApplied, [id, token, version]);
  if (rowCount !== 1) throw new ConflictError(`${id} was taken over from #${token}`);
}

/** Sets the first configuration version, unless someone else has taken the experiment. */
export async function setConfigVersion(
  sql: SqlClient,
  id: string,
  token: number,
  version: number,
): Promise<void> {
  await sql.query(noteVersion, [id, token, version]);
}

/** @returns Every experiment that still needs a controller. */
export async function listOpenExperiments(sql: SqlClient): Promise<Experiment[]> {
  const { rows } = await sql.query<ExperimentRow>(selectOpen);
  return rows.map(toExperiment);
}

function one({ rows }: { readonly rows: readonly ExperimentRow[] }): Experiment | undefined {
  const row = rows[0];
  return row === undefined ? undefined : toExperiment(row);
}
