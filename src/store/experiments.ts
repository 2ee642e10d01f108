/** The table of experiments: creating, reading, and the columns that clients may change. */
import type { Experiment, ExperimentResults, ExperimentSpec, Variant } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs, toMs, toMsOrNull, type TimeColumn } from "./transaction.js";

// A row of the table of experiments.

/** An experiment as the driver gives it, with the columns that only statements read. */
export interface ExperimentRow extends Omit<Experiment, TimeField | "target_nodes" | "config"> {
  readonly target_nodes: unknown;
  readonly config: unknown;
  readonly created_at: TimeColumn;
  readonly updated_at: TimeColumn;
  readonly state_changed_at: TimeColumn;
  readonly started_at: TimeColumn | null;
  readonly completed_at: TimeColumn | null;
  readonly deadline_at: TimeColumn | null;
  readonly init_started_at: TimeColumn | null;
  readonly open?: boolean;
  readonly announced?: boolean;
}

type TimeField =
  | "created_at"
  | "updated_at"
  | "started_at"
  | "completed_at"
  | "state_changed_at"
  | "deadline_at"
  | "init_started_at";

/** @returns The experiment of a row. */
export function toExperiment(row: ExperimentRow): Experiment {
  const { open: _open, announced: _announced, ...rest } = row;
  return {
    ...rest,
    target_nodes: fromJson(row.target_nodes) as Experiment["target_nodes"],
    config: fromJson(row.config) as Experiment["config"],
    created_at: toMs(row.created_at),
    updated_at: toMs(row.updated_at),
    state_changed_at: toMs(row.state_changed_at),
    started_at: toMsOrNull(row.started_at),
    completed_at: toMsOrNull(row.completed_at),
    deadline_at: toMsOrNull(row.deadline_at),
    init_started_at: toMsOrNull(row.init_started_at),
    lease_owner: row.lease_owner ?? null,
    promoted_variant: row.promoted_variant ?? null,
  };
}

const insert: SqlStatement = {
  name: "insert-experiment",
  text: `INSERT INTO experiments (id, tenant_id, name, description, state, reason, baseline_pipeline,
    candidate_pipeline, target_nodes, config, created_by, created_at, updated_at, state_changed_at,
    config_version, applied_version, event_seq, lease_token, open, announced, deleted)
    VALUES ($1, $2, $3, $4, 'pending', '', $5, $6, $7, $8, $9, $10, $10, $10, 0, 0, 1, 0, true, false, false)`,
};

const selectById: SqlStatement = {
  name: "select-experiment",
  text: "SELECT * FROM experiments WHERE id = $1",
};

const selectHeads: SqlStatement = {
  name: "select-experiment-heads",
  text: "SELECT id, state, created_by, created_at FROM experiments WHERE tenant_id = $1 AND deleted = false",
};

const selectClosedNodes: SqlStatement = {
  name: "select-nodes-of-closed-experiments",
  text: "SELECT target_nodes FROM experiments WHERE open = false AND state_changed_at > $1",
};

const selectTenantOpen: SqlStatement = {
  name: "select-open-experiments-of-tenant",
  text: `SELECT * FROM experiments WHERE tenant_id = $1 AND open = true AND deleted = false`,
};

const updateText: SqlStatement = {
  name: "update-experiment-text",
  text: `UPDATE experiments SET name = COALESCE($2, name), description = COALESCE($3, description),
    updated_at = $4, event_seq = event_seq + 1,
    announced = true
    WHERE id = $1 AND deleted = false RETURNING *`,
};

const updatePromoted: SqlStatement = {
  name: "update-experiment-promoted",
  text: `UPDATE experiments SET promoted_variant = $2, updated_at = $3, event_seq = event_seq + 1,
    announced = true
    WHERE id = $1 AND deleted = false AND state = $4 RETURNING *`,
};

const updateSplit: SqlStatement = {
  name: "update-experiment-config",
  text: `UPDATE experiments SET config = $2, updated_at = $3, event_seq = event_seq + 1,
    announced = true
    WHERE id = $1 AND deleted = false AND event_seq = $4 RETURNING *`,
};

const updateDeleted: SqlStatement = {
  name: "update-experiment-deleted",
  text: `UPDATE experiments SET deleted = true, updated_at = $2, event_seq = event_seq + 1,
    announced = true
    WHERE id = $1 AND deleted = false RETURNING *`,
};

const updateVersion: SqlStatement = {
  name: "update-experiment-config-version",
  text: `UPDATE experiments SET config_version = config_version + 1, updated_at = $3, event_seq = event_seq + 1,
    announced = true
    WHERE id = $1 AND config_version = $2 AND state = $4 AND deleted = false RETURNING *`,
};

/** Who creates what, and when. */
export interface NewExperiment {
  readonly id: string;
  readonly tenantId: string;
  readonly createdBy: string;
  readonly atMs: number;
  readonly spec: ExperimentSpec;
}

/** Enough of an experiment to filter and sort a list. */
export interface ExperimentHead {
  readonly id: string;
  readonly state: string;
  readonly created_by: string;
  readonly created_at: number;
}

/** Inserts an experiment in `pending`. The row stands for its first event, until that is written. */
export async function insertExperiment(sql: SqlClient, made: NewExperiment): Promise<void> {
  const { id, tenantId, createdBy, atMs, spec } = made;
  await sql.query(insert, [
    id,
    tenantId,
    spec.name,
    spec.description,
    spec.baseline_pipeline,
    spec.candidate_pipeline,
    JSON.stringify(spec.target_nodes),
    JSON.stringify(spec.config),
    createdBy,
    fromMs(atMs),
  ]);
}

/** @returns The experiment as a fresh insert leaves it, without reading it back. */
export function freshExperiment({ id, tenantId, createdBy, atMs, spec }: NewExperiment): Experiment {
  // Spelled out, as to spread `spec` and add so much to it is slow in V8: 75 us instead of 0.3.
  return {
    name: spec.name,
    description: spec.description,
    baseline_pipeline: spec.baseline_pipeline,
    candidate_pipeline: spec.candidate_pipeline,
    target_nodes: spec.target_nodes,
    config: spec.config,
    id,
    tenant_id: tenantId,
    created_by: createdBy,
    state: "pending",
    reason: "",
    created_at: atMs,
    updated_at: atMs,
    started_at: null,
    completed_at: null,
    state_changed_at: atMs,
    deadline_at: null,
    config_version: 0,
    applied_version: 0,
    event_seq: 1,
    lease_token: 0,
    lease_owner: null,
    init_started_at: null,
    promoted_variant: null,
    deleted: false,
  };
}

/** @returns The experiment, deleted or not; undefined when there is none. */
export async function findExperiment(sql: SqlClient, id: string): Promise<Experiment | undefined> {
  return one(await sql.query<ExperimentRow>(selectById, [id]));
}

/** @returns Heads of all experiments of a tenant, in no order. */
export async function listExperimentHeads(sql: SqlClient, tenantId: string): Promise<ExperimentHead[]> {
  const { rows } = await sql.query<{ id: string; state: string; created_by: string; created_at: TimeColumn }>(
    selectHeads,
    [tenantId],
  );
  return rows.map(({ id, state, created_by, created_at }) => ({
    id,
    state,
    created_by,
    created_at: toMs(created_at),
  }));
}

/** @returns The experiments of a tenant that still use nodes. */
export async function listOpenExperimentsOfTenant(sql: SqlClient, tenantId: string): Promise<Experiment[]> {
  const { rows } = await sql.query<ExperimentRow>(selectTenantOpen, [tenantId]);
  return rows.map(toExperiment);
}

/** @returns Nodes, each once, of experiments that ended after a moment and were cleaned up. */
export async function listNodesOfClosed(sql: SqlClient, sinceMs: number): Promise<string[]> {
  const { rows } = await sql.query<{ target_nodes: unknown }>(selectClosedNodes, [fromMs(sinceMs)]);
  return [...new Set(rows.flatMap(({ target_nodes }) => fromJson(target_nodes) as string[]))];
}

/** Changes name and description; what is undefined stays as it is. @returns The experiment afterwards; undefined when gone. */
export async function renameExperiment(
  sql: SqlClient,
  change: {
    readonly id: string;
    readonly name: string | undefined;
    readonly description: string | undefined;
    readonly atMs: number;
  },
): Promise<Experiment | undefined> {
  const values = [change.id, change.name ?? null, change.description ?? null, fromMs(change.atMs)];
  return one(await sql.query<ExperimentRow>(updateText, values));
}

/** Notes which variant a person promoted, if the experiment still is in the state seen. */
export async function promoteExperiment(
  sql: SqlClient,
  change: { readonly id: string; readonly variant: Variant; readonly atMs: number; readonly state: string },
): Promise<Experiment | undefined> {
  const values = [change.id, change.variant, fromMs(change.atMs), change.state];
  return one(await sql.query<ExperimentRow>(updatePromoted, values));
}

/** Replaces the configuration, if nothing happened to the experiment since it was read. */
export async function replaceExperimentConfig(
  sql: SqlClient,
  seen: Experiment,
  config: Experiment["config"],
  atMs: number,
): Promise<Experiment | undefined> {
  const values = [seen.id, JSON.stringify(config), fromMs(atMs), seen.event_seq];
  return one(await sql.query<ExperimentRow>(updateSplit, values));
}

/** Hides the experiment from clients. Its rows stay until the controller has cleaned up after it. */
export async function markDeleted(sql: SqlClient, id: string, atMs: number): Promise<Experiment | undefined> {
  return one(await sql.query<ExperimentRow>(updateDeleted, [id, fromMs(atMs)]));
}

/** Moves to the next configuration version, if version and state still are as seen. */
export async function bumpConfigVersion(
  sql: SqlClient,
  seen: Experiment,
  atMs: number,
): Promise<Experiment | undefined> {
  const values = [seen.id, seen.config_version, fromMs(atMs), seen.state];
  return one(await sql.query<ExperimentRow>(updateVersion, values));
}

function one({ rows }: { readonly rows: readonly ExperimentRow[] }): Experiment | undefined {
  const row = rows[0];
  return row === undefined ? undefined : toExperiment(row);
}

// Results of finished experiments.

const insertResultsSql: SqlStatement = {
  name: "insert-results",
  text: `INSERT INTO experiment_results (experiment_id, results, recommendation, created_at) VALUES ($1, $2, $3, $4)`,
};

const selectResults: SqlStatement = {
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
  await sql.query(insertResultsSql, [
    experimentId,
    JSON.stringify(results),
    results.recommendation,
    fromMs(atMs),
  ]);
}

/** @returns The results; undefined while there are none. */
export async function findResults(
  sql: SqlClient,
  experimentId: string,
): Promise<ExperimentResults | undefined> {
  const { rows } = await sql.query<{ results: unknown }>(selectResults, [experimentId]);
  return rows[0] === undefined ? undefined : (fromJson(rows[0].results) as ExperimentResults);
}

// Requests that may be sent again: one effect and one reply for each key.

/** A request that was carried out. */
export interface HandledRequest {
  /** Tenant, user and key in one text. */
  readonly scope: string;
  /** Digest of the request's body. */
  readonly body_hash: string;
  readonly experiment_id: string;
  /** Body of the reply, word for word. */
  readonly reply: string;
}

const insertKey: SqlStatement = {
  name: "insert-idempotency-key",
  text: `INSERT INTO idempotency_keys (scope, body_hash, experiment_id, reply, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING`,
};

const selectKey: SqlStatement = {
  name: "select-idempotency-key",
  text: "SELECT scope, body_hash, experiment_id, reply FROM idempotency_keys WHERE scope = $1",
};

/** Takes a key; belongs into the transaction of the effect. @returns False when someone has it. */
export async function takeIdempotencyKey(
  sql: SqlClient,
  handled: HandledRequest,
  atMs: number,
): Promise<boolean> {
  const { scope, body_hash, experiment_id, reply } = handled;
  return (await sql.query(insertKey, [scope, body_hash, experiment_id, reply, fromMs(atMs)])).rowCount === 1;
}

/** @returns The request carried out under a key; undefined when there was none. */
export async function findHandledRequest(sql: SqlClient, scope: string): Promise<HandledRequest | undefined> {
  return (await sql.query<HandledRequest>(selectKey, [scope])).rows[0];
}
