/** Load profiles: which processes a load starts, how long they live, how fast they are replaced. */
import type { Behaviour } from "./process-behaviour.js";

/** Processes of one kind. */
export interface ProcessPattern {
  readonly name: string;
  /** Weight in the mix; the number itself when the profile runs at its natural size. */
  readonly count: number;
  readonly owners: readonly string[];
  readonly cpu: Behaviour;
  readonly memory: Behaviour;
  /** Each process ends after this long and a new one takes its place; undefined lives for ever. */
  readonly lifetimeMs?: number;
  /** Never replaced by churn. */
  readonly critical?: boolean;
  /** Gives each process a name of its own, such as `job-17`. */
  readonly numbered?: boolean;
}

export interface LoadProfile {
  readonly patterns: readonly ProcessPattern[];
  /** Share of the processes replaced per hour. */
  readonly churnPerHour: number;
}

const users = ["alice", "bob", "carol", "dave", "erin", "frank"];
const secondMs = 1000;
const minuteMs = 60 * secondMs;

const webServer = {
  name: "nginx-worker",
  owners: ["www-data"],
  cpu: "steady",
  memory: "steady",
  critical: true,
} as const;
const database = {
  name: "postgres",
  owners: ["postgres"],
  cpu: "steady",
  memory: "growing",
  critical: true,
} as const;
const pythonApp = { name: "python-app", owners: ["app"], cpu: "spiky", memory: "growing" } as const;
const nodeService = { name: "node-service", owners: ["app"], cpu: "random", memory: "random" } as const;
const browserTab = { name: "chrome-tab", cpu: "random", memory: "spiky", lifetimeMs: 5 * minuteMs } as const;
const cronJob = { name: "cron-job", cpu: "spiky", memory: "steady", lifetimeMs: minuteMs } as const;

const realistic: readonly ProcessPattern[] = [
  { ...webServer, count: 4 },
  { ...database, count: 2 },
  { name: "redis-server", count: 1, owners: ["redis"], cpu: "steady", memory: "growing", critical: true },
  { ...pythonApp, count: 8 },
  { ...nodeService, count: 6 },
  { ...browserTab, count: 20, owners: users },
  { ...cronJob, count: 5, owners: ["root", "backup"] },
];

const highCardinality: readonly ProcessPattern[] = [
  { name: "microservice", count: 100, owners: ["svc"], cpu: "steady", memory: "steady", numbered: true },
  { name: "worker", count: 50, owners: ["svc"], cpu: "random", memory: "growing", numbered: true },
  {
    name: "job",
    count: 200,
    owners: ["batch"],
    cpu: "spiky",
    memory: "random",
    lifetimeMs: minuteMs,
    numbered: true,
  },
  { name: "container", count: 150, owners: ["root"], cpu: "random", memory: "random", numbered: true },
];

const processChurn: readonly ProcessPattern[] = [
  {
    name: "short-lived",
    count: 50,
    owners: ["app"],
    cpu: "spiky",
    memory: "steady",
    lifetimeMs: 30 * secondMs,
  },
  {
    name: "batch-job",
    count: 30,
    owners: ["batch"],
    cpu: "growing",
    memory: "growing",
    lifetimeMs: 2 * minuteMs,
  },
  { name: "temp-worker", count: 40, owners: ["app"], cpu: "random", memory: "random", lifetimeMs: minuteMs },
];

const weighted = (pattern: ProcessPattern, weight: number): ProcessPattern => ({
  ...pattern,
  count: pattern.count * weight,
});

/** Profiles by name. `background` is what a node runs on its own. */
export const loadProfiles: Readonly<Record<string, LoadProfile>> = {
  realistic: { patterns: realistic, churnPerHour: 0.1 },
  "high-cardinality": { patterns: highCardinality, churnPerHour: 0.5 },
  "process-churn": { patterns: processChurn, churnPerHour: 0.8 },
  chaos: {
    patterns: [
      ...realistic,
      // Weighted so that each profile gives about a third of the mix.
      ...highCardinality.map((pattern) => weighted(pattern, 1 / 10)),
      ...processChurn.map((pattern) => weighted(pattern, 1 / 3)),
    ],
    churnPerHour: 0.9,
  },
  background: {
    patterns: [
      { name: "systemd", count: 1, owners: ["root"], cpu: "steady", memory: "steady", critical: true },
      { name: "kubelet", count: 1, owners: ["root"], cpu: "steady", memory: "steady", critical: true },
      { name: "sshd", count: 1, owners: ["root"], cpu: "steady", memory: "steady", critical: true },
      { ...webServer, count: 1 },
      { ...database, count: 1 },
      { ...pythonApp, count: 2 },
      { ...nodeService, count: 1 },
      { ...browserTab, count: 7, owners: users.slice(0, 2) },
      { ...cronJob, count: 2, owners: ["root"] },
    ],
    churnPerHour: 0.1,
  },
};

/**
 * Shares `processCount` among patterns in proportion to their counts, by largest remainder, so that every run of a
 * profile at one size has the same mix.
 *
 * @returns One number per pattern; they add up to `processCount`.
 */
export function shareOut(patterns: readonly ProcessPattern[], processCount: number): number[] {
  const total = patterns.reduce((sum, pattern) => sum + pattern.count, 0);
  const exact = patterns.map((pattern) => (pattern.count / total) * processCount);
  const counts = exact.map(Math.floor);
  const missing = processCount - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = exact
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}
