/** The arguments of `phoenix-sim promtest`. */
import { Option, type Command } from "commander";

import type { PromtestFlags } from "../promtest.js";
import type { Terminal } from "../terminal.js";

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
      const { promtest } = await import("../promtest.js");
      promtest(files, flags, terminal, exit);
    });
}
