/**
 * Moving an experiment from one state to the next.
 *
 * One compare-and-set on state and lease token; the caller's transaction also inserts the event, so that a
 * transition without its history, or a history without its transition, cannot exist.
 */
import { canTransition, isTerminal, type Experiment, type ExperimentState } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromMs } from "./columns.js";
import { insertEvent } from "./events.js";
import { toExperiment, type ExperimentRow } from "./experiment-row.js";
import { ConflictError } from "./transaction.js";

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
  /** Words for people; also told to clients. */
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
