/** The options of `phoenix-sim explore`. */
import { type Command, Option } from "commander";

import { keptFolder } from "../../folders.js";
import { parseCount, parseDurationOption, parseLimit, parseSeed } from "../numbers.js";
import { collectReporter, reporterHelp } from "../reporters/reporter-spec.js";
import { worldOptionHelp } from "./world-option.js";
import type { Terminal } from "../terminal.js";
import type { ExploreFlags } from "../what-to-explore.js";

/** Adds the command to `program`. */
export function addExploreCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("explore")
    .description("hunt for schedules and faults that break scenarios; minimize and store what is found")
    .argument("[scenarios...]", "scenarios to explore; without any, two-clients")
    .option("--all", "explore every scenario, and share runs and time budget among them")
    .option("-n, --runs <count>", "runs of each scenario; with --all, of all together", parseCount, 200)
    .option("-s, --seed <number>", "seed of the campaign", parseSeed, 1)
    .option(
      "--strategy <name>",
      "the search strategy: which event runs next, how long messages take, which faults are injected",
      "portfolio",
    )
    .option("--profile <name>", "faults that may be injected: calm, swarm, hostile or only-<fault>", "swarm")
    .option("-w, --workers <count>", "threads; without it, one a core and at most eight", parseCount)
    .option("--shard <i/n>", "run one part of the campaign; auto reads JOB_COMPLETION_INDEX")
    .option(
      "--time-budget <duration>",
      "start no further batch after this much real time",
      parseDurationOption,
    )
    .option(
      "--findings <count>",
      "stop after this many different findings, of all scenarios together",
      parseCount,
      5,
    )
    .option("--failures <count>", "stop after this many failed runs, whatever they found", parseCount, 50)
    .option(
      "--shrink-runs <count>",
      "runs that shrinking one finding may take; 0 shrinks nothing",
      parseLimit,
      300,
    )
    .option("--world <module>", worldOptionHelp)
    .addOption(
      new Option("--hang-after <duration>", "real time after which a run counts as one that never ends")
        .argParser(parseDurationOption)
        .default(120_000, "2m"),
    )
    .option("--regressions <folder>", "kept failures, run again first with those found before", keptFolder)
    .option("--report <file>", "write the report of this shard to a file, for merge")
    .option("--json", "print one JSON document")
    .option("--reporter <name[=file]>", reporterHelp, collectReporter)
    .action(async (named: readonly string[], flags: ExploreFlags) => {
      const { explore } = await import("../explore.js");
      await explore(named, flags, terminal, exit);
    });
}
