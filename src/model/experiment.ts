/** An experiment and its parts, as the services keep them. How clients spell them is the gateway's business. */
import type { ExperimentState } from "./state-machine.js";

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
export interface ExperimentConfig {
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
