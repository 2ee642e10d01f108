/** Merging the reports of shards. The order in which reports are merged makes no difference. */
import { SimError } from "../errors.js";
import { type CampaignReport, type Finding, type StrategyTally, compareText } from "./report.js";

/**
 * Merges two reports, each of one or more shards. Associative and commutative.
 *
 * @throws SimError `SIM_SHARD_INVALID` for reports of different campaigns, or a shard that is in both.
 */
export function mergeReports(one: CampaignReport, other: CampaignReport): CampaignReport {
  refuseStrangers(one, other);
  const twice = one.shards.filter((shard) => other.shards.includes(shard));
  if (twice.length > 0) {
    throw invalid(
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
    harmless: union(one.harmless, other.harmless),
    strategies: mergeStrategies(one.strategies, other.strategies),
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
  if (first === undefined) throw invalid("There is no report to merge.", "Name the files of all shards.");
  const merged = rest.reduce(mergeReports, first);
  const missing = Array.from({ length: merged.shardCount }, (_, index) => index + 1).filter(
    (shard) => !merged.shards.includes(shard),
  );
  if (missing.length === 0) return merged;
  throw invalid(
    `Cannot merge: ${missing.length === 1 ? "shard" : "shards"} ${missing.join(", ")} of ${merged.shardCount} ${missing.length === 1 ? "is" : "are"} missing.`,
    "A machine may have failed before it wrote its report. Run those shards again, then merge all.",
  );
}

function refuseStrangers(one: CampaignReport, other: CampaignReport): void {
  for (const key of ["format", "version", "campaign", "scenario", "profile", "shardCount"] as const) {
    if (one[key] === other[key]) continue;
    throw invalid(
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

function invalid(problem: string, hint: string, cause?: unknown): SimError {
  return new SimError("SIM_SHARD_INVALID", problem, hint, cause === undefined ? undefined : { cause });
}
