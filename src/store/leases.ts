/**
 * Who works on an experiment.
 *
 * Taking an experiment makes its token grow, and each write of a holder names the token it got: whoever was
 * overtaken, by a crash or a long pause, can write no more. Nothing here reads a clock.
 */
import { canTransition, isTerminal, type Experiment, type ExperimentState } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { insertEvent } from "./events.js";
import { toExperiment, type ExperimentRow } from "./experiments.js";
import { ConflictError, fromMs } from "./transaction.js";

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

// Moving an experiment from one state to the next.
//
// One compare-and-set on state and lease token; the caller's transaction also inserts the event, so that a
// transition without its history, or a history without its transition, cannot exist.

// Growing the token shuts out whoever was working on the state that ends here. A span begins when the database
// writes it down: counted from a time asked before, it would be shorter by whatever messages took since.
const update: SqlStatement = {
  name: "transition-experiment",
  text: `UPDATE experiments SET state = $4, reason = $5, state_changed_at = $6, updated_at = $6,
    deadline_at = COALESCE($7, clock_timestamp() + $10::interval),
    started_at = COALESCE(started_at, $8), completed_at = COALESCE(completed_at, $9),
    event_seq = event_seq + 1, announced = true, lease_token = lease_token + 1, lease_owner = NULL
    WHERE id = $1 AND state = $2 AND lease_token = $3 RETURNING *`,
};

const updateUnfenced: SqlStatement = {
  name: "transition-experiment-unfenced",
  text: `UPDATE experiments SET state = $3, reason = $4, state_changed_at = $5, updated_at = $5,
    deadline_at = COALESCE($6, clock_timestamp() + $9::interval),
    started_at = COALESCE(started_at, $7), completed_at = COALESCE(completed_at, $8),
    event_seq = event_seq + 1, announced = true, lease_token = lease_token + 1, lease_owner = NULL
    WHERE id = $1 AND state = $2 RETURNING *`,
};

/** One step of an experiment's life. */
export interface Transition {
  /** The experiment as it was read; its state, and under a lease its token, must still hold. */
  readonly seen: Experiment;
  readonly to: ExperimentState;
  /** Words for people; clients see them, too. */
  readonly reason: string;
  /** User id, or the name of a service. */
  readonly triggeredBy: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** When the new state must end; null for no limit. @default null */
  readonly deadlineMs?: number | null;
  /** The same as a span, from the moment that the database stores it. @default null */
  readonly spanMs?: number | null;
  /** Whether the caller works under a lease. A person's decision needs none. @default true */
  readonly fenced?: boolean;
}

/** Performs a transition on an open transaction. */
export type TransitionExperiment = (sql: SqlClient, transition: Transition) => Promise<Experiment>;

/**
 * Performs a transition and appends its event.
 *
 * @returns The experiment afterwards, with nobody holding it.
 * @throws ConflictError when the step is not legal, or the experiment is no longer as seen: roll back.
 */
export async function transitionExperiment(sql: SqlClient, transition: Transition): Promise<Experiment> {
  const { seen, to, reason, triggeredBy, atMs, deadlineMs = null, spanMs = null } = transition;
  if (!canTransition(seen.state, to))
    throw new ConflictError(`${seen.id}: ${seen.state} cannot become ${to}`);
  const fenced = transition.fenced ?? true;
  const { rows } = await sql.query<ExperimentRow>(fenced ? update : updateUnfenced, [
    seen.id,
    seen.state,
    ...(fenced ? [seen.lease_token] : []),
    to,
    reason,
    fromMs(atMs),
    fromMs(deadlineMs),
    fromMs(to === "running" ? atMs : null),
    fromMs(isTerminal(to) ? atMs : null),
    spanMs === null ? null : `${spanMs} milliseconds`,
  ]);
  const row = rows[0];
  if (row === undefined)
    throw new ConflictError(`${seen.id} is no longer ${seen.state} #${seen.lease_token}`);
  const experiment = toExperiment(row);
  await insertEvent(sql, {
    experiment,
    type: "state_changed",
    fromState: seen.state,
    reason,
    triggeredBy,
    atMs,
  });
  return experiment;
}
