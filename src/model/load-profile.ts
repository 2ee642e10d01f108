/** Names and limits of load simulations. The processes behind a profile are the nodes' business. */

/** Every load profile. */
export const loadProfiles = ["realistic", "high-cardinality", "process-churn", "chaos"] as const;

export type LoadProfileName = (typeof loadProfiles)[number];

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
