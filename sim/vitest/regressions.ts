/** Kept failures as tests: each case file of a folder is run again, and must not fail any more. */
import { existsSync } from "node:fs";
import path from "node:path";

import { test } from "vitest";

import { SimError } from "../errors.js";
import type { WorldRunOptions } from "../explore/index.js";
import { caseFilesIn, keptFolder } from "../folders.js";

export interface RegressionsOptions {
  /** More options for the worlds, as those for which the cases were found. @default none */
  readonly world?: WorldRunOptions["world"];
}

/** Real milliseconds that one case may take: generous, because machines are shared. */
const timeoutMs = 120_000;

/**
 * Registers one test for each case file that `phoenix-sim keep` has put into a folder. It runs the case again:
 *
 * - it goes well: the bug is fixed, and the test passes. Where the run left the recorded path, because the code
 *   has changed since, the test says so on stderr.
 * - it fails, as it did or in another way: the test fails with `SIM_REGRESSION`, the story, and the command that
 *   runs it again.
 *
 * @param folder - Below the working directory. @default "test/regressions"
 * @throws SimError `SIM_CASE_INVALID` when a folder is named that does not exist.
 */
export function regressions(folder?: string, { world }: RegressionsOptions = {}): void {
  if (folder !== undefined && !existsSync(folder)) {
    throw new SimError(
      "SIM_CASE_INVALID",
      `There is no folder "${folder}" in ${process.cwd()}.`,
      "Name the folder that phoenix-sim keep writes to; it is made with the first case.",
    );
  }
  const cases = caseFilesIn(folder ?? keptFolder).map((file) => ({
    name: `does not come back: ${path.basename(file, ".json")}`,
    run: async () => (await import("./kept-case.js")).staysFixed(file, world),
  }));
  // A file without any test is an error to Vitest, and most projects begin without a regression.
  const nothing = { name: `nothing is kept in ${folder ?? keptFolder}`, run: async () => {} };
  for (const { name, run } of cases.length === 0 ? [nothing] : cases) test(name, { timeout: timeoutMs }, run);
}
