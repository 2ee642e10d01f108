/** Control signals that people sent to experiments. */
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs, toMs, type TimeColumn } from "./columns.js";

export type SignalType = "traffic_split" | "rollback" | "config_update" | "pause" | "resume";

/** One signal. Time is epoch milliseconds. */
export interface ControlSignal {
  readonly id: string;
  readonly experiment_id: string;
  readonly tenant_id: string;
  readonly type: SignalType;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly status: "pending" | "active" | "completed" | "failed";
  readonly message: string;
  readonly created_by: string;
  readonly created_at: number;
}

const insert: SqlStatement = {
  name: "insert-signal",
  text: `INSERT INTO control_signals (id, experiment_id, tenant_id, type, parameters, reason, status, message,
    created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
};

const selectById: SqlStatement = {
  name: "select-signal",
  text: "SELECT * FROM control_signals WHERE id = $1",
};

const selectOfExperiment: SqlStatement = {
  name: "select-signals-of-experiment",
  text: "SELECT * FROM control_signals WHERE experiment_id = $1",
};

interface SignalRow extends Omit<ControlSignal, "created_at"> {
  readonly created_at: TimeColumn;
}

/** Stores a signal; belongs into the transaction of its effect. */
export async function insertSignal(sql: SqlClient, signal: ControlSignal): Promise<void> {
  await sql.query(insert, [
    signal.id,
    signal.experiment_id,
    signal.tenant_id,
    signal.type,
    JSON.stringify(signal.parameters),
    signal.reason,
    signal.status,
    signal.message,
    signal.created_by,
    fromMs(signal.created_at),
  ]);
}

/** @returns One signal; undefined when there is none. */
export async function findSignal(sql: SqlClient, id: string): Promise<ControlSignal | undefined> {
  const row = (await sql.query<SignalRow>(selectById, [id])).rows[0];
  return row === undefined ? undefined : toSignal(row);
}

/** @returns The signals of an experiment, oldest first. */
export async function listSignals(sql: SqlClient, experimentId: string): Promise<ControlSignal[]> {
  const { rows } = await sql.query<SignalRow>(selectOfExperiment, [experimentId]);
  return rows.map(toSignal).sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

function toSignal(row: SignalRow): ControlSignal {
  return {
    ...row,
    parameters: fromJson(row.parameters) as ControlSignal["parameters"],
    created_at: toMs(row.created_at),
  };
}
