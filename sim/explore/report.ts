/**
 * The report of a campaign, or of some of its shards: what was run, what was found. Plain data, so that it can
 * be written to a file on one machine and merged on another.
 */
import type { Deviation } from "../kernel/index.js";
import type { Difference } from "./determinism.js";
import type { RunReport } from "./executor.js";
import type { Replay } from "./replay.js";
import { type Failure, type RunTarget, identityOf } from "./run.js";
import { type Shard, globalRun } from "./shard.js";

/** Format of the report; a report of another format is refused. */
export const reportFormat = 1;

/** One way in which runs failed. */
export interface Finding extends RunTarget {
  /** What makes it the same finding: kind, and invariant or code. */
  readonly identity: string;
  readonly failure: Failure;
  /** The first run that failed so, with everything that brings it back. */
  readonly run: number;
  readonly seed: number;
  readonly strategy: string;
  readonly deviations: readonly Deviation[];
  /** Whether it was shrunk until no deviation can be left out. @default false */
  readonly minimal?: boolean;
  readonly traceHash: string;
  /** How many runs failed so. */
  readonly times: number;
}

export interface StrategyTally {
  readonly runs: number;
  readonly failed: number;
}

/** What became of a stored case that was run again before all else. */
export interface CaseResult extends Pick<Replay, "verdict" | "left"> {
  readonly id: string;
}

export interface CampaignReport extends RunTarget {
  readonly format: typeof reportFormat;
  readonly version: string;
  /** Seed and settings of the campaign in one line; only reports with the same can be merged. */
  readonly campaign: string;
  readonly shardCount: number;
  /** Shards that it covers, ascending. */
  readonly shards: readonly number[];
  readonly runs: number;
  readonly failed: number;
  readonly steps: number;
  readonly virtualUs: number;
  /** Pairs of steps covered, added up over the shards. */
  readonly covered: number;
  /** Stored cases, each run again once. */
  readonly cases: readonly CaseResult[];
  /** What was found, each once, the earliest run first. */
  readonly findings: readonly Finding[];
  /** Runs that could not be brought back; any makes the campaign worthless. */
  readonly differences: readonly (Difference & { readonly run: number })[];
  /** Uses of real time, randomness or I/O that made no difference in the runs that were run twice. */
  readonly harmless: readonly string[];
  readonly strategies: Readonly<Record<string, StrategyTally>>;
  readonly sometimes: { readonly declared: readonly string[]; readonly reached: readonly string[] };
  /** Why it ended before its last run, if it did. */
  readonly stoppedBy: "time budget" | "findings" | "failures" | "interrupt" | "exhausted" | undefined;
}

/** @returns Conditions that should have come true in some run and never did. */
export function neverReached({ sometimes }: Pick<CampaignReport, "sometimes">): readonly string[] {
  return sometimes.declared.filter((name) => !sometimes.reached.includes(name));
}

/** Adds up the reports of runs. */
export interface Tally {
  /** Must be called in the order of the runs. @returns How it failed, when no run before failed in that way. */
  add(run: RunReport): Finding | undefined;
  readonly runs: number;
  readonly findings: number;
  /** Runs that failed. */
  readonly failed: number;
  report(end: Pick<CampaignReport, "cases" | "covered" | "stoppedBy">): CampaignReport;
}

const differencesMax = 20;

export function createTally(
  head: Pick<CampaignReport, "version" | "campaign" | "scenario" | "profile" | "world">,
  shard: Shard,
): Tally {
  const findings = new Map<string, Finding>();
  const differences: (Difference & { run: number })[] = [];
  const strategies = new Map<string, StrategyTally>();
  const declared = new Set<string>();
  const harmless = new Set<string>();
  const reached = new Set<string>();
  let [runs, failed, steps, virtualUs] = [0, 0, 0, 0];

  function find(report: RunReport, failure: Failure): Finding | undefined {
    const identity = identityOf(failure);
    const known = findings.get(identity);
    const finding = { ...(known ?? firstOf(report, failure, head, shard)), times: (known?.times ?? 0) + 1 };
    findings.set(identity, finding);
    return known === undefined ? finding : undefined;
  }

  return {
    add(report) {
      const { failure, difference, strategy, sometimes } = report;
      runs += 1;
      steps += report.steps;
      virtualUs += report.virtualUs;
      const tally = strategies.get(strategy) ?? { runs: 0, failed: 0 };
      const failedNow = failure === undefined ? 0 : 1;
      strategies.set(strategy, { runs: tally.runs + 1, failed: tally.failed + failedNow });
      for (const name of sometimes?.declared ?? []) declared.add(name);
      for (const name of sometimes?.reached ?? []) reached.add(name);
      if (difference !== undefined && differences.length < differencesMax)
        differences.push({ ...difference, run: globalRun(shard, report.run) });
      for (const use of report.harmless) harmless.add(use);
      failed += failedNow;
      return failure && find(report, failure);
    },
    get runs() {
      return runs;
    },
    get findings() {
      return findings.size;
    },
    get failed() {
      return failed;
    },
    report: (end) => ({
      format: reportFormat,
      ...head,
      shardCount: shard.count,
      shards: [shard.index],
      runs,
      failed,
      steps,
      virtualUs,
      findings: [...findings.values()],
      differences,
      harmless: [...harmless].sort(compareText),
      strategies: Object.fromEntries(strategies),
      sometimes: { declared: [...declared].sort(compareText), reached: [...reached].sort(compareText) },
      ...end,
    }),
  };
}

function firstOf(
  { run, seed, strategy, deviations, traceHash }: RunReport,
  failure: Failure,
  { scenario, profile, world }: RunTarget,
  shard: Shard,
): Omit<Finding, "times"> {
  const identity = identityOf(failure);
  const position = globalRun(shard, run);
  const target = { scenario, profile, ...(world === undefined ? {} : { world }) };
  return { ...target, identity, failure, run: position, seed, strategy, deviations, traceHash };
}

/** Orders texts by their code units, whatever the locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
