/** Answers about experiments and their states. */
import { z } from "@hono/zod-openapi";

import { once } from "../../shared/index.js";
import { object, share, state, time, variant, whole } from "./common.js";
import { results } from "./results.js";

const split = once(() => z.object({ baseline: z.number(), candidate: z.number() }));

const config = once(() =>
  z
    .object({
      duration: z.string().openapi({ description: "Such as 5m or 1h30m" }),
      duration_ms: whole(),
      traffic_split: split(),
      success_criteria: z.object({
        min_cardinality_reduction: share(),
        max_latency_increase: share(),
        critical_process_coverage: share(),
        max_error_rate: share(),
        max_cost_increase: share().optional(),
      }),
      load_profile: z.string(),
      parameters: object(),
    })
    .openapi("ExperimentConfig"),
);

const flatExperiment = once(() =>
  z
    .object({
      id: z.uuid(),
      name: z.string(),
      description: z.string(),
      status: state(),
      state: state(),
      reason: z.string().openapi({ description: "Why the last transition happened" }),
      baseline_pipeline: z.string(),
      candidate_pipeline: z.string(),
      target_nodes: z.array(z.string()),
      config: config(),
      config_version: whole(),
      results: results().nullable(),
      tenant_id: z.string(),
      created_by: z.string(),
      owner: z.string(),
      promoted_variant: variant().nullable(),
      created_at: time(),
      updated_at: time(),
      started_at: time().nullable(),
      completed_at: time().nullable(),
      baselinePipeline: z.string(),
      candidatePipeline: z.string(),
      targetNodes: z.array(z.string()),
      configVersion: whole(),
      tenantId: z.string(),
      createdBy: z.string(),
      createdAt: time(),
      updatedAt: time(),
      startedAt: time().nullable(),
      completedAt: time().nullable(),
    })
    .openapi("FlatExperiment"),
);

/** An experiment, and the same once more under `experiment`. */
export const experimentReply = once(() =>
  flatExperiment().extend({ experiment: flatExperiment() }).openapi("Experiment"),
);

/** One page of experiments. */
export const experimentListReply = once(() =>
  z
    .object({
      experiments: z.array(flatExperiment()),
      total: whole(),
      has_more: z.boolean(),
      next_page_token: z.string(),
    })
    .openapi("ExperimentList"),
);

/** How planned experiments share nodes. */
export const overlapReply = once(() =>
  z
    .object({
      has_overlap: z.boolean(),
      conflicting_exp_ids: z.array(z.uuid()),
      affected_nodes: z.array(z.string()),
      overlap_type: z.enum(["none", "partial", "full"]),
      severity: z.enum(["none", "warning", "error", "blocking"]),
      message: z.string(),
      suggestions: z.array(z.string()),
    })
    .openapi("Overlap"),
);

export const statusReply = once(() =>
  z.object({ id: z.uuid(), status: state(), state: state(), message: z.string() }),
);

export const changedStateReply = once(() => z.object({ message: z.string(), id: z.uuid(), state: state() }));

export const transitionReply = once(() =>
  z.object({ id: z.uuid(), previous_state: state(), current_state: state() }),
);

export const promotedReply = once(() => z.object({ message: z.string(), id: z.uuid(), variant: variant() }));

export const acceptedConfigReply = once(() => z.object({ config_version: whole(), message: z.string() }));

/** Every event of an experiment. */
export const historyReply = once(() =>
  z.object({
    events: z.array(
      z
        .object({
          experiment_id: z.uuid(),
          seq: whole(),
          tenant_id: z.string(),
          type: z.string(),
          from_state: state().nullable(),
          to_state: state(),
          reason: z.string(),
          triggered_by: z.string(),
          created_at: time(),
          position: whole().nullable(),
        })
        .openapi("ExperimentEvent"),
    ),
  }),
);
