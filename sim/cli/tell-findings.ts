/** What an exploration does with each finding: shrinks it, stores it, prints it. */
import {
  type CampaignReport,
  type Case,
  type Finding,
  type Pool,
  identityOf,
  shrinkCase,
} from "../explore/index.js";
import { version } from "../version.js";
import type { OwnWorlds } from "./own-worlds.js";
import { formatFinding, tokenOf } from "./reporters/finding.js";
import { storeFound } from "./store-found.js";
import { tellLeast } from "./tell-least.js";
import type { Terminal } from "./terminal.js";
import type { ExploreFlags } from "./what-to-explore.js";

export interface Telling {
  readonly flags: Pick<ExploreFlags, "shrinkRuns" | "json">;
  readonly own: OwnWorlds;
  readonly terminal: Terminal;
  /** Runs what a shrink tries: threads that have run thousands of worlds are quicker than this one. */
  readonly replay: Pool["replay"];
  /** Aborted when nobody wants to wait any more: what is left is stored as it is. */
  readonly signal: AbortSignal;
}

export interface Told {
  /** The finding, brought back by the least deviations that were found. */
  readonly least: Finding;
  /** What `--json` prints of it. */
  readonly document: unknown;
}

/** Tells one finding after the other, in their order. */
export async function tellFindings(report: CampaignReport, telling: Telling): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const finding of report.findings)
    told.push(
      finding.failure.code === "RUN_NEVER_ENDS"
        ? tellEndless(finding, telling)
        : await tellFinding(finding, report, telling),
    );
  return told;
}

// Nothing is known of it but its seed, and this thread must not run it.
function tellEndless(finding: Finding, { flags: { json = false }, terminal }: Telling): Told {
  const { failure, scenario, profile, run, strategy } = finding;
  const lines = [
    `FOUND ${identityOf(failure)} in ${scenario} under ${profile}`,
    `  ${failure.message}`,
    `  Run ${run} (${strategy}). Explore again with the same options to see it again.`,
  ];
  if (!json) terminal.out(`${lines.join("\n")}\n`);
  return { least: finding, document: finding };
}

async function tellFinding(
  finding: Finding,
  report: CampaignReport,
  { flags, own, terminal, replay, signal }: Telling,
): Promise<Told> {
  const { scenario, profile, seed, failure, deviations, run, strategy, times } = finding;
  const found: Case = { version, scenario, profile, seed, failure, deviations, minimal: false };
  // A run that stands still takes seconds of real time, and a shrink hundreds of runs.
  const shrinkRuns = failure.code === "SIM_WALL_LIMIT" || signal.aborted ? 0 : flags.shrinkRuns;
  terminal.status?.(`shrinking ${identityOf(failure)}`);
  const { shrunk, least: smallest } = await shrinkCase(found, shrinkRuns, replay, signal);
  const { least, story } = await tellLeast(smallest, own);
  const { id, file } = storeFound(least, terminal);
  terminal.status?.("");
  const history =
    `Run ${run} (${strategy}), ${times} of ${report.runs} runs; shrunk from ${deviations.length} to ` +
    `${least.deviations.length} deviations in ${shrunk.runs} runs${shrunk.minimal ? "" : ", perhaps not the least"}.`;
  if (flags.json !== true)
    terminal.out(`${formatFinding({ found: least, id, file, story, history, worldFile: own.file })}\n`);
  const token = tokenOf(least);
  return {
    least: { ...finding, failure: least.failure, deviations: least.deviations, minimal: least.minimal },
    document: { ...finding, id, file, story, token, shrunk: least.deviations, shrinkRuns: shrunk.runs },
  };
}
