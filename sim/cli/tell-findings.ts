/** What an exploration does with each finding: minimizes it, stores it, reports it. */
import { rmSync } from "node:fs";

import {
  type CampaignReport,
  type Case,
  type Finding,
  type Pool,
  caseId,
  identityOf,
  shrinkCase,
} from "../explore/index.js";
import { version } from "../version.js";
import { commandName, commandWord } from "./command-name.js";
import type { Interrupt } from "./interrupt.js";
import type { OwnWorlds } from "./own-worlds.js";
import { replayCommand, tokenOf } from "./reporters/finding.js";
import type { ReportedFinding } from "./reporters/report-event.js";
import { type StoredCase, storeFound } from "./store-found.js";
import { tellLeast } from "./tell-least.js";
import type { Terminal } from "./terminal.js";
import type { ExploreFlags } from "./what-to-explore.js";

export interface Telling {
  readonly flags: Pick<ExploreFlags, "shrinkRuns" | "seed" | "runs" | "strategy">;
  readonly own: OwnWorlds;
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
export function isEndless({ failure }: Pick<Finding, "failure">): boolean {
  return failure.code === "RUN_NEVER_ENDS";
}

/** @returns The finding as a case, as it was found. */
export function caseOf({ scenario, profile, world, seed, failure, deviations }: Finding): Case {
  const elsewhere = world === undefined ? {} : { world };
  return { version, scenario, profile, ...elsewhere, seed, failure, deviations, minimal: false };
}

/** Tells one finding after the other, in their order. */
export async function tellFindings(
  campaign: CampaignReport,
  telling: Telling,
): Promise<readonly ReportedFinding[]> {
  const told: ReportedFinding[] = [];
  for (const finding of campaign.findings) {
    const reported = isEndless(finding)
      ? tellEndless(finding, telling)
      : await tellFinding(finding, campaign, telling);
    telling.report(reported);
    told.push(reported);
  }
  return told;
}

// This thread must not run it.
function tellEndless(finding: Finding, { flags }: Telling): ReportedFinding {
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

async function tellFinding(
  finding: Finding,
  campaign: CampaignReport,
  { flags, own, terminal, replay, interrupt, stored }: Telling,
): Promise<ReportedFinding> {
  const { failure, deviations, run, strategy, times } = finding;
  const found = caseOf(finding);
  // A run that stands still takes seconds of real time, and a shrink hundreds of runs.
  const shrinkRuns = failure.code === "SIM_WALL_LIMIT" || interrupt.signal.aborted ? 0 : flags.shrinkRuns;
  terminal.status?.(`minimizing ${identityOf(failure)}`);
  const { shrunk, least: smallest } = await shrinkCase(found, shrinkRuns, replay, interrupt.signal);
  const described = interrupt.signal.aborted ? undefined : await interrupt.race(tellLeast(smallest, own));
  const { least, story } = described ?? { least: smallest, story: [] };
  const { id, file } = storeInPlace(least, stored.get(finding.identity), terminal);
  terminal.status?.("");
  const history =
    `Run ${run} (${strategy}), ${times} of ${campaign.runs} runs; minimized from ${deviations.length} to ` +
    `${least.deviations.length} decisions in ${shrunk.runs} runs${shrunk.minimal ? "" : ", perhaps not minimal"}.`;
  return {
    ...finding,
    failure: least.failure,
    deviations: least.deviations,
    minimal: least.minimal,
    id,
    file,
    story,
    token: tokenOf(least),
    shrinkRuns: shrunk.runs,
    again: replayCommand(least),
    history,
  };
}

// The minimized case takes the place of the one that was stored when it was found.
function storeInPlace(least: Case, before: StoredCase | undefined, terminal: Terminal): StoredCase {
  // What could not be stored then cannot be stored now, and that was said.
  if (before !== undefined && before.file === undefined) return { id: caseId(least), file: undefined };
  const now = storeFound(least, terminal);
  if (before?.file !== undefined && now.file !== undefined && before.file !== now.file)
    rmSync(before.file, { force: true });
  return now;
}
