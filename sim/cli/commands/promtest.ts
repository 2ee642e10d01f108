/** The arguments of `phoenix-sim promtest`. */
import type { Command } from "commander";

import type { PromtestFlags } from "../promtest.js";
import type { Terminal } from "../terminal.js";

/** Adds the command to `program`. */
export function addPromtestCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("promtest")
    .description("run Prometheus rule tests, in the format of promtool test rules")
    .argument("<files...>", "test files; rule files are found relative to them")
    .option("--json", "print one JSON document instead of text")
    .action(async (files: readonly string[], flags: PromtestFlags) => {
      const { promtest } = await import("../promtest.js");
      promtest(files, flags, terminal, exit);
    });
}
