/** Answers that hold figures: live metrics, results, costs. */
import { z } from "@hono/zod-openapi";

import { once } from "../../shared/index.js";
import { share, state, time, variant } from "./common.js";

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

export const results = once(() =>
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
