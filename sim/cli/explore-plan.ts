/** What `explore` was asked for: which scenarios, and how much of each. */
import { closeSync, existsSync, openSync, statSync } from "node:fs";

import { SimError } from "../errors.js";
import { explorable, explorableNamed } from "../explore/index.js";
import { keptFolder } from "../shared/folders.js";
import { profileNamed } from "../world/faults/index.js";
import { resolvePhoenixOptions } from "../world/index.js";
import type { ReporterFlags } from "./reporters/reporters.js";
import type { CustomWorlds } from "./custom-worlds.js";

/** The options of the command. */
export interface ExploreFlags extends ReporterFlags {
  readonly all?: boolean;
  readonly runs: number;
  readonly seed: number;
  readonly strategy: string;
  readonly profile: string;
  readonly workers?: number;
  readonly shard?: string;
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
}

/**
 * Checks names and options; with `--all` shares runs and time among the scenarios.
 *
 * @param custom - Worlds and scenarios of the user's own; their options are checked here, before any thread takes them.
 * @throws SimError `SIM_SCENARIO_UNKNOWN`, `SIM_PROFILE_UNKNOWN`, `SIM_OPTION_INVALID`.
 */
export function planExploration(
  named: readonly string[],
  { all = false, ...flags }: ExploreFlags,
  { world, scenarios: custom }: Pick<CustomWorlds, "world" | "scenarios"> = { world: {}, scenarios: [] },
): { readonly names: readonly string[]; readonly flags: ExploreFlags } {
  for (const name of named) explorableNamed(name, custom);
  profileNamed(flags.profile);
  for (const options of [world, ...custom.map((scenario) => scenario.world)]) resolvePhoenixOptions(options);
  if (all && named.length > 0)
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot explore all scenarios and ${named.join(", ")}.`,
      "Leave out --all, or the names.",
    );
  const first = named.length > 0 ? named : ["two-clients"];
  const names = all ? [...new Set([...custom, ...explorable].map(({ name }) => name))] : first;
  if (flags.report !== undefined && names.length > 1)
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot write the reports of ${names.length} scenarios to one file.`,
      "Explore one scenario at a time with --report.",
    );
  for (const name of names) refuseName(name);
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

// Names are part of replay tokens.
function refuseName(name: string): void {
  if (/^[\w-]+$/.test(name)) return;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot explore the scenario "${name}": a replay token cannot contain that name.`,
    "Give it a name of letters, digits, - and _.",
  );
}

// Before the first run: a campaign whose report cannot be written is lost.
function refusePaths({ report, regressions }: Pick<ExploreFlags, "report" | "regressions">): void {
  const there = existsSync(regressions);
  if (there ? !statSync(regressions).isDirectory() : regressions !== keptFolder)
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot run the kept failures of ${regressions}: ${there ? "it is not a folder" : "there is no such folder"}.`,
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
