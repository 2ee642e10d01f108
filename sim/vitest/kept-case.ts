/** One kept failure, run again. */
import path from "node:path";

import { SimError } from "../errors.js";
import {
  type Case,
  type TracedReplay,
  type WorldRunOptions,
  createWorldRun,
  failureHashOf,
  identityOf,
  readCase,
  replayWithTrace,
} from "../explore/index.js";
import { anyShellWord } from "../shared/text.js";

/** @throws SimError `SIM_REGRESSION` when the case fails again, and `SIM_CASE_INVALID` for what is none. */
export async function staysFixed(file: string, world: WorldRunOptions["world"]): Promise<void> {
  const stored = readCase(file);
  const replayed = await runCase(stored, world);
  if (replayed.outcome.failure !== undefined) throw regressionError(file, stored, replayed);
  if (replayed.divergence !== undefined) console.warn(`${file} goes well. ${replayed.divergence}`);
}

async function runCase(stored: Case, world: WorldRunOptions["world"]): Promise<TracedReplay> {
  const recording = { ...stored, failureHash: failureHashOf(identityOf(stored.failure)) };
  return replayWithTrace(recording, (onWorld) =>
    createWorldRun({ onWorld, ...(world === undefined ? {} : { world }) }),
  );
}

function regressionError(
  file: string,
  stored: Case,
  { outcome, verdict, divergence, story }: TracedReplay,
): SimError {
  const { failure = stored.failure } = outcome;
  const before =
    verdict === "same" ? "as it did when it was kept" : `where it once was ${identityOf(stored.failure)}`;
  const lines = [
    `The kept case ${file} fails, ${before}: ${identityOf(failure)}: ${failure.message}`,
    ...story.map((line) => `  ${line}`),
    ...(divergence === undefined ? [] : [`  ${divergence}`]),
  ];
  return new SimError(
    "SIM_REGRESSION",
    lines.join("\n"),
    `Run it again by: npx phoenix-sim replay ${anyShellWord(file.replaceAll(path.sep, "/"))} --trace`,
  );
}
