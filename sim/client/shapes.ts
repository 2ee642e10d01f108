/** Shapes of requests and replies of the gateway, as the client types them. Field names are those on the wire. */
import type { ExperimentState, Variant } from "../../src/model/index.js";

/** Body of a create request. Only `name` has no default. */
export interface CreateExperiment {
  readonly name: string;
  readonly description?: string;
  readonly baseline_pipeline?: string;
  readonly candidate_pipeline?: string;
  readonly target_nodes?: readonly string[];
  readonly config?: {
    /** Such as `5m`. */
    readonly duration?: string;
    readonly traffic_split?: { readonly baseline: number; readonly candidate: number };
    readonly success_criteria?: Readonly<Record<string, number>>;
    readonly load_profile?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
  };
}

export interface ExperimentReply {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly state: ExperimentState;
  readonly status: ExperimentState;
  readonly baseline_pipeline: string;
  readonly candidate_pipeline: string;
  readonly target_nodes: readonly string[];
  readonly tenant_id: string;
  /** RFC 3339. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

export interface ExperimentList {
  readonly experiments: readonly ExperimentReply[];
  readonly total: number;
  readonly has_more: boolean;
  readonly next_page_token: string;
}

export interface ConfigsReply {
  /** Collector YAML. */
  readonly baseline_config: string;
  readonly candidate_config: string;
  readonly version: number;
}

export interface Deployment {
  readonly id: string;
  readonly variant: Variant;
  readonly status: string;
  readonly target_nodes: readonly string[];
}

export interface VariantMetricsReply {
  readonly time_series_count: number;
  readonly samples_per_second: number;
  readonly cpu_usage: number;
  readonly memory_usage: number;
  readonly process_count: number;
}

export interface MetricsReply {
  readonly experiment_id: string;
  readonly baseline_metrics: VariantMetricsReply;
  readonly candidate_metrics: VariantMetricsReply;
  /** `node` is the sorted list of nodes that metrics came from. */
  readonly labels: { readonly node: readonly string[] };
}

export interface ResultsReply {
  /** Percent. */
  readonly cardinality_reduction: number;
  readonly latency_increase: number;
  readonly critical_process_coverage: number;
  readonly cost_reduction: number;
  readonly summary: string;
  readonly recommendation: string;
}

export interface StartLoad {
  readonly experiment_id: string;
  /** @default "realistic" */
  readonly profile?: string;
  readonly process_count?: number;
  readonly metrics_per_second?: number;
  /** Such as `5m`. */
  readonly duration?: string;
}

export interface LoginReply {
  readonly token: string;
  readonly expires_at: string;
  readonly user: {
    readonly id: string;
    readonly email: string;
    readonly roles: readonly string[];
    readonly tenant_id: string;
  };
}
