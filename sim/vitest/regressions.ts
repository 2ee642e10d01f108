/** Kept failures as tests: each case file of a folder is run again, and must not fail any more. */
import { existsSync } from "node:fs";
import path from "node:path";

import { test } from "vitest";

import { SimError } from "../errors.js";
import {
  type Case,
  type ToldRun,
  type WorldRunOptions,
  caseFilesIn,
  createWorldRun,
  failureHashOf,
  identityOf,
  readCase,
  runAndTell,
} from "../explore/index.js";
import { keptFolder } from "../folders.js";
import { shellWord } from "../text.js";

export interface RegressionsOptions {
  /** More options for the worlds, as those for which the cases were found. @default none */
  readonly world?: WorldRunOptions["world"];
}

/** Real milliseconds that one case may take: generous, because machines are shared. */
const timeoutMs = 120_000;

/**
 * Registers one test for each case file that `phoenix-sim keep` has put into a folder. It runs the case again:
 *
 * - it goes well: the bug is mended, and the test passes. Where the run left the recorded path, because the code
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
    run: async () => staysMended(file, world),
  }));
  // A file without any test is an error to Vitest, and most projects begin without a regression.
  const nothing = { name: `nothing is kept in ${folder ?? keptFolder}`, run: async () => {} };
  for (const { name, run } of cases.length === 0 ? [nothing] : cases) test(name, { timeout: timeoutMs }, run);
}

async function staysMended(file: string, world: WorldRunOptions["world"]): Promise<void> {
  const stored = readCase(file);
  const told = await runCase(stored, world);
  if (told.outcome.failure !== undefined) throw cameBack(file, stored, told);
  if (told.left !== undefined) console.warn(`${file} goes well. ${told.left}`);
}

async function runCase(stored: Case, world: WorldRunOptions["world"]): Promise<ToldRun> {
  const recording = { ...stored, failureHash: failureHashOf(identityOf(stored.failure)) };
  return runAndTell(recording, (onWorld) =>
    createWorldRun({ onWorld, ...(world === undefined ? {} : { world }) }),
  );
}

function cameBack(file: string, stored: Case, { outcome, verdict, left, story }: ToldRun): SimError {
  const { failure = stored.failure } = outcome;
  const before =
    verdict === "same" ? "as it did when it was kept" : `where it once was ${identityOf(stored.failure)}`;
  const lines = [
    `The kept case ${file} fails, ${before}: ${identityOf(failure)}: ${failure.message}`,
    ...story.map((line) => `  ${line}`),
    ...(left === undefined ? [] : [`  ${left}`]),
  ];
  return new SimError(
    "SIM_REGRESSION",
    lines.join("\n"),
    `Run it again by: npx phoenix-sim replay ${shellWord(file.replaceAll(path.sep, "/"))} --trace`,
  );
}
