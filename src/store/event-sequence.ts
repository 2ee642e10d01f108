/**
 * The one order of all events.
 *
 * Transactions commit in an order nobody can see while they insert. So places are given afterwards, under the
 * lock of one row: places have no gaps, and whoever sees place n can see every place before it.
 */
import type { SqlClient, SqlPool, SqlStatement } from "../ports/index.js";
import type { TimeColumn } from "./columns.js";
import { toMs } from "./columns.js";
import { toEvent, type ExperimentEvent } from "./events.js";
import { inTransaction } from "./transaction.js";

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

interface Unplaced {
  readonly experiment_id: string;
  readonly seq: number;
  readonly created_at: TimeColumn;
}

/**
 * Gives every committed event without a place the next one.
 *
 * @returns How many were placed; the most of one call is 256, so call again when it is that many.
 */
export async function sequenceEvents(pool: SqlPool): Promise<number> {
  const waiting = await pool.query<Unplaced>(selectUnsequenced);
  if (waiting.rows.length === 0) return 0;
  return inTransaction(pool, async (connection) => {
    let position = await cursorOf(connection, lockCursor);
    // Read again under the lock: another sequencer may have been faster.
    const { rows } = await connection.query<Unplaced>(selectUnsequenced);
    const batch = inOrder(rows).slice(0, placedMax);
    for (const { experiment_id, seq } of batch) {
      position += 1;
      await connection.query(place, [experiment_id, seq, position]);
    }
    if (batch.length > 0) await connection.query(moveCursor, [position]);
    return batch.length;
  });
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
function inOrder(rows: readonly Unplaced[]): Unplaced[] {
  const bySeq = [...rows].sort((a, b) => a.seq - b.seq);
  const latest = new Map<string, number>();
  const timed = bySeq.map((row) => {
    const atMs = Math.max(toMs(row.created_at), latest.get(row.experiment_id) ?? 0);
    latest.set(row.experiment_id, atMs);
    return { row, atMs };
  });
  // The sort is stable: events of one experiment at one time keep the order of their numbers.
  return timed.sort((a, b) => a.atMs - b.atMs).map(({ row }) => row);
}
