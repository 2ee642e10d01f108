/** The options of `phoenix-sim run`. */
import type { Command } from "commander";

import { collectReporter, reporterHelp } from "../reporters/reporter-spec.js";
import { worldOptionHelp } from "./world-option.js";
import { defaultHistoryFile } from "../../folders.js";
import { parseCount, parseDurationOption, parseSeed } from "../numbers.js";
import type { RunFlags } from "../run.js";
import type { Terminal } from "../terminal.js";

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
      const { run } = await import("../run.js");
      // Runs in worlds of the user's own do not compare with others: they are kept only where that is asked for.
      const asked = flags.world === undefined || command.getOptionValueSource("history") !== "default";
      await run(names, asked ? flags : { ...flags, history: false }, terminal, exit);
    });
}
