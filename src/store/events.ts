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

const insertCreated: SqlStatement = {
  name: "insert-created-event",
  text: `INSERT INTO experiment_events (experiment_id, seq, tenant_id, type, from_state, to_state, reason,
    triggered_by, created_at, sequenced, position)
    VALUES ($1, 1, $2, 'created', null, 'pending', 'created', $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
};

const selectOfExperiment: SqlStatement = {
  name: "select-events-of-experiment",
  text: "SELECT * FROM experiment_events WHERE experiment_id = $1",
};

interface EventRow extends Omit<ExperimentEvent, "created_at"> {
  readonly created_at: TimeColumn;
}

/**
 * Appends an event; belongs into the transaction of the change that it tells of. The first event after the
 * creation of an experiment also writes that of the creation, if nobody has.
 */
export async function insertEvent(sql: SqlClient, event: NewEvent): Promise<void> {
  const { experiment, type, fromState, reason, triggeredBy, atMs } = event;
  if (experiment.event_seq === 2) await sql.query(insertCreated, [...creationOf(experiment), false, null]);
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

/** What is told about the creation of an experiment. Time is epoch milliseconds. */
export interface Creation {
  readonly id: string;
  readonly tenant_id: string;
  readonly created_by: string;
  readonly created_at: number;
}

/** Writes the event of a creation with its place, under the lock of the row of the experiment. */
export async function insertPlacedCreation(
  sql: SqlClient,
  creation: Creation,
  position: number,
): Promise<void> {
  await sql.query(insertCreated, [...creationOf(creation), true, position]);
}

function creationOf({ id, tenant_id, created_by, created_at }: Creation): readonly unknown[] {
  return [id, tenant_id, created_by, fromMs(created_at)];
}

/** @returns The events of an experiment, oldest first; that of its creation also while nobody has written it. */
export async function listEventsOfExperiment(
  sql: SqlClient,
  experiment: Creation,
): Promise<ExperimentEvent[]> {
  const { rows } = await sql.query<EventRow>(selectOfExperiment, [experiment.id]);
  const events = rows.map(toEvent).sort((a, b) => a.seq - b.seq);
  return events.length > 0 ? events : [unwritten(experiment)];
}

function unwritten({ id, tenant_id, created_by, created_at }: Creation): ExperimentEvent {
  return {
    experiment_id: id,
    seq: 1,
    tenant_id,
    type: "created",
    from_state: null,
    to_state: "pending",
    reason: "created",
    triggered_by: created_by,
    created_at,
    position: null,
  };
}

/** @returns The event of a row. */
export function toEvent(row: EventRow): ExperimentEvent {
  return { ...row, created_at: toMs(row.created_at) };
}
