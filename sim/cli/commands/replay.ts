/** The options of `phoenix-sim replay`, `shrink` and `keep`. */
import type { Command } from "commander";

import { keptFolder } from "../../folders.js";
import { parseCount } from "../numbers.js";
import { worldOptionHelp } from "./world-option.js";
import type { KeepFlags, ReplayFlags, ShrinkFlags } from "../replay.js";
import type { Terminal } from "../terminal.js";

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
      const { replayNamed } = await import("../replay.js");
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
      const { shrink } = await import("../replay.js");
      exit(await shrink(text, flags, terminal));
    });
  program
    .command("keep")
    .description("copy a stored failure to a folder of regressions, to be committed and run by tests")
    .argument("<failure>", "file or id")
    .option("--to <folder>", "where regressions live", keptFolder)
    .option("--json", "print one JSON document instead of the path")
    .action(async (text: string, flags: KeepFlags) => {
      const { keep } = await import("../replay.js");
      keep(text, flags, terminal);
    });
}

function parseEvents(text: string): number {
  return text === "all" ? Infinity : parseCount(text);
}
