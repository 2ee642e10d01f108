/** An experiment as clients of every generation read it. */
import type { Experiment, ExperimentResults } from "../model/index.js";

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
