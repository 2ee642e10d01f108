/** Pipeline deployments: two for each experiment, and those that people make by hand. */
import type { Experiment, Variant } from "../model/index.js";
import { variants } from "../model/index.js";
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs, toMs, type TimeColumn } from "./transaction.js";

type DeploymentStatus = "pending" | "active" | "updating" | "deleting" | "failed";
type DeploymentPhase =
  "pending" | "deploying" | "running" | "updating" | "terminating" | "terminated" | "failed";

/** One deployment. Times are epoch milliseconds. */
export interface Deployment {
  readonly id: string;
  readonly tenant_id: string;
  /** Null for a deployment made by hand. */
  readonly experiment_id: string | null;
  readonly variant: Variant | null;
  readonly deployment_name: string;
  readonly namespace: string;
  readonly pipeline_name: string;
  readonly target_nodes: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly status: DeploymentStatus;
  readonly phase: DeploymentPhase;
  readonly ready_nodes: number;
  readonly total_nodes: number;
  /** Configuration version that every node confirmed; 0 before the first. */
  readonly applied_version: number;
  /** Port of the collector's own metrics, by node. */
  readonly endpoints: Readonly<Record<string, number>>;
  readonly created_by: string;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Namespace of the deployments of experiments. */
const experimentNamespace = "phoenix-system";

const insert: SqlStatement = {
  name: "insert-deployment",
  text: `INSERT INTO pipeline_deployments (id, tenant_id, experiment_id, variant, deployment_name, live_name, namespace,
    pipeline_name, target_nodes, parameters, resources, status, phase, ready_nodes, total_nodes, applied_version,
    endpoints, scraped, created_by, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '{}', false, $17, $18, $19)
    ON CONFLICT DO NOTHING`,
};

const selectOfExperiment: SqlStatement = {
  name: "select-deployments-of-experiment",
  text: "SELECT * FROM pipeline_deployments WHERE experiment_id = $1",
};

const selectOfTenant: SqlStatement = {
  name: "select-deployments-of-tenant",
  text: "SELECT * FROM pipeline_deployments WHERE tenant_id = $1",
};

const selectById: SqlStatement = {
  name: "select-deployment",
  text: "SELECT * FROM pipeline_deployments WHERE id = $1",
};

const selectScraped: SqlStatement = {
  name: "select-scraped-deployments",
  text: "SELECT experiment_id, variant, endpoints FROM pipeline_deployments WHERE scraped = true",
};

const updateStatus: SqlStatement = {
  name: "update-deployment-status",
  text: `UPDATE pipeline_deployments SET status = $2, phase = $3, ready_nodes = $4, applied_version = $5,
    endpoints = $6, scraped = $7, updated_at = $8 WHERE id = $1 AND applied_version <= $5`,
};

const updateParameters: SqlStatement = {
  name: "update-deployment-parameters",
  text: `UPDATE pipeline_deployments SET parameters = $2, resources = $3, updated_at = $4
    WHERE id = $1 AND live_name IS NOT NULL RETURNING *`,
};

const updateDeleted: SqlStatement = {
  name: "delete-deployment",
  text: `UPDATE pipeline_deployments SET live_name = NULL, status = 'deleting', phase = 'terminated', ready_nodes = 0,
    updated_at = $2 WHERE id = $1 AND live_name IS NOT NULL`,
};

interface DeploymentRow extends Omit<Deployment, "created_at" | "updated_at"> {
  readonly scraped?: boolean;
  readonly live_name?: string | null;
  readonly created_at: TimeColumn;
  readonly updated_at: TimeColumn;
}

/** Inserts a deployment. @returns False when its id or its living name is taken. */
export async function insertDeployment(sql: SqlClient, deployment: Deployment): Promise<boolean> {
  const { rowCount } = await sql.query(insert, [
    deployment.id,
    deployment.tenant_id,
    deployment.experiment_id,
    deployment.variant,
    deployment.deployment_name,
    `${deployment.tenant_id}/${deployment.namespace}/${deployment.deployment_name}`,
    deployment.namespace,
    deployment.pipeline_name,
    JSON.stringify(deployment.target_nodes),
    JSON.stringify(deployment.parameters),
    JSON.stringify(deployment.resources),
    deployment.status,
    deployment.phase,
    deployment.ready_nodes,
    deployment.total_nodes,
    deployment.applied_version,
    deployment.created_by,
    fromMs(deployment.created_at),
    fromMs(deployment.updated_at),
  ]);
  return rowCount === 1;
}

/** @returns The id of the deployment of one variant; the same however often it is made. */
export function experimentDeploymentId(experimentId: string, variant: Variant): string {
  return `${experimentId}-${variant}`;
}

/** Inserts the two deployments of an experiment, `pending`. */
export async function insertExperimentDeployments(
  sql: SqlClient,
  experiment: Experiment,
  atMs: number,
): Promise<void> {
  for (const variant of variants) {
    const id = experimentDeploymentId(experiment.id, variant);
    await insertDeployment(sql, {
      id,
      tenant_id: experiment.tenant_id,
      experiment_id: experiment.id,
      variant,
      deployment_name: id,
      namespace: experimentNamespace,
      pipeline_name: variant === "baseline" ? experiment.baseline_pipeline : experiment.candidate_pipeline,
      target_nodes: experiment.target_nodes,
      parameters: experiment.config.parameters,
      resources: {},
      status: "pending",
      phase: "pending",
      ready_nodes: 0,
      total_nodes: experiment.target_nodes.length,
      applied_version: 0,
      endpoints: {},
      created_by: experiment.created_by,
      created_at: atMs,
      updated_at: atMs,
    });
  }
}

/** What became of a deployment. */
export interface DeploymentProgress {
  readonly id: string;
  readonly status: DeploymentStatus;
  readonly phase: DeploymentPhase;
  readonly readyNodes: number;
  readonly appliedVersion: number;
  /** Port of the collector's metrics by node; collectors are scraped while there is one. */
  readonly endpoints: Readonly<Record<string, number>>;
  readonly atMs: number;
}

/** Records progress, unless a newer version has been recorded. */
export async function recordDeployment(sql: SqlClient, progress: DeploymentProgress): Promise<void> {
  const { id, status, phase, readyNodes, appliedVersion, endpoints, atMs } = progress;
  const scraped = Object.keys(endpoints).length > 0;
  const ports = JSON.stringify(endpoints);
  await sql.query(updateStatus, [
    id,
    status,
    phase,
    readyNodes,
    appliedVersion,
    ports,
    scraped,
    fromMs(atMs),
  ]);
}

/** @returns The deployments of an experiment, baseline first. */
export async function listDeploymentsOfExperiment(
  sql: SqlClient,
  experimentId: string,
): Promise<Deployment[]> {
  const { rows } = await sql.query<DeploymentRow>(selectOfExperiment, [experimentId]);
  return rows.map(toDeployment).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @returns The living deployments of a tenant, newest first. */
export async function listDeploymentsOfTenant(sql: SqlClient, tenantId: string): Promise<Deployment[]> {
  const { rows } = await sql.query<DeploymentRow>(selectOfTenant, [tenantId]);
  const living = rows.filter((row) => typeof row.live_name === "string").map(toDeployment);
  return living.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
}

/** The collectors of one variant of an experiment, as a scraper needs them. */
export interface ScrapedDeployment {
  readonly experiment_id: string;
  readonly variant: string;
  /** Port of the metrics by node. */
  readonly endpoints: Readonly<Record<string, number>>;
}

/** @returns Every deployment with collectors to scrape, by experiment and variant. */
export async function listScrapedDeployments(sql: SqlClient): Promise<ScrapedDeployment[]> {
  const { rows } = await sql.query<ScrapedDeployment>(selectScraped);
  const key = (row: ScrapedDeployment): string => `${row.experiment_id}-${row.variant}`;
  return rows
    .map(({ experiment_id, variant, endpoints }) => ({
      experiment_id,
      variant,
      endpoints: fromJson(endpoints) as Record<string, number>,
    }))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** @returns A living deployment; undefined when there is none. */
export async function findDeployment(sql: SqlClient, id: string): Promise<Deployment | undefined> {
  const { rows } = await sql.query<DeploymentRow>(selectById, [id]);
  const row = rows[0];
  return row === undefined || typeof row.live_name !== "string" ? undefined : toDeployment(row);
}

/** Changes parameters and resources. @returns The deployment afterwards; undefined when it is gone. */
export async function changeDeployment(
  sql: SqlClient,
  change: Pick<Deployment, "id" | "parameters" | "resources"> & { readonly atMs: number },
): Promise<Deployment | undefined> {
  const { id, parameters, resources, atMs } = change;
  const values = [id, JSON.stringify(parameters), JSON.stringify(resources), fromMs(atMs)];
  const { rows } = await sql.query<DeploymentRow>(updateParameters, values);
  return rows[0] === undefined ? undefined : toDeployment(rows[0]);
}

/** Frees the name of a deployment and hides it. @returns False when it was gone already. */
export async function deleteDeployment(sql: SqlClient, id: string, atMs: number): Promise<boolean> {
  return (await sql.query(updateDeleted, [id, fromMs(atMs)])).rowCount === 1;
}

function toDeployment(row: DeploymentRow): Deployment {
  const { live_name: _name, scraped: _scraped, ...rest } = row;
  return {
    ...rest,
    target_nodes: fromJson(row.target_nodes) as Deployment["target_nodes"],
    parameters: fromJson(row.parameters) as Deployment["parameters"],
    resources: fromJson(row.resources) as Deployment["resources"],
    endpoints: fromJson(row.endpoints) as Deployment["endpoints"],
    created_at: toMs(row.created_at),
    updated_at: toMs(row.updated_at),
  };
}
