/** An experiment and its parts, as the services keep them. How clients spell them is the gateway's business. */

/** Which of the two pipelines of an experiment. */
export type Variant = "baseline" | "candidate";

/** Both variants, in the order they are deployed. */
export const variants: readonly Variant[] = ["baseline", "candidate"];

/** Percent limits that a candidate has to keep; see `judge` in the analysis. */
export interface SuccessCriteria {
  /** Least cut of time series. @default 30 */
  readonly min_cardinality_reduction: number;
  /** Most the 95th percentile of latency may grow. @default 10 */
  readonly max_latency_increase: number;
  /** Least share of critical processes still seen. @default 95 */
  readonly critical_process_coverage: number;
  /** Most metric points that may fail to be exported. @default 1 */
  readonly max_error_rate: number;
  /** Most the hourly cost may grow; absent means unchecked. */
  readonly max_cost_increase?: number;
}

/** The part of an experiment that says how it runs. */
interface ExperimentConfig {
  /** Go text, such as `5m`. */
  readonly duration: string;
  readonly duration_ms: number;
  readonly traffic_split: { readonly baseline: number; readonly candidate: number };
  readonly success_criteria: SuccessCriteria;
  readonly load_profile: string;
  /** Template variables, such as `top_k` or `critical_processes`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What a client asks for, with every default filled in. */
export interface ExperimentSpec {
  readonly name: string;
  readonly description: string;
  readonly baseline_pipeline: string;
  readonly candidate_pipeline: string;
  readonly target_nodes: readonly string[];
  readonly config: ExperimentConfig;
}

/** One experiment. Times are epoch milliseconds. */
export interface Experiment extends ExperimentSpec {
  readonly id: string;
  readonly tenant_id: string;
  readonly created_by: string;
  readonly state: ExperimentState;
  /** Why the last transition happened. */
  readonly reason: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  /** When the present state was entered. */
  readonly state_changed_at: number;
  /** When the present state must be left; null when it has no limit. */
  readonly deadline_at: number | null;
  /** Newest generated configuration; 0 before the first. */
  readonly config_version: number;
  /** Configuration version that every collector confirmed; 0 before the first. */
  readonly applied_version: number;
  /** Number of the newest event of this experiment, from 1. */
  readonly event_seq: number;
  /** Grows whenever someone takes the experiment over; a writer with an older number is refused. */
  readonly lease_token: number;
  readonly lease_owner: string | null;
  /** First failed attempt to initialize; null while none failed. */
  readonly init_started_at: number | null;
  /** Variant that a person promoted; null before. */
  readonly promoted_variant: Variant | null;
  readonly deleted: boolean;
}

// The states of an experiment and which may follow which. Pure; storing a transition is the store's work.

/** Every state, in the order of a normal life. */
export const experimentStates = [
  "pending",
  "initializing",
  "running",
  "analyzing",
  "completed",
  "failed",
  "cancelled",
] as const;

export type ExperimentState = (typeof experimentStates)[number];

const successors: Readonly<Record<ExperimentState, readonly ExperimentState[]>> = {
  pending: ["initializing", "cancelled"],
  initializing: ["running", "failed", "cancelled"],
  running: ["analyzing", "failed", "cancelled"],
  analyzing: ["completed", "failed"],
  completed: [],
  failed: [],
  cancelled: [],
};

/** @returns The states that may follow `state`; empty for a terminal one. */
export function nextStates(state: ExperimentState): readonly ExperimentState[] {
  return successors[state];
}

/** @returns Whether `to` may directly follow `from`. */
export function canTransition(from: ExperimentState, to: ExperimentState): boolean {
  return successors[from].includes(to);
}

/** @returns Whether nothing can follow `state`. */
export function isTerminal(state: ExperimentState): boolean {
  return successors[state].length === 0;
}

/** @returns Whether a text names a state. */
export function isExperimentState(text: string): text is ExperimentState {
  return (experimentStates as readonly string[]).includes(text);
}

// What an analysis finds. Percent unless said otherwise.

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
