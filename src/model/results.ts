/** What an analysis finds. Percent unless said otherwise. */
import type { Variant } from "./experiment.js";

/** One variant, averaged over the end of the run. */
export interface VariantMetrics {
  readonly time_series_count: number;
  readonly samples_per_second: number;
  /** Cores. */
  readonly cpu_usage: number;
  /** Bytes. */
  readonly memory_usage: number;
  readonly process_count: number;
  /** Milliseconds, 95th percentile. */
  readonly latency_p95_ms: number;
  /** Percent of points that failed to be exported. */
  readonly error_rate: number;
  /** USD an hour. */
  readonly hourly_cost_usd: number;
}

/** Whether the difference of two series of samples is more than chance; Welch's t-test. */
export interface Significance {
  readonly t: number;
  readonly degrees_of_freedom: number;
  /** Two-sided. */
  readonly p_value: number;
  /** Cohen's d. */
  readonly effect_size: number;
  /** `p_value` below 0.05. */
  readonly significant: boolean;
}

export type RecommendationType = "adopt_candidate" | "keep_baseline" | "needs_tuning" | "inconclusive";

/** One success criterion and what came of it. */
export interface CriterionOutcome {
  readonly name: string;
  readonly limit: number;
  readonly actual: number;
  readonly met: boolean;
}

/** The result of one experiment. */
export interface ExperimentResults {
  readonly baseline_metrics: VariantMetrics;
  readonly candidate_metrics: VariantMetrics;
  readonly cardinality_reduction: number;
  readonly latency_increase: number;
  readonly critical_process_coverage: number;
  readonly cost_reduction: number;
  readonly error_rate_change: number;
  readonly statistics: Significance;
  readonly criteria: readonly CriterionOutcome[];
  readonly summary: string;
  readonly recommendation: Variant;
  readonly recommendation_type: RecommendationType;
  readonly recommendation_text: string;
  /** 0 to 100. */
  readonly confidence: number;
  readonly reasons: readonly string[];
}
