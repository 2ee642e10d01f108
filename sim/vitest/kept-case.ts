/** One kept failure, run again. */
import path from "node:path";

import { SimError } from "../errors.js";
import {
  type Case,
  type ToldRun,
  type WorldRunOptions,
  createWorldRun,
  failureHashOf,
  identityOf,
  readCase,
  runAndTell,
} from "../explore/index.js";
import { anyShellWord } from "../text.js";

/** @throws SimError `SIM_REGRESSION` when the case fails again, and `SIM_CASE_INVALID` for what is none. */
export async function staysFixed(file: string, world: WorldRunOptions["world"]): Promise<void> {
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
    `Run it again by: npx phoenix-sim replay ${anyShellWord(file.replaceAll(path.sep, "/"))} --trace`,
  );
}
