/** `phoenix-sim promtest`: rule test files, as `promtool test rules` runs them. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { SimError } from "../errors.js";
import { formatPromtestReport, runPromtest } from "../prometheus/index.js";
import { exitCodes } from "./exit-codes.js";
import type { Terminal } from "./terminal.js";

/** Runs the test files one after the other. */
export function promtest(files: readonly string[], terminal: Terminal, exit: (code: number) => void): void {
  for (const file of files) {
    const report = runPromtest(read(file), (name) => read(resolve(dirname(file), name)));
    terminal.out(formatPromtestReport(file, report));
    if (report.failures.length > 0) exit(exitCodes.finding);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
      "Give the path of a rule test file; rule files are named relative to it.",
      { cause: error },
    );
  }
}
