/** The arguments of `phoenix-sim promtest`. */
import type { Command } from "commander";

import type { Terminal } from "../terminal.js";

/** Adds the command to `program`. */
export function addPromtestCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("promtest")
    .description("run Prometheus rule tests, in the format of promtool test rules")
    .argument("<files...>", "test files; rule files are found relative to them")
    .action(async (files: readonly string[]) => {
      const { promtest } = await import("../promtest.js");
      promtest(files, terminal, exit);
    });
}
