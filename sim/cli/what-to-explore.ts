/** What `explore` was asked for: which scenarios, and how much of each. */
import { existsSync, openSync, closeSync } from "node:fs";

import { SimError } from "../errors.js";
import { type Shard, explorable, explorableNamed, keptFolder } from "../explore/index.js";
import { profileNamed } from "../faults/index.js";
import type { Scenario } from "../scenarios/index.js";

/** The options of the command. */
export interface ExploreFlags {
  readonly all?: boolean;
  readonly runs: number;
  readonly seed: number;
  readonly strategy: string;
  readonly profile: string;
  readonly workers?: number;
  readonly shard?: Shard;
  readonly timeBudget?: number;
  readonly findings: number;
  /** Failed runs. */
  readonly failures: number;
  readonly world?: string;
  /** Real milliseconds. */
  readonly hangAfter: number;
  readonly regressions: string;
  readonly shrinkRuns: number;
  readonly report?: string;
  readonly json?: boolean;
}

/**
 * Checks names and options; with `--all` shares runs and time among the scenarios.
 *
 * @param own - Scenarios of the user's own.
 * @throws SimError `SIM_SCENARIO_UNKNOWN`, `SIM_PROFILE_UNKNOWN`, `SIM_OPTION_INVALID`.
 */
export function whatToExplore(
  named: readonly string[],
  { all = false, ...flags }: ExploreFlags,
  own: readonly Scenario[] = [],
): { readonly names: readonly string[]; readonly flags: ExploreFlags } {
  for (const name of named) explorableNamed(name, own);
  profileNamed(flags.profile);
  if (all && named.length > 0)
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot explore all scenarios and ${named.join(", ")}.`,
      "Leave out --all, or the names.",
    );
  const first = named.length > 0 ? named : ["two-clients"];
  const names = all ? [...new Set([...own, ...explorable].map(({ name }) => name))] : first;
  if (flags.report !== undefined && names.length > 1)
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot write the reports of ${names.length} scenarios to one file.`,
      "Explore one scenario at a time with --report.",
    );
  refusePaths(flags);
  if (!all) return { names, flags };
  const { runs, timeBudget } = flags;
  const share = names.length;
  return {
    names,
    flags: {
      ...flags,
      runs: Math.ceil(runs / share),
      ...(timeBudget === undefined ? {} : { timeBudget: timeBudget / share }),
    },
  };
}

// Before the first run: a campaign whose report cannot be written is lost.
function refusePaths({ report, regressions }: Pick<ExploreFlags, "report" | "regressions">): void {
  if (regressions !== keptFolder && !existsSync(regressions))
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot run the kept failures of ${regressions}: there is no such folder.`,
      `Give a folder of case files, or leave out --regressions for ${keptFolder}.`,
    );
  if (report === undefined) return;
  try {
    closeSync(openSync(report, "a"));
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot write a report to ${report}: ${(error as Error).message}.`,
      "Give a file in a folder that exists and may be written to.",
    );
  }
}
