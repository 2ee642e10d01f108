/** What many answers hold. */
import { z } from "@hono/zod-openapi";

import { experimentStates, loadProfiles, variants } from "../model/index.js";
import { once } from "../shared/index.js";

const time = once(() => z.iso.datetime().openapi({ description: "RFC 3339, UTC" }));

const whole = once(() => z.int());

const share = once(() => z.number().openapi({ description: "Percent" }));

const object = once(() => z.record(z.string(), z.unknown()));

const state = once(() => z.enum(experimentStates));

const variant = once(() => z.enum(variants as [string, ...string[]]));

export const messageReply = once(() => z.object({ message: z.string() }).openapi("Message"));

// Answers that hold figures: live metrics, results, costs.

const metrics = once(() =>
  z
    .object({
      time_series_count: z.number(),
      samples_per_second: z.number(),
      cpu_usage: z.number().openapi({ description: "Cores" }),
      memory_usage: z.number().openapi({ description: "Bytes" }),
      process_count: z.number(),
    })
    .openapi("VariantMetrics"),
);

const measured = once(() =>
  metrics()
    .extend({ latency_p95_ms: z.number(), error_rate: share(), hourly_cost_usd: z.number() })
    .openapi("MeasuredMetrics"),
);

const statistics = once(() =>
  z.object({
    t: z.number(),
    degrees_of_freedom: z.number(),
    p_value: z.number(),
    effect_size: z.number(),
    significant: z.boolean(),
  }),
);

const recommendationType = once(() =>
  z.enum(["adopt_candidate", "keep_baseline", "needs_tuning", "inconclusive"]),
);

const results = once(() =>
  z
    .object({
      baseline_metrics: measured(),
      candidate_metrics: measured(),
      cardinality_reduction: share(),
      latency_increase: share(),
      critical_process_coverage: share(),
      cost_reduction: share(),
      error_rate_change: share(),
      statistics: statistics(),
      criteria: z.array(
        z.object({ name: z.string(), limit: z.number(), actual: z.number(), met: z.boolean() }),
      ),
      summary: z.string(),
      recommendation: variant(),
      recommendation_type: recommendationType(),
      recommendation_text: z.string(),
      confidence: share(),
      reasons: z.array(z.string()),
    })
    .openapi("ExperimentResults"),
);

const points = once(() => z.array(z.object({ time: time(), value: z.number() })));

const timedPoints = once(() => z.array(z.object({ timestamp: time(), value: z.number() })));

const timeline = once(() =>
  z
    .object({ cardinality: points(), cpu_usage: points(), memory_usage: points(), network_traffic: points() })
    .openapi("Timeline"),
);

/** Live metrics: of both variants, or one line of one metric. */
export const metricsReply = once(() =>
  z.union([
    z
      .object({
        experiment_id: z.uuid(),
        timestamp: time(),
        baseline_metrics: metrics(),
        candidate_metrics: metrics(),
        labels: z.object({ node: z.array(z.string()) }),
        comparison: z.object({
          cardinality_reduction: share(),
          cpu_increase: share(),
          memory_increase: share(),
        }),
        baseline: timeline(),
        candidate: timeline(),
        series: z.object({ baseline_cardinality: timedPoints(), candidate_cardinality: timedPoints() }),
      })
      .openapi("ExperimentMetrics"),
    z
      .object({
        timestamp: z.array(time()),
        values: z.array(z.number()),
        metric: z.string(),
        variant: variant(),
      })
      .openapi("MetricLine"),
  ]),
);

export const resultsReply = once(() => results().extend({ experiment_id: z.uuid() }));

/** The comparison of an experiment that has ended. */
export const analysisReply = once(() =>
  z
    .object({
      experimentId: z.uuid(),
      status: state(),
      comparison: z.object({
        cardinalityReduction: share(),
        costSavings: share(),
        criticalProcessRetention: share(),
        performanceImpact: share(),
      }),
      recommendation: z.object({
        variant: variant(),
        type: recommendationType(),
        confidence: share(),
        reasons: z.array(z.string()),
      }),
      statistics: statistics(),
    })
    .openapi("Analysis"),
);

const cost = once(() => z.object({ hourly: z.number(), monthly: z.number() }));

export const costReply = once(() =>
  z.object({
    experiment_id: z.uuid(),
    currency: z.literal("USD"),
    baseline: cost(),
    candidate: cost(),
    cost_reduction: share(),
    monthly_savings: z.number(),
  }),
);

// Answers about experiments and their states.

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

// Answers about accounts.

const user = once(() =>
  z
    .object({
      id: z.string(),
      email: z.string(),
      username: z.string(),
      name: z.string(),
      roles: z.array(z.string()),
      role: z.string(),
      tenant_id: z.string(),
    })
    .openapi("User"),
);

export const userReply = once(() => user().extend({ user: user() }));

export const tokenReply = once(() =>
  z.object({ token: z.string(), expires_at: time(), user: user() }).openapi("Token"),
);

// Answers about pipelines, configurations, deployments and templates.

/** Both configurations of a version. */
export const configsReply = once(() =>
  z
    .object({
      experiment_id: z.uuid(),
      version: whole(),
      baseline_config: z.string().openapi({ description: "Collector YAML" }),
      candidate_config: z.string().openapi({ description: "Collector YAML" }),
      overrides: object(),
      created_at: time(),
    })
    .openapi("GeneratedConfigs"),
);

/** A deployment. */
export const deploymentReply = once(() =>
  z
    .object({
      id: z.string(),
      tenant_id: z.string(),
      experiment_id: z.uuid().nullable(),
      variant: variant().nullable(),
      deployment_name: z.string(),
      namespace: z.string(),
      pipeline_name: z.string(),
      target_nodes: z.array(z.string()),
      parameters: object(),
      resources: object(),
      status: z.string(),
      phase: z.string(),
      instances: z.object({ desired: whole(), ready: whole(), updated: whole() }),
      ready_nodes: whole(),
      total_nodes: whole(),
      applied_version: whole(),
      config_version: whole(),
      created_by: z.string(),
      created_at: time(),
      updated_at: time(),
    })
    .openapi("Deployment"),
);

export const deploymentListReply = once(() =>
  z.object({ deployments: z.array(deploymentReply()), total: whole() }).openapi("DeploymentList"),
);

const described = once(() => z.object({ name: z.string(), description: z.string() }).openapi("Pipeline"));

export const pipelineReply = once(() => described());

export const pipelinesReply = once(() => z.object({ pipelines: z.array(described()) }));

export const templatesOfPipelinesReply = once(() => z.object({ templates: z.array(described()) }));

export const processorsReply = once(() => z.object({ processors: z.array(z.object({ name: z.string() })) }));

export const previewReply = once(() => z.object({ pipeline_name: z.string(), yaml: z.string() }));

export const validationReply = once(() =>
  z
    .object({ valid: z.boolean(), errors: z.array(z.unknown()), warnings: z.array(z.unknown()).optional() })
    .openapi("Validation"),
);

/** Rendered configurations that nobody uses yet. */
export const generatedReply = once(() =>
  z.object({
    experiment_id: z.string(),
    version: whole(),
    baseline_config: z.string(),
    candidate_config: z.string(),
    config_id: z.string(),
    configuration: z.string(),
    generated_at: time(),
  }),
);

/** A template that a tenant keeps. */
export const templateReply = once(() =>
  z
    .object({
      tenant_id: z.string(),
      name: z.string(),
      description: z.string(),
      content: z.string(),
      default_parameters: object(),
      version: whole(),
      created_at: time(),
      updated_at: time(),
    })
    .openapi("Template"),
);

export const templateListReply = once(() =>
  z.object({ templates: z.array(templateReply()), total: whole() }),
);

// Answers about loads and control signals.

/** A load simulation. */
export const loadReply = once(() =>
  z
    .object({
      id: z.uuid(),
      experiment_id: z.uuid(),
      tenant_id: z.string(),
      profile: z.enum(loadProfiles),
      process_count: whole(),
      metrics_per_second: whole(),
      duration_ms: whole(),
      state: z.enum(["pending", "running", "stopped", "completed", "failed"]),
      created_at: time(),
      started_at: time().nullable(),
    })
    .openapi("LoadSimulation"),
);

export const loadListReply = once(() => z.object({ load_simulations: z.array(loadReply()), total: whole() }));

export const profilesReply = once(() =>
  z.object({
    profiles: z.array(
      z.object({
        name: z.enum(loadProfiles),
        description: z.string(),
        process_count: whole(),
        churn_rate: z.number(),
      }),
    ),
  }),
);

export const sentSignalReply = once(() =>
  z.object({
    signal_id: z.uuid(),
    id: z.uuid(),
    status: z.string(),
    message: z.string(),
  }),
);

/** A signal as it is kept. */
export const signalReply = once(() =>
  z
    .object({
      signal_id: z.uuid(),
      id: z.uuid(),
      experiment_id: z.uuid(),
      tenant_id: z.string(),
      type: z.string(),
      parameters: object(),
      reason: z.string(),
      status: z.enum(["pending", "active", "completed", "failed"]),
      message: z.string(),
      created_by: z.string(),
      created_at: time(),
    })
    .openapi("ControlSignal"),
);

export const signalListReply = once(() => z.object({ signals: z.array(signalReply()), total: whole() }));

export const driftReply = once(() =>
  z.object({
    experiment_id: z.uuid(),
    drift_score: z.number(),
    config_version: whole(),
    applied_version: whole(),
    silent_variants: z.array(variant()),
  }),
);
