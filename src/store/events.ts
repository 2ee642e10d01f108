/** The events of experiments: their history, and the outbox from which clients are notified. */
import type { Experiment } from "../model/index.js";
import type { SqlClient, SqlPool, SqlStatement } from "../ports/index.js";
import { fromMs, inTransaction, toMs, type TimeColumn } from "./transaction.js";

/** What an event tells. `config_updated` means that a new version was generated. */
type EventType = "created" | "state_changed" | "updated" | "config_updated" | "promoted" | "deleted";

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

/** What is published about the creation of an experiment. Time is epoch milliseconds. */
export interface Creation {
  readonly id: string;
  readonly tenant_id: string;
  readonly created_by: string;
  readonly created_at: number;
}

/** Writes the event of a creation with its place, under the lock of the row of the experiment. */
async function insertPlacedCreation(sql: SqlClient, creation: Creation, position: number): Promise<void> {
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
function toEvent(row: EventRow): ExperimentEvent {
  return { ...row, created_at: toMs(row.created_at) };
}

// The one order of all events.
//
// Transactions commit in an order nobody can see while they insert. So places are given afterwards, under the
// lock of one row: places have no gaps, and whoever sees place n can see every place before it.

const lockCursor: SqlStatement = {
  name: "lock-event-cursor",
  text: "SELECT last_position FROM event_cursor WHERE id = 1 FOR UPDATE",
};

const readCursor: SqlStatement = {
  name: "select-event-cursor",
  text: "SELECT last_position FROM event_cursor WHERE id = 1",
};

const moveCursor: SqlStatement = {
  name: "move-event-cursor",
  text: "UPDATE event_cursor SET last_position = $1 WHERE id = 1",
};

const selectUnsequenced: SqlStatement = {
  name: "select-unsequenced-events",
  text: "SELECT experiment_id, seq, created_at FROM experiment_events WHERE sequenced = false",
};

const selectUnannounced: SqlStatement = {
  name: "select-unannounced-experiments",
  text: "SELECT id FROM experiments WHERE announced = false",
};

// One that someone is changing right now is skipped: the change writes the event of the creation itself.
const lockUnannounced: SqlStatement = {
  name: "lock-unannounced-experiments",
  text: `SELECT id, tenant_id, created_by, created_at FROM experiments WHERE announced = false LIMIT 256
    FOR UPDATE SKIP LOCKED`,
};

const announce: SqlStatement = {
  name: "announce-experiment",
  text: "UPDATE experiments SET announced = true WHERE id = $1",
};

// Whoever dies with the lock must not silence everybody until its connection is missed.
const limitIdleness: SqlStatement = {
  name: "limit-idle-transaction",
  text: "SELECT set_config('idle_in_transaction_session_timeout', '5s', true)",
};

const place: SqlStatement = {
  name: "place-event",
  text: `UPDATE experiment_events SET position = $3, sequenced = true WHERE experiment_id = $1 AND seq = $2`,
};

const selectAt: SqlStatement = {
  name: "select-events-at",
  text: "SELECT * FROM experiment_events WHERE position IN ($1, $2, $3, $4, $5, $6, $7, $8)",
};

/** Events read in one statement. */
const pageSize = 8;

/** Most events placed in one transaction. */
const placedMax = 256;

/** An event without a place, or an experiment that stands for one. */
interface Unplaced {
  readonly experimentId: string;
  readonly seq: number;
  readonly atMs: number;
  /** Undefined when the event is written already. */
  readonly creation: Creation | undefined;
}

/**
 * Gives every committed event without a place the next one.
 *
 * @returns How many were placed; the most of one call is 256, so call again until it is none.
 */
export async function sequenceEvents(pool: SqlPool): Promise<number> {
  const [events, creations] = await Promise.all([
    pool.query(selectUnsequenced),
    pool.query(selectUnannounced),
  ]);
  if (events.rows.length === 0 && creations.rows.length === 0) return 0;
  return inTransaction(pool, async (connection) => {
    await connection.query(limitIdleness);
    let position = await cursorOf(connection, lockCursor);
    // Read again under the lock: another sequencer may have been faster.
    const batch = inOrder(await unplaced(connection)).slice(0, placedMax);
    for (const { experimentId, seq, creation } of batch) {
      position += 1;
      if (creation === undefined) await connection.query(place, [experimentId, seq, position]);
      else {
        await insertPlacedCreation(connection, creation, position);
        await connection.query(announce, [experimentId]);
      }
    }
    if (batch.length > 0) await connection.query(moveCursor, [position]);
    return batch.length;
  });
}

async function unplaced(connection: SqlClient): Promise<Unplaced[]> {
  const created = await connection.query<CreationRow>(lockUnannounced);
  const written = await connection.query<UnsequencedRow>(selectUnsequenced);
  return [
    ...created.rows.map((row): Unplaced => {
      const creation = { ...row, created_at: toMs(row.created_at) };
      return { experimentId: row.id, seq: 1, atMs: creation.created_at, creation };
    }),
    ...written.rows.map(({ experiment_id, seq, created_at }): Unplaced => {
      return { experimentId: experiment_id, seq, atMs: toMs(created_at), creation: undefined };
    }),
  ];
}

interface CreationRow extends Omit<Creation, "created_at"> {
  readonly created_at: TimeColumn;
}

interface UnsequencedRow {
  readonly experiment_id: string;
  readonly seq: number;
  readonly created_at: TimeColumn;
}

/** @returns The place of the newest placed event; 0 when there is none. */
export function lastEventPosition(sql: SqlClient): Promise<number> {
  return cursorOf(sql, readCursor);
}

/** @returns Up to eight events that follow a place, in order and without gaps. */
export async function readEventsAfter(sql: SqlClient, position: number): Promise<ExperimentEvent[]> {
  const places = Array.from({ length: pageSize }, (_unused, index) => position + 1 + index);
  const { rows } = await sql.query<Parameters<typeof toEvent>[0]>(selectAt, places);
  const events = rows.map(toEvent).sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  return events.filter((event, index) => event.position === position + 1 + index);
}

/** How many events `readEventsAfter` gives at most. */
export const eventPageSize = pageSize;

async function cursorOf(sql: SqlClient, statement: SqlStatement): Promise<number> {
  const { rows } = await sql.query<{ last_position: number }>(statement);
  const row = rows[0];
  if (row === undefined) throw new Error("The event cursor is missing: run the migrations.");
  return row.last_position;
}

// By time; but within an experiment by number, whatever the clocks of the writers said.
function inOrder(events: readonly Unplaced[]): Unplaced[] {
  const latest = new Map<string, number>();
  const timed = [...events]
    .sort((a, b) => a.seq - b.seq)
    .map((event) => {
      const atMs = Math.max(event.atMs, latest.get(event.experimentId) ?? 0);
      latest.set(event.experimentId, atMs);
      return { event, atMs };
    });
  // The sort is stable: events of one experiment at one time keep the order of their numbers.
  return timed.sort((a, b) => a.atMs - b.atMs).map(({ event }) => event);
}
