/** The pipelines that exist by name. What a name renders to is the generator's business. */

/** Every pipeline template, in catalogue order. */
export const pipelineNames = [
  "process-baseline-v1",
  "process-priority-filter-v1",
  "process-aggregated-v1",
  "process-topk-v1",
  "process-adaptive-v1",
  "process-intelligent-v1",
  "process-minimal-v1",
] as const;

export type PipelineName = (typeof pipelineNames)[number];

/** Older names that clients still send. */
const pipelineAliases: Readonly<Record<string, PipelineName>> = {
  "process-adaptive-filter-v1": "process-adaptive-v1",
};

const known: ReadonlySet<string> = new Set(pipelineNames);

/** Pipeline of the baseline when a request names none. */
export const defaultBaselinePipeline: PipelineName = "process-baseline-v1";

/** Pipeline of the candidate when a request names none. */
export const defaultCandidatePipeline: PipelineName = "process-aggregated-v1";

/** @returns The pipeline a name or alias stands for; undefined when there is none. */
export function canonicalPipeline(name: string): PipelineName | undefined {
  if (known.has(name)) return name as PipelineName;
  return Object.hasOwn(pipelineAliases, name) ? pipelineAliases[name] : undefined;
}

// Names and limits of load simulations. The processes behind a profile are the nodes' business.

/** Every load profile. */
export const loadProfiles = ["realistic", "high-cardinality", "process-churn", "chaos"] as const;

type LoadProfileName = (typeof loadProfiles)[number];

/** Life of a load simulation. */
export type LoadState = "pending" | "running" | "stopped" | "completed" | "failed";

/** One load simulation. Times are epoch milliseconds. */
export interface LoadSimulation {
  readonly id: string;
  readonly experiment_id: string;
  readonly tenant_id: string;
  readonly profile: LoadProfileName;
  readonly process_count: number;
  readonly metrics_per_second: number;
  readonly duration_ms: number;
  readonly state: LoadState;
  readonly created_at: number;
}

/** What the catalogue says about a profile. */
export interface LoadProfileInfo {
  readonly name: LoadProfileName;
  readonly description: string;
  /** Processes of the profile's own mix. */
  readonly process_count: number;
  /** Share of processes replaced in an hour. */
  readonly churn_rate: number;
}

/** The catalogue, in the order of {@link loadProfiles}. */
export const loadProfileCatalogue: readonly LoadProfileInfo[] = [
  {
    name: "realistic",
    description: "A mixed production host: web, database, applications, desktop noise.",
    process_count: 46,
    churn_rate: 0.1,
  },
  {
    name: "high-cardinality",
    description: "Hundreds of microservices, workers, jobs and containers.",
    process_count: 500,
    churn_rate: 0.5,
  },
  {
    name: "process-churn",
    description: "Short-lived processes that come and go.",
    process_count: 120,
    churn_rate: 0.8,
  },
  {
    name: "chaos",
    description: "A random mix with the highest churn.",
    process_count: 100,
    churn_rate: 0.9,
  },
];
