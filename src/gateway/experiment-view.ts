/** An experiment as clients of every generation read it. */
import type { Experiment, ExperimentResults } from "../model/index.js";
import { findExperiment, type Deployment } from "../store/index.js";
import { assertSeen } from "./access.js";
import { notFound } from "./http.js";
import type { Call } from "./route.js";

/** @returns RFC 3339 text. */
export function timeText(ms: number): string;
export function timeText(ms: number | null): string | null;
export function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** @returns Snake case fields, their camel case twins, and the same once more under `experiment`. */
export function experimentView(
  experiment: Experiment,
  results: ExperimentResults | null = null,
): Record<string, unknown> {
  const view = flatView(experiment, results);
  return { ...view, experiment: view };
}

/** The same without the nested copy, as lists and frames carry it. */
export function flatView(
  experiment: Experiment,
  results: ExperimentResults | null = null,
): Record<string, unknown> {
  const { id, name, description, state, config, reason } = experiment;
  const createdAt = timeText(experiment.created_at);
  const updatedAt = timeText(experiment.updated_at);
  const startedAt = timeText(experiment.started_at);
  const completedAt = timeText(experiment.completed_at);
  return {
    id,
    name,
    description,
    status: state,
    state,
    reason,
    baseline_pipeline: experiment.baseline_pipeline,
    candidate_pipeline: experiment.candidate_pipeline,
    target_nodes: experiment.target_nodes,
    config,
    config_version: experiment.config_version,
    results,
    tenant_id: experiment.tenant_id,
    created_by: experiment.created_by,
    owner: experiment.created_by,
    promoted_variant: experiment.promoted_variant,
    created_at: createdAt,
    updated_at: updatedAt,
    started_at: startedAt,
    completed_at: completedAt,
    baselinePipeline: experiment.baseline_pipeline,
    candidatePipeline: experiment.candidate_pipeline,
    targetNodes: experiment.target_nodes,
    configVersion: experiment.config_version,
    tenantId: experiment.tenant_id,
    createdBy: experiment.created_by,
    createdAt,
    updatedAt,
    startedAt,
    completedAt,
  };
}

// A deployment as clients read it.

/** @returns The deployment with its nodes as a list and its instances counted. */
export function deploymentView(deployment: Deployment): Record<string, unknown> {
  const { ready_nodes: ready, total_nodes: desired, endpoints: _endpoints, ...rest } = deployment;
  return {
    ...rest,
    instances: { desired, ready, updated: deployment.applied_version > 0 ? ready : 0 },
    ready_nodes: ready,
    total_nodes: desired,
    config_version: deployment.applied_version,
    created_at: timeText(deployment.created_at),
    updated_at: timeText(deployment.updated_at),
  };
}

// Finding the experiment that a request is about.

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @returns Whether a text can be the id of something at all; the database would refuse others. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/**
 * @param id - Id of the experiment. @default the part `{id}` of the path
 * @throws ApiError `NOT_FOUND` when there is none, `AUTHORIZATION_ERROR` when it is another tenant's.
 */
export async function readExperiment(call: Call, id = call.params["id"] ?? ""): Promise<Experiment> {
  const experiment = isUuid(id) ? await findExperiment(call.context.sql, id) : undefined;
  if (experiment === undefined) throw notFound("experiment");
  assertSeen(call.context.guard, call.identity, experiment);
  if (experiment.deleted) throw notFound("experiment");
  return experiment;
}
