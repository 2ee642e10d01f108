/** What operators start beside experiments: load simulations, and control signals sent to experiments. */
import { isTerminal, type ExperimentState, type LoadSimulation, type LoadState } from "../model/index.js";
import type { SqlClient, SqlPool, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs, inTransaction, toMs, toMsOrNull, type TimeColumn } from "./transaction.js";

/** A stored load simulation. */
export interface StoredLoad extends LoadSimulation {
  /** Moment from which its duration counts; null before the controller saw it. */
  readonly started_at: number | null;
}

const holdState: SqlStatement = {
  name: "hold-experiment-state",
  text: "SELECT state FROM experiments WHERE id = $1 FOR SHARE",
};

const insertLoadSql: SqlStatement = {
  name: "insert-load",
  text: `INSERT INTO load_simulations (id, experiment_id, tenant_id, profile, process_count, metrics_per_second,
    duration_ms, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};

const selectLoadsOfExperiment: SqlStatement = {
  name: "select-loads-of-experiment",
  text: "SELECT * FROM load_simulations WHERE experiment_id = $1",
};

const selectOfTenant: SqlStatement = {
  name: "select-loads-of-tenant",
  text: "SELECT * FROM load_simulations WHERE tenant_id = $1",
};

const selectOpen: SqlStatement = {
  name: "select-open-loads",
  text: "SELECT * FROM load_simulations WHERE state IN ('pending', 'running')",
};

const selectLoad: SqlStatement = {
  name: "select-load",
  text: "SELECT * FROM load_simulations WHERE id = $1",
};

const updateStarted: SqlStatement = {
  name: "start-load",
  text: "UPDATE load_simulations SET started_at = $2 WHERE id = $1 AND started_at IS NULL",
};

const updateState: SqlStatement = {
  name: "update-load-state",
  text: "UPDATE load_simulations SET state = $3 WHERE id = $1 AND state = $2",
};

interface LoadRow extends Omit<StoredLoad, "created_at" | "started_at"> {
  readonly created_at: TimeColumn;
  readonly started_at: TimeColumn | null;
}

/**
 * Stores a load simulation, unless its experiment has ended. Whoever ends the experiment waits meanwhile: they see
 * every load that was stored.
 *
 * @returns Whether it was stored.
 */
export async function insertLoad(sql: SqlPool, load: LoadSimulation): Promise<boolean> {
  return inTransaction(sql, async (connection) => {
    const held = await connection.query<{ readonly state: ExperimentState }>(holdState, [load.experiment_id]);
    const state = held.rows[0]?.state;
    if (state === undefined || isTerminal(state)) return false;
    await connection.query(insertLoadSql, [
      load.id,
      load.experiment_id,
      load.tenant_id,
      load.profile,
      load.process_count,
      load.metrics_per_second,
      load.duration_ms,
      load.state,
      fromMs(load.created_at),
    ]);
    return true;
  });
}

/** @returns The loads of an experiment, oldest first. */
export async function listLoadsOfExperiment(sql: SqlClient, experimentId: string): Promise<StoredLoad[]> {
  return sorted((await sql.query<LoadRow>(selectLoadsOfExperiment, [experimentId])).rows);
}

/** @returns The loads of a tenant, oldest first. */
export async function listLoadsOfTenant(sql: SqlClient, tenantId: string): Promise<StoredLoad[]> {
  return sorted((await sql.query<LoadRow>(selectOfTenant, [tenantId])).rows);
}

/** @returns Every load that waits or runs, oldest first. */
export async function listOpenLoads(sql: SqlClient): Promise<StoredLoad[]> {
  return sorted((await sql.query<LoadRow>(selectOpen)).rows);
}

/** @returns One load; undefined when there is none. */
export async function findLoad(sql: SqlClient, id: string): Promise<StoredLoad | undefined> {
  return sorted((await sql.query<LoadRow>(selectLoad, [id])).rows)[0];
}

/** Fixes the moment a load starts, once; nodes may not know of it yet. */
export async function startLoad(sql: SqlClient, id: string, atMs: number): Promise<void> {
  await sql.query(updateStarted, [id, fromMs(atMs)]);
}

/** Moves a load on, if it still is in the state seen. @returns Whether it was. */
export async function moveLoad(sql: SqlClient, id: string, from: LoadState, to: LoadState): Promise<boolean> {
  return (await sql.query(updateState, [id, from, to])).rowCount === 1;
}

function sorted(rows: readonly LoadRow[]): StoredLoad[] {
  return rows
    .map((row) => ({ ...row, created_at: toMs(row.created_at), started_at: toMsOrNull(row.started_at) }))
    .sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

// Control signals that people sent to experiments.

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

const insertSignalSql: SqlStatement = {
  name: "insert-signal",
  text: `INSERT INTO control_signals (id, experiment_id, tenant_id, type, parameters, reason, status, message,
    created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
};

const selectSignal: SqlStatement = {
  name: "select-signal",
  text: "SELECT * FROM control_signals WHERE id = $1",
};

const selectSignalsOfExperiment: SqlStatement = {
  name: "select-signals-of-experiment",
  text: "SELECT * FROM control_signals WHERE experiment_id = $1",
};

interface SignalRow extends Omit<ControlSignal, "created_at"> {
  readonly created_at: TimeColumn;
}

/** Stores a signal; belongs into the transaction of its effect. */
export async function insertSignal(sql: SqlClient, signal: ControlSignal): Promise<void> {
  await sql.query(insertSignalSql, [
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
  const row = (await sql.query<SignalRow>(selectSignal, [id])).rows[0];
  return row === undefined ? undefined : toSignal(row);
}

/** @returns The signals of an experiment, oldest first. */
export async function listSignals(sql: SqlClient, experimentId: string): Promise<ControlSignal[]> {
  const { rows } = await sql.query<SignalRow>(selectSignalsOfExperiment, [experimentId]);
  return rows.map(toSignal).sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

function toSignal(row: SignalRow): ControlSignal {
  return {
    ...row,
    parameters: fromJson(row.parameters) as ControlSignal["parameters"],
    created_at: toMs(row.created_at),
  };
}
