/**
 * The report of a campaign, or of some of its shards: what was run, what was found. Adds it up from the runs, reads and
 * checks one from a file, and merges those of shards. Plain data, so that it can be written on one machine and merged on
 * another.
 */
import { z } from "zod";

import { SimError } from "../errors.js";
import type { Decision } from "../kernel/index.js";
import type { Difference } from "./compare-runs.js";
import type { RunReport } from "./executor.js";
import type { Replay } from "./replay.js";
import { identityOf, type Failure, type RunTarget } from "./run.js";

// Shards: parts of one campaign, each run on a machine of its own and merged afterwards.

/** The `index`th of `count` parts, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** All of a campaign. */
export const wholeCampaign: Shard = { index: 1, count: 1 };

/** @param text - Such as `2/8`. @throws SimError `SIM_SHARD_INVALID` for anything else. */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && index >= 1 && index <= count) return { index, count };
  throw new SimError(
    "SIM_SHARD_INVALID",
    `Cannot read "${text}" as a shard.`,
    "Write the number of this part and of all parts, such as 1/4 to 4/4.",
  );
}

/** @returns Position in the whole campaign of the run at `position` of the shard: shards take turns. */
export function globalRun({ index, count }: Shard, position: number): number {
  return position * count + index - 1;
}

/** @returns How many of `runs` runs fall to the shard. */
export function shardRuns({ index, count }: Shard, runs: number): number {
  return runs === Infinity ? Infinity : Math.max(0, Math.ceil((runs - index + 1) / count));
}

/** Format of the report; a report of another format is refused. */
const reportFormat = 2;

/** One way in which runs failed. */
export interface Finding extends RunTarget {
  /** What makes it the same finding: kind, and invariant or code. */
  readonly identity: string;
  readonly failure: Failure;
  /** The first run that failed so, with everything that brings it back. */
  readonly run: number;
  readonly seed: number;
  readonly strategy: string;
  readonly decisions: readonly Decision[];
  /** Whether it was shrunk until no decision can be left out. @default false */
  readonly minimal?: boolean;
  readonly traceHash: string;
  /** How many runs failed so. */
  readonly times: number;
}

interface StrategyTally {
  readonly runs: number;
  readonly failed: number;
}

/** What became of a stored case that was run again before all else. */
export interface CaseResult extends Pick<Replay, "verdict" | "divergence"> {
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
  readonly benign: readonly string[];
  readonly strategies: Readonly<Record<string, StrategyTally>>;
  readonly sometimes: { readonly declared: readonly string[]; readonly reached: readonly string[] };
  /** Runs in which a fault was injected, and how many faults in all of them. */
  readonly faults: { readonly runs: number; readonly injected: number };
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
  const benign = new Set<string>();
  const reached = new Set<string>();
  let [runs, failed, steps, virtualUs] = [0, 0, 0, 0];
  let [faultRuns, injected] = [0, 0];

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
      if (report.faults > 0) faultRuns += 1;
      injected += report.faults;
      steps += report.steps;
      virtualUs += report.virtualUs;
      const tally = strategies.get(strategy) ?? { runs: 0, failed: 0 };
      const failedNow = failure === undefined ? 0 : 1;
      strategies.set(strategy, { runs: tally.runs + 1, failed: tally.failed + failedNow });
      for (const name of sometimes?.declared ?? []) declared.add(name);
      for (const name of sometimes?.reached ?? []) reached.add(name);
      if (difference !== undefined && differences.length < differencesMax)
        differences.push({ ...difference, run: globalRun(shard, report.run) });
      for (const use of report.benign) benign.add(use);
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
      benign: [...benign].sort(compareText),
      strategies: Object.fromEntries(strategies),
      faults: { runs: faultRuns, injected },
      sometimes: { declared: [...declared].sort(compareText), reached: [...reached].sort(compareText) },
      ...end,
    }),
  };
}

function firstOf(
  { run, seed, strategy, decisions, traceHash }: RunReport,
  failure: Failure,
  { scenario, profile, world }: RunTarget,
  shard: Shard,
): Omit<Finding, "times"> {
  const identity = identityOf(failure);
  const position = globalRun(shard, run);
  const target = { scenario, profile, ...(world === undefined ? {} : { world }) };
  return { ...target, identity, failure, run: position, seed, strategy, decisions, traceHash };
}

/** Orders texts by their code units, whatever the locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// Reads what a shard wrote: on another machine, perhaps by another version, perhaps cut off.

const count = z.int().min(0);
const position = z.int().min(1);
const failure = z.looseObject({ kind: z.string(), code: z.string(), message: z.string() });
const decision = z.looseObject({ kind: z.string(), label: z.string(), occurrence: count, value: count });
const finding = z.looseObject({
  identity: z.string(),
  scenario: z.string(),
  profile: z.string(),
  world: z.string().optional(),
  failure,
  run: count,
  seed: z.int(),
  strategy: z.string(),
  decisions: z.array(decision),
  times: count,
});

const report = z.looseObject({
  version: z.string(),
  campaign: z.string(),
  scenario: z.string(),
  profile: z.string(),
  world: z.string().optional(),
  shardCount: position,
  shards: z.array(position).min(1),
  runs: count,
  failed: count,
  steps: count,
  virtualUs: count,
  covered: count,
  cases: z.array(z.looseObject({ id: z.string(), verdict: z.string() })),
  findings: z.array(finding),
  differences: z.array(z.looseObject({ run: count })),
  benign: z.array(z.string()),
  strategies: z.record(z.string(), z.looseObject({ runs: count, failed: count })),
  faults: z.looseObject({ runs: count, injected: count }),
  sometimes: z.looseObject({ declared: z.array(z.string()), reached: z.array(z.string()) }),
});

/**
 * @param text - What a shard wrote.
 * @param name - The file, for messages.
 * @param version - Of the package that reads: findings are brought back by it.
 * @throws SimError `SIM_SHARD_INVALID` when it is no report of this format and version.
 */
export function parseReport(text: string, name: string, version: string): CampaignReport {
  const value = parseJson(text, name);
  const { format, version: writer } = (value ?? {}) as Partial<CampaignReport>;
  if (format !== reportFormat)
    throw invalid(
      `${name} is not a report of format ${reportFormat}: its format is ${JSON.stringify(format) ?? "missing"}.`,
    );
  const parsed = report.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(
      `${name} is damaged: ${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "not understood"}.`,
    );
  }
  if (writer !== version)
    throw invalid(`${name} was written by version ${String(writer)}, and this is ${version}.`);
  return value as CampaignReport;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${name} is not a report: it is not JSON.`, error);
  }
}

function invalid(problem: string, cause?: unknown): SimError {
  return new SimError(
    "SIM_SHARD_INVALID",
    problem,
    "Name files that `explore --report` of this version wrote, unchanged.",
    cause === undefined ? undefined : { cause },
  );
}

// Merging the reports of shards. The order in which reports are merged makes no difference.

/**
 * Merges two reports, each of one or more shards. Associative and commutative.
 *
 * @throws SimError `SIM_SHARD_INVALID` for reports of different campaigns, or a shard that is in both.
 */
export function mergeReports(one: CampaignReport, other: CampaignReport): CampaignReport {
  checkSameCampaign(one, other);
  const twice = one.shards.filter((shard) => other.shards.includes(shard));
  if (twice.length > 0) {
    throw cannotMerge(
      `Cannot merge: ${twice.length === 1 ? "shard" : "shards"} ${twice.join(", ")} of ${one.shardCount} came twice.`,
      "Merge the report of each shard once.",
    );
  }
  const byRun = (a: { run: number }, b: { run: number }): number => a.run - b.run;
  return {
    ...one,
    shards: [...one.shards, ...other.shards].sort((a, b) => a - b),
    runs: one.runs + other.runs,
    failed: one.failed + other.failed,
    steps: one.steps + other.steps,
    virtualUs: one.virtualUs + other.virtualUs,
    cases: [...one.cases, ...other.cases].sort((a, b) => compareText(a.id, b.id)),
    covered: one.covered + other.covered,
    findings: mergeFindings([...one.findings, ...other.findings]),
    differences: [...one.differences, ...other.differences].sort(byRun),
    benign: union(one.benign, other.benign),
    strategies: mergeStrategies(one.strategies, other.strategies),
    faults: {
      runs: one.faults.runs + other.faults.runs,
      injected: one.faults.injected + other.faults.injected,
    },
    sometimes: {
      declared: union(one.sometimes.declared, other.sometimes.declared),
      reached: union(one.sometimes.reached, other.sometimes.reached),
    },
    stoppedBy: [one.stoppedBy, other.stoppedBy].sort((a, b) => compareText(b ?? "", a ?? ""))[0],
  };
}

/**
 * Merges the reports of all shards of a campaign.
 *
 * @throws SimError `SIM_SHARD_INVALID` when there is none, one is missing or twice, or they do not belong together.
 */
export function mergeAll(reports: readonly CampaignReport[]): CampaignReport {
  const [first, ...rest] = reports;
  if (first === undefined) throw cannotMerge("There is no report to merge.", "Name the files of all shards.");
  const merged = rest.reduce(mergeReports, first);
  const missing = Array.from({ length: merged.shardCount }, (_, index) => index + 1).filter(
    (shard) => !merged.shards.includes(shard),
  );
  if (missing.length === 0) return merged;
  throw cannotMerge(
    `Cannot merge: ${missing.length === 1 ? "shard" : "shards"} ${missing.join(", ")} of ${merged.shardCount} ${missing.length === 1 ? "is" : "are"} missing.`,
    "A machine may have failed before it wrote its report. Run those shards again, then merge all.",
  );
}

function checkSameCampaign(one: CampaignReport, other: CampaignReport): void {
  for (const key of ["format", "version", "campaign", "scenario", "profile", "shardCount"] as const) {
    if (one[key] === other[key]) continue;
    throw cannotMerge(
      `Cannot merge reports of different campaigns: ${key} is ${JSON.stringify(one[key])} and ${JSON.stringify(other[key])}.`,
      "Merge only the shards of one campaign, run with the same options and version.",
    );
  }
}

// What was found in both counts as found by the earliest run.
function mergeFindings(all: readonly Finding[]): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of [...all].sort((a, b) => a.run - b.run)) {
    const known = merged.get(finding.identity);
    const times = (known?.times ?? 0) + finding.times;
    merged.set(finding.identity, { ...(known ?? finding), times });
  }
  return [...merged.values()];
}

function mergeStrategies(
  one: CampaignReport["strategies"],
  other: CampaignReport["strategies"],
): Readonly<Record<string, StrategyTally>> {
  const none: StrategyTally = { runs: 0, failed: 0 };
  const entries = union(Object.keys(one), Object.keys(other)).map((name) => {
    const [a, b] = [one[name] ?? none, other[name] ?? none];
    return [name, { runs: a.runs + b.runs, failed: a.failed + b.failed }] as const;
  });
  return Object.fromEntries(entries);
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])].sort(compareText);
}

function cannotMerge(problem: string, hint: string, cause?: unknown): SimError {
  return new SimError("SIM_SHARD_INVALID", problem, hint, cause === undefined ? undefined : { cause });
}
