/** What the commands do with findings: minimize, store and report each, write the report of a campaign, and conclude it. */
import { rmSync, writeFileSync } from "node:fs";

import { SimError } from "../errors.js";
import {
  caseId,
  failureHashOf,
  formatDifference,
  identityOf,
  replayWithTrace,
  shrinkCase,
  storeCase,
  type CampaignReport,
  type Case,
  type Finding,
  type Pool,
} from "../explore/index.js";
import { version } from "../shared/version.js";
import type { CustomWorlds } from "./custom-worlds.js";
import type { ExploreFlags } from "./explore-plan.js";
import { missing } from "./reporters/outcome.js";
import {
  commandName,
  commandWord,
  replayCommand,
  tokenOf,
  type ReportedFinding,
} from "./reporters/reporter.js";
import { exitCodes, type Interrupt, type Terminal } from "./terminal.js";

// The report of a failure once it is minimized.

export interface MinimizedReport {
  /** The case, with its failure as it was seen here, where lines are those of the sources. */
  readonly minimized: Case;
  readonly story: readonly string[];
}

/** Runs it once more, in this thread. */
export async function reportMinimized(
  smallest: Case,
  custom: Pick<CustomWorlds, "makeRun">,
): Promise<MinimizedReport> {
  const failureHash = failureHashOf(identityOf(smallest.failure));
  const { verdict, outcome, story } = await replayWithTrace({ ...smallest, failureHash }, custom.makeRun);
  const seen = verdict === "same" ? outcome.failure : undefined;
  return { minimized: { ...smallest, failure: seen ?? smallest.failure }, story };
}

// Stores what was found, where that can be done: what was found is reported either way.

export interface StoredCase {
  readonly id: string;
  /** Undefined when it could not be stored. */
  readonly file: string | undefined;
}

/** Warns when the case cannot be stored: its token still brings it back. */
export function storeFound(found: Case, terminal: Pick<Terminal, "err">): StoredCase {
  try {
    return storeCase(found);
  } catch (error) {
    if (!(error instanceof SimError)) throw error;
    terminal.err(error.message);
    return { id: caseId(found), file: undefined };
  }
}

export interface FindingsContext {
  readonly flags: Pick<ExploreFlags, "shrinkRuns" | "seed" | "runs" | "strategy">;
  readonly custom: CustomWorlds;
  readonly terminal: Terminal;
  /** Runs what a shrink tries: threads that have run thousands of worlds are quicker than this one. */
  readonly replay: Pool["replay"];
  /** When nobody wants to wait any more, what is left is reported as it is. */
  readonly interrupt: Interrupt;
  /** Where each finding, by its identity, was stored when it was found. */
  readonly stored: ReadonlyMap<string, StoredCase>;
  /** Gets each finding once it is minimized. */
  readonly report: (finding: ReportedFinding) => void;
}

/** Whether nothing is known of a failure but the seed of its run: nothing brings it back but the same exploration. */
export function isHang({ failure }: Pick<Finding, "failure">): boolean {
  return failure.code === "RUN_NEVER_ENDS";
}

/** @returns The finding as a case, as it was found. */
export function caseOf({ scenario, profile, world, seed, failure, decisions }: Finding): Case {
  const elsewhere = world === undefined ? {} : { world };
  return { version, scenario, profile, ...elsewhere, seed, failure, decisions, minimal: false };
}

/** Tells one finding after the other, in their order. */
export async function reportFindings(
  campaign: CampaignReport,
  context: FindingsContext,
): Promise<readonly ReportedFinding[]> {
  const reportedFindings: ReportedFinding[] = [];
  for (const finding of campaign.findings) {
    const reported = isHang(finding)
      ? reportHang(finding, context)
      : await reportFinding(finding, campaign, context);
    context.report(reported);
    reportedFindings.push(reported);
  }
  return reportedFindings;
}

// This thread must not run it.
function reportHang(finding: Finding, { flags }: FindingsContext): ReportedFinding {
  const { scenario, profile, run, strategy, world } = finding;
  const options = [
    `--profile ${profile} --seed ${flags.seed} --runs ${flags.runs} --strategy ${flags.strategy}`,
    ...(world === undefined ? [] : [`--world ${commandWord(world)}`]),
  ];
  const again = `${commandName} explore ${scenario} ${options.join(" ")}`;
  return {
    ...finding,
    again,
    history: `Run ${run} (${strategy}); only the same exploration finds it again.`,
  };
}

async function reportFinding(
  finding: Finding,
  campaign: CampaignReport,
  { flags, custom, terminal, replay, interrupt, stored }: FindingsContext,
): Promise<ReportedFinding> {
  const { failure, decisions, run, strategy, times } = finding;
  const found = caseOf(finding);
  // A run that stands still takes seconds of real time, and a shrink hundreds of runs.
  const shrinkRuns = failure.code === "SIM_WALL_LIMIT" || interrupt.signal.aborted ? 0 : flags.shrinkRuns;
  terminal.status?.(`minimizing ${identityOf(failure)}`);
  const { shrunk, minimized: smallest } = await shrinkCase(found, shrinkRuns, replay, interrupt.signal);
  const described = interrupt.signal.aborted
    ? undefined
    : await interrupt.race(reportMinimized(smallest, custom));
  const { minimized, story } = described ?? { minimized: smallest, story: [] };
  const { id, file } = replaceStored(minimized, stored.get(finding.identity), terminal);
  terminal.status?.("");
  const history =
    `Run ${run} (${strategy}), ${times} of ${campaign.runs} runs; minimized from ${decisions.length} to ` +
    `${minimized.decisions.length} decisions in ${shrunk.runs} runs${shrunk.minimal ? "" : ", perhaps not minimal"}.`;
  return {
    ...finding,
    failure: minimized.failure,
    decisions: minimized.decisions,
    minimal: minimized.minimal,
    id,
    file,
    story,
    token: tokenOf(minimized),
    shrinkRuns: shrunk.runs,
    again: replayCommand(minimized),
    history,
  };
}

// The minimized case takes the place of the one that was stored when it was found.
function replaceStored(minimized: Case, before: StoredCase | undefined, terminal: Terminal): StoredCase {
  // What could not be stored then cannot be stored now, and that was said.
  if (before !== undefined && before.file === undefined) return { id: caseId(minimized), file: undefined };
  const now = storeFound(minimized, terminal);
  if (before?.file !== undefined && now.file !== undefined && before.file !== now.file)
    rmSync(before.file, { force: true });
  return now;
}

// Writes the report of a campaign, for `merge`.

/**
 * @param file - Undefined writes nothing.
 * @throws SimError `SIM_OPTION_INVALID` when it cannot be written.
 */
export function writeReport(file: string | undefined, report: CampaignReport): void {
  if (file === undefined) return;
  try {
    writeFileSync(file, `${JSON.stringify(report)}\n`);
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot write the report to ${file}: ${(error as Error).message}.`,
      "Give a file in a folder that exists and may be written to, on a disk that is not full.",
      { cause: error },
    );
  }
}

// How a campaign ended, in words and as an exit code.

const differencesShown = 3;

/** Reports stored cases, leaks, and properties that were never observed. @returns The exit code. */
export function conclude(report: CampaignReport, terminal: Pick<Terminal, "err">): number {
  const { scenario, runs, failed, cases, differences, covered, stoppedBy, faults } = report;
  for (const { id, verdict, divergence } of cases)
    terminal.err(
      `Stored case ${id}: ${verdict === "same" ? "fails as before" : verdict}${divergence === undefined ? "" : `; ${divergence}`}`,
    );
  for (const use of report.benign)
    terminal.err(`Real (not simulated) source used, without effect on the run: ${use}`);
  for (const difference of differences.slice(0, differencesShown)) terminal.err(formatDifference(difference));
  const unreached = missing(report);
  for (const name of unreached) terminal.err(`The property "${name}" was never observed in ${runs} runs.`);
  terminal.err(
    `${scenario}: ${runs} runs, ${failed} failed, ${faults.injected} faults injected in ${faults.runs} runs, ${covered} pairs of steps covered${stoppedBy === undefined ? "" : `, ended by ${stoppedBy}`}.`,
  );
  if (differences.length > 0) return exitCodes.notDeterministic;
  const again = cases.some(({ verdict }) => verdict !== "no failure");
  return failed > 0 || again || unreached.length > 0 ? exitCodes.finding : exitCodes.ok;
}
