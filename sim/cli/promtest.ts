/** `phoenix-sim promtest`: rule test files, as `promtool test rules` runs them. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { SimError } from "../errors.js";
import { formatPromtestReport, runPromtest } from "../prometheus/index.js";
import { version } from "../version.js";
import { exitCodes } from "./exit-codes.js";
import type { Terminal } from "./terminal.js";

/** What the command line gives. */
export interface PromtestFlags {
  readonly json?: boolean;
}

/** Runs the test files one after the other. */
export function promtest(
  files: readonly string[],
  { json = false }: PromtestFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  const reports = files.map((file) => {
    const report = runPromtest(read(file), (name) => read(resolve(dirname(file), name)));
    if (!json) terminal.out(formatPromtestReport(file, report));
    if (report.failures.length > 0) exit(exitCodes.finding);
    return { file, ok: report.failures.length === 0, ...report };
  });
  if (json) terminal.out(JSON.stringify({ version, files: reports }, null, 2));
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
