/** The options of `phoenix-sim run`. */
import type { Command } from "commander";

import { defaultHistoryFile } from "../../folders.js";
import { parseDuration } from "../../kernel/duration.js";
import { parseCount, parseSeed } from "../numbers.js";
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
    .option("--budget <duration>", "start no scenario after this much real time, such as 2s", parseBudget)
    .option("-l, --list", "list the scenarios and stop")
    .option("-s, --seed <number>", "first seed", parseSeed, 1)
    .option("-n, --seeds <count>", "how many seeds to run, counting up from the first", parseCount, 1)
    .option("-v, --verbose", "print steps and log lines, with virtual times, to stderr")
    .option("--json", "print one JSON document instead of a table")
    .option("--history <file>", "append the results to this file of lines", defaultHistoryFile)
    .option("--no-history", "keep no history of this run")
    .action(async (names: readonly string[], flags: RunFlags) => {
      const { run } = await import("../run.js");
      await run(names, flags, terminal, exit);
    });
}

function parseBudget(text: string): number {
  return parseDuration(text, "the budget");
}
