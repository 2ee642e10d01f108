/** One world from its start to its end, and what came of it: whatever happens in it is an outcome, not a throw. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { SimError, type SimErrorCode } from "../errors.js";
import { everyRealMs } from "../kernel/index.js";
import {
  catchUnhandled,
  createPhoenix,
  watchFailure,
  type Phoenix,
  type PhoenixOptions,
} from "../world/index.js";
import type { Failure, RunOutcome } from "./run.js";

// Notices a run in which nothing moves any more: it awaits something that no part of its world will ever settle.

const checks = 10;

/**
 * Gives what `work` gives. Looks keep the process alive, which would otherwise end as if all were well, until `work`
 * settles or is given up.
 *
 * @param steps - How many steps the world has taken.
 * @param stallMs - Real milliseconds without a step after which it gives up.
 * @throws SimError `SIM_WALL_LIMIT`; `work` goes on all the same.
 */
export async function withStallWatchdog<T>(
  work: Promise<T>,
  steps: () => number,
  stallMs: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let last = -1;
    let unchanged = 0;
    const stop = everyRealMs(stallMs / checks, () => {
      unchanged = steps() === last ? unchanged + 1 : 0;
      last = steps();
      if (unchanged < checks) return;
      stop();
      reject(
        new SimError(
          "SIM_WALL_LIMIT",
          `Nothing has moved for ${stallMs} ms of real time, after step ${last}, and the run had not ended.`,
          "It awaits something that is not part of its world, such as a promise that nobody settles.",
        ),
      );
    });
    work.then(resolve, reject).finally(stop);
  });
}

// Where in the sources a failure stands.

const place = /(?:^|[\s(])((?:file:\/\/|node:)?[^\s()]+):(\d+):\d+\)?$/;

/** Where the package lies, as sources or built. */
const packageRoot = fileURLToPath(import.meta.url).replace(
  /(?:sim\/explore|dist\/node_modules\/phoenix-sim-parts)\/[^/]*$/,
  "",
);

/** Of the package, what waits, checks and throws on behalf of others: all but services, scenarios and workloads. */
const internals = /^(?:dist|node_modules|sim\/(?!scenarios\/(?!(?:scenario|run-scenario)\.|history\/)))/;

/**
 * @param stack - Of an error, with lines of sources where there are maps.
 * @param folder - What paths are relative to. @default the current one
 * @returns `file:line` of the first place that is no machinery; undefined when there is none.
 */
export function sourceOf(stack: string, folder = process.cwd()): string | undefined {
  for (const text of stack.split("\n")) {
    const [, at = "", line = ""] = place.exec(text) ?? [];
    if (at === "" || at.startsWith("node:")) continue;
    const path = at.startsWith("file:") ? fileURLToPath(at) : at;
    const ours = path.startsWith(packageRoot);
    if (ours ? internals.test(path.slice(packageRoot.length)) : path.includes("/node_modules/")) continue;
    // Sources of an installed package lie nowhere: they are shown as the package names them.
    const shown = ours ? path.slice(packageRoot.length) : relative(folder, path);
    return `${shown.startsWith("..") ? path : shown}:${line}`;
  }
  return undefined;
}

export interface OneWorld {
  readonly outcome: RunOutcome;
  /** What was thrown, for those who show it as it is; undefined when all went well. */
  readonly thrown: unknown;
}

/** Real milliseconds without a step after which a run counts as one that never ends. */
export const stallMsMax = 10_000;

/** Codes of runs that would never have ended. */
const hangs = new Set(["SIM_DEADLOCK", "SIM_STEP_LIMIT", "SIM_TIME_LIMIT", "SIM_WALL_LIMIT"]);

/** Codes of errors about the options of a world, not about what happens in it. */
const callerErrorCodes = new Set<SimErrorCode>([
  "SIM_OPTION_INVALID",
  "SIM_PROFILE_UNKNOWN",
  "SIM_GLOBALS_BUSY",
]);

/**
 * Builds a world, does the work in it, and disposes it. What the work leaves open is a failure, too; so is a work that
 * never ends, and a promise of it that is rejected while nobody awaits it.
 *
 * @throws SimError for options that `createPhoenix` refuses.
 */
export async function runOneWorld(
  options: PhoenixOptions,
  work: (phoenix: Phoenix) => Promise<void>,
  stallMs = stallMsMax,
): Promise<OneWorld> {
  const unhandled = catchUnhandled();
  let rejection: unknown;
  let result: OneWorld;
  try {
    result = await runWorkload(options, work, stallMs);
  } finally {
    [rejection] = await unhandled.end();
  }
  const { outcome, thrown } = result;
  if (outcome.failure !== undefined || rejection === undefined) return { outcome, thrown };
  return { outcome: { ...outcome, failure: describeUnhandled(rejection) }, thrown: rejection };
}

async function runWorkload(
  options: PhoenixOptions,
  work: (phoenix: Phoenix) => Promise<void>,
  stallMs: number,
): Promise<OneWorld> {
  let steps = 0;
  const watch = watchFailure(options.onFailure);
  const moving = async <T>(part: Promise<T>): Promise<T> => withStallWatchdog(part, () => steps, stallMs);
  const creating = createPhoenix({
    ...options,
    record: true,
    onStep(step) {
      steps = step.index;
      options.onStep?.(step);
    },
    onFailure: watch.onFailure,
  });
  let phoenix: Phoenix;
  try {
    phoenix = await moving(creating);
  } catch (error) {
    if (error instanceof SimError && callerErrorCodes.has(error.code)) throw error;
    return { outcome: failedToStart(error, steps), thrown: error };
  }
  const thrown = await attempt(async () => moving(watch.race(work(phoenix))));
  const outcome = outcomeOf(phoenix, thrown);
  const first = phoenix.failure ?? thrown;
  const disposeError = await attempt(async () => phoenix.dispose({ force: thrown !== undefined }));
  if (outcome.failure !== undefined || disposeError === undefined) return { outcome, thrown: first };
  return { outcome: { ...outcome, failure: describe(disposeError) }, thrown: disposeError };
}

/** @returns What the work threw; undefined when it threw nothing. */
export async function attempt(work: () => Promise<void>): Promise<unknown> {
  return work().then(
    () => undefined,
    (error: unknown) => error ?? new Error(`Something threw ${String(error)}.`),
  );
}

function failedToStart(error: unknown, steps: number): RunOutcome {
  return { failure: describe(error ?? "undefined"), traceHash: "", steps, virtualUs: 0, decisions: [] };
}

function outcomeOf(phoenix: Phoenix, thrown: unknown): RunOutcome {
  return {
    failure: thrown === undefined ? undefined : describe(phoenix.failure ?? thrown),
    traceHash: phoenix.trace.hash(),
    steps: phoenix.trace.steps,
    virtualUs: Math.round(phoenix.clock.nowMs * 1000),
    decisions: [...phoenix.trace.decisions()],
    sometimes: phoenix.sometimesSeen,
    faults: phoenix.faults.injected().length,
  };
}

/** @returns A failure with an identity that is the same in every run that fails so. */
function describe(thrown: unknown): Failure {
  const { code, invariant, name, message, stack } = thrown as Partial<Record<string, unknown>>;
  const text = String(message ?? thrown);
  const source = typeof stack === "string" ? sourceOf(stack) : undefined;
  const found = { message: text, ...(source === undefined ? {} : { source }) };
  if (code === "SIM_INVARIANT") return { ...found, kind: "invariant", code: String(invariant) };
  if (code === "SIM_NOT_CONVERGED") return { kind: "convergence", code: String(invariant), message: text };
  if (code === "SIM_ASSERTION") return { kind: "assertion", code: "SIM_ASSERTION", ...found };
  if (code === "SIM_LEFT_OPEN") return { kind: "leak", code: "SIM_LEFT_OPEN", message: text };
  if (typeof code === "string") return { kind: hangs.has(code) ? "hang" : "error", code, ...found };
  return { kind: "throw", code: typeof name === "string" ? name : "Error", ...found };
}

function describeUnhandled(rejection: unknown): Failure {
  const failure = describe(rejection);
  return { ...failure, message: `${failure.message} (thrown where nobody awaited it)` };
}
