/** The events of experiments: their history, and the outbox from which clients are told. */
import type { Experiment } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromMs, toMs, type TimeColumn } from "./columns.js";

/** What an event tells. `config_updated` means that a new version was generated. */
export type EventType = "created" | "state_changed" | "updated" | "config_updated" | "promoted" | "deleted";

/** One event. Time is epoch milliseconds. */
export interface ExperimentEvent {
  readonly experiment_id: string;
  /** Number within the experiment, from 1, without gaps. */
  readonly seq: number;
  readonly tenant_id: string;
  readonly type: EventType;
  readonly from_state: string | null;
  readonly to_state: string;
  readonly reason: string;
  readonly triggered_by: string;
  readonly created_at: number;
  /** Place among all events, from 1, without gaps; null until the sequencer has seen it. */
  readonly position: number | null;
}

/** An event to append. */
export interface NewEvent {
  /** The experiment as the change left it: its `event_seq` becomes the number of the event. */
  readonly experiment: Experiment;
  readonly type: EventType;
  /** State before; null for the first event. */
  readonly fromState: string | null;
  readonly reason: string;
  readonly triggeredBy: string;
  readonly atMs: number;
}

const insert: SqlStatement = {
  name: "insert-event",
  text: `INSERT INTO experiment_events (experiment_id, seq, tenant_id, type, from_state, to_state, reason,
    triggered_by, created_at, sequenced) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, false)`,
};

const selectOfExperiment: SqlStatement = {
  name: "select-events-of-experiment",
  text: "SELECT * FROM experiment_events WHERE experiment_id = $1",
};

interface EventRow extends Omit<ExperimentEvent, "created_at"> {
  readonly created_at: TimeColumn;
}

/** Appends an event; belongs into the transaction of the change that it tells of. */
export async function insertEvent(sql: SqlClient, event: NewEvent): Promise<void> {
  const { experiment, type, fromState, reason, triggeredBy, atMs } = event;
  await sql.query(insert, [
    experiment.id,
    experiment.event_seq,
    experiment.tenant_id,
    type,
    fromState,
    experiment.state,
    reason,
    triggeredBy,
    fromMs(atMs),
  ]);
}

/** @returns The events of one experiment, oldest first. */
export async function listEventsOfExperiment(
  sql: SqlClient,
  experimentId: string,
): Promise<ExperimentEvent[]> {
  const { rows } = await sql.query<EventRow>(selectOfExperiment, [experimentId]);
  return rows.map(toEvent).sort((a, b) => a.seq - b.seq);
}

/** @returns The event of a row. */
export function toEvent(row: EventRow): ExperimentEvent {
  return { ...row, created_at: toMs(row.created_at) };
}
