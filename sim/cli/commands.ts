/** The options of `phoenix-sim run`. */
import { Option, type Command } from "commander";

import { defaultGateLimits as defaults } from "../scenarios/history/gate-limits.js";
import { defaultHistoryFile, keptFolder } from "../shared/folders.js";
import type { ExploreFlags } from "./explore-plan.js";
import type { CheckFlags, HistoryFlags } from "./history.js";
import type { MergeFlags } from "./merge.js";
import {
  collectReporter,
  parseCount,
  parseDurationOption,
  parseFactor,
  parseLimit,
  parsePercent,
  parsePort,
  parseSeed,
  parseSpeed,
  reporterHelp,
} from "./options.js";
import type { PromtestFlags } from "./promtest.js";
import type { KeepFlags, ReplayFlags, ShrinkFlags } from "./replay.js";
import type { RunFlags } from "./run.js";
import type { ServeFlags } from "./serve.js";
import { exitCodes, type Terminal } from "./terminal.js";

/** Help of the option `--world <module>`. */
const worldOptionHelp =
  "module that exports `world`, options of createPhoenix, and `scenarios`, or one of them";

/** Adds the command to `program`. */
export function addRunCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("run")
    .description("run scenarios: all of them, or those named")
    .argument("[names...]", "scenarios to run")
    .option("-t, --grep <pattern>", "run scenarios whose name or summary matches a regular expression")
    .option("--smoke", "run the quick set only: what a commit hook has time for")
    .option(
      "--budget <duration>",
      "start no scenario after this much real time, such as 2s",
      parseDurationOption,
    )
    .option("-l, --list", "list the scenarios and stop")
    .option("-s, --seed <number>", "first seed", parseSeed, 1)
    .option("-n, --seeds <count>", "how many seeds to run, counting up from the first", parseCount, 1)
    .option("-v, --verbose", "print steps and log lines, with virtual times, to stderr")
    .option("--world <module>", worldOptionHelp)
    .option("--json", "print one JSON document instead of a table")
    .option("--reporter <name[=file]>", reporterHelp, collectReporter)
    .option("--history <file>", "append the results to this file of lines", defaultHistoryFile)
    .option("--no-history", "keep no history of this run")
    .action(async (names: readonly string[], flags: RunFlags, command: Command) => {
      const { run } = await import("./run.js");
      // Runs in worlds of the user's own do not compare with others: they are kept only where that is asked for.
      const asked = flags.world === undefined || command.getOptionValueSource("history") !== "default";
      await run(names, asked ? flags : { ...flags, history: false }, terminal, exit);
    });
}

// The options of `phoenix-sim explore`.

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
      const { explore } = await import("./explore.js");
      await explore(named, flags, terminal, exit);
    });
}

// The options of `phoenix-sim replay`, `shrink` and `keep`.

type Exit = (code: number) => void;

/** Adds the commands to `program`. */
export function addReplayCommands(program: Command, terminal: Terminal, exit: Exit): void {
  program
    .command("replay")
    .description("run a failure again: by its token, its file or its id; without one, the newest")
    .argument("[failure]", "token, file or id")
    .option("--trace", "print the story and the last events")
    .option(
      "--events <count>",
      "print the trace with so many events, or all (default with --trace: 32)",
      parseEvents,
    )
    .option("--world <module>", worldOptionHelp)
    .option("--json", "print one JSON document instead of text")
    .action(async (text: string | undefined, flags: ReplayFlags) => {
      const { replayNamed } = await import("./replay.js");
      exit(await replayNamed(text, flags, terminal));
    });
  program
    .command("shrink")
    .description("minimize a stored failure")
    .argument("[failure]", "file or id; without one, the newest")
    .option("--runs <count>", "runs it may take", parseCount, 300)
    .option("--world <module>", worldOptionHelp)
    .option("--json", "print one JSON document instead of text")
    .action(async (text: string | undefined, flags: ShrinkFlags) => {
      const { shrink } = await import("./replay.js");
      exit(await shrink(text, flags, terminal));
    });
  program
    .command("keep")
    .description("copy a stored failure to a folder of regressions, to be committed and run by tests")
    .argument("<failure>", "file or id")
    .option("--to <folder>", "where regressions live", keptFolder)
    .option("--json", "print one JSON document instead of the path")
    .action(async (text: string, flags: KeepFlags) => {
      const { keep } = await import("./replay.js");
      keep(text, flags, terminal);
    });
}

function parseEvents(text: string): number {
  return text === "all" ? Infinity : parseCount(text);
}

// The arguments of `phoenix-sim rerun`.

/** Adds the command to `program`. */
export function addRerunCommand(program: Command, terminal: Terminal, exit: Exit): void {
  program
    .command("rerun")
    .description("run a test again with the seed or the token of its failure, in any shell")
    .argument("<failure>", "seed or token that the failing test printed")
    .argument(
      "<command...>",
      'command of the test runner, such as: vitest run test/order.test.ts -t "^the order$"',
    )
    // All that follows belongs to that command.
    .allowUnknownOption()
    .action(async (failure: string, words: readonly string[]) => {
      const { rerun } = await import("./rerun.js");
      exit(await rerun(failure, words, terminal));
    });
}

// The options of `phoenix-sim merge`.

/** Adds the command to `program`. */
export function addMergeCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("merge")
    .description("merge the reports of all shards of one campaign, and store what they found")
    .argument("<reports...>", "files that explore --report wrote")
    .option("--out <file>", "write the merged report to a file, too")
    .option("--json", "print the merged report as one JSON document")
    .action(async (files: readonly string[], flags: MergeFlags) => {
      const { merge } = await import("./merge.js");
      merge(files, flags, terminal, exit);
    });
}

// The options of `phoenix-sim history` and of `phoenix-sim history check`.

/** Adds the command and its subcommand to `program`. */
export function addHistoryCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const history = program
    .command("history")
    .description("show the trends of the runs so far")
    .option("-f, --file <file>", "the history to read", defaultHistoryFile)
    .option("-n, --last <count>", "look at the latest runs of each scenario only", parseCount)
    .option("--json", "print one JSON document instead of text")
    .action(async (flags: HistoryFlags) => {
      const { showTrends } = await import("./history.js");
      showTrends(flags, terminal);
    });
  history
    .command("check")
    .description("check the history against thresholds; ends with 5 when one was exceeded")
    .configureHelp({ showGlobalOptions: true })
    .addOption(percentOption("--failure-rate <percent>", "runs that may fail", defaults.failureRateMax))
    .option(
      "--time-factor <x>",
      "wall time, in medians of the runs before",
      parseFactor,
      defaults.timeFactorMax,
    )
    .option(
      "--counter-factor <x>",
      "events, statements and virtual time, in medians of the same seed and version",
      parseFactor,
      defaults.counterFactorMax,
    )
    .option("--heap-mb <MiB>", "heap of one run", parseLimit, defaults.heapBytesMax / 2 ** 20)
    .option("--events <count>", "events of one run", parseLimit, defaults.eventsMax)
    .option("--sql <count>", "SQL statements of one run", parseLimit, defaults.sqlStatementsMax)
    .option("--handles <count>", "handles one run may leave open", parseLimit, defaults.openHandlesMax)
    .addOption(percentOption("--coverage <percent>", "operations of the API to cover", defaults.coverageMin))
    .action(async (_flags: unknown, command: Command) => {
      const { check } = await import("./history.js");
      const flags = command.optsWithGlobals<CheckFlags>();
      if (check(flags, terminal)) exit(exitCodes.gate);
    });
}

// Help shows the share as it is typed.
function percentOption(flags: string, description: string, share: number): Option {
  return new Option(flags, description).argParser(parsePercent).default(share, String(share * 100));
}

// The options of `phoenix-sim serve`.

/** Adds the command to `program`. */
export function addServeCommand(program: Command, terminal: Terminal): void {
  program
    .command("serve")
    .description("put a world on real loopback ports until Ctrl-C; virtual time follows real time")
    .option("-p, --port <number>", "port of the gateway; 0 takes any that is free", parsePort, 8080)
    .option("--prometheus-port <number>", "port of Prometheus; 0 takes any that is free", parsePort, 9090)
    .option("-s, --seed <number>", "seed of the world", parseSeed, 1)
    .option("--speed <factor>", "virtual seconds that pass in one real second", parseSpeed, 1)
    .option("--nodes <count>", "how many nodes the world has", parseCount, 3)
    .option("--json", "print the addresses as one JSON document")
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("./serve.js");
      await serve(flags, terminal);
    });
}

// The arguments of `phoenix-sim promtest`.

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds the command to `program`. */
export function addPromtestCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("promtest")
    .description("run Prometheus rule tests, in the format of promtool test rules")
    .argument("<files...>", "test files; rule files are found relative to them")
    .option("--json", "print one JSON document instead of text")
    .addOption(
      new Option("--dialect <version>", "version of Prometheus whose rules hold")
        .choices(["2", "3"])
        .default("3"),
    )
    .option("--run <pattern>", "only tests whose name matches; may be repeated", collect)
    .option("--junit <file>", "also write the results as JUnit XML")
    .option("--diff", "show differences of alerts line by line")
    .option("--experimental-functions", "know the functions that Prometheus has behind a flag")
    .option("--ignore-unknown-fields", "pass over keys of rule files that are not known")
    .action(async (files: readonly string[], flags: PromtestFlags) => {
      const { promtest } = await import("./promtest.js");
      promtest(files, flags, terminal, exit);
    });
}
