/** The options of `phoenix-sim merge`. */
import type { Command } from "commander";

import type { MergeFlags } from "../merge.js";
import type { Terminal } from "../terminal.js";

/** Adds the command to `program`. */
export function addMergeCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("merge")
    .description("merge the reports of all shards of one campaign, and store what they found")
    .argument("<reports...>", "files that explore --report wrote")
    .option("--out <file>", "write the merged report to a file, too")
    .option("--json", "print the merged report as one JSON document")
    .action(async (files: readonly string[], flags: MergeFlags) => {
      const { merge } = await import("../merge.js");
      merge(files, flags, terminal, exit);
    });
}
