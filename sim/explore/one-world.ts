/** One world from its start to its end, and what came of it: whatever happens in it is an outcome, not a throw. */
import { SimError, type SimErrorCode } from "../errors.js";
import { type Phoenix, type PhoenixOptions, catchUnhandled, createPhoenix } from "../phoenix/index.js";
import type { Failure, RunOutcome } from "./run.js";
import { whileItMoves } from "./standstill.js";
import { sourceOf } from "./source-of.js";

export interface OneWorld {
  readonly outcome: RunOutcome;
  /** What was thrown, for those who show it as it is; undefined when all went well. */
  readonly thrown: unknown;
}

/** Real milliseconds without a step after which a run counts as one that never ends. */
export const stillMsMax = 10_000;

/** Codes of runs that would never have ended. */
const hangs = new Set(["SIM_DEADLOCK", "SIM_STEP_LIMIT", "SIM_TIME_LIMIT", "SIM_WALL_LIMIT"]);

/** Codes of errors about the options of a world, not about what happens in it. */
const ofCaller = new Set<SimErrorCode>(["SIM_OPTION_INVALID", "SIM_PROFILE_UNKNOWN", "SIM_GLOBALS_BUSY"]);

/**
 * Builds a world, does the work in it, and disposes it. What the work leaves open is a failure, too; so is a work that
 * never ends, and a promise of it that is rejected while nobody awaits it.
 *
 * @throws SimError for options that `createPhoenix` refuses.
 */
export async function runOneWorld(
  options: PhoenixOptions,
  work: (phoenix: Phoenix) => Promise<void>,
  stillMs = stillMsMax,
): Promise<OneWorld> {
  const unhandled = catchUnhandled();
  let stray: unknown;
  let lived: OneWorld;
  try {
    lived = await liveOneWorld(options, work, stillMs);
  } finally {
    [stray] = await unhandled.end();
  }
  const { outcome, thrown } = lived;
  if (outcome.failure !== undefined || stray === undefined) return { outcome, thrown };
  return { outcome: { ...outcome, failure: describeStray(stray) }, thrown: stray };
}

async function liveOneWorld(
  options: PhoenixOptions,
  work: (phoenix: Phoenix) => Promise<void>,
  stillMs: number,
): Promise<OneWorld> {
  let steps = 0;
  const moving = async <T>(part: Promise<T>): Promise<T> => whileItMoves(part, () => steps, stillMs);
  const creating = createPhoenix({
    ...options,
    record: true,
    onStep(step) {
      steps = step.index;
      options.onStep?.(step);
    },
  });
  let phoenix: Phoenix;
  try {
    phoenix = await moving(creating);
  } catch (error) {
    if (error instanceof SimError && ofCaller.has(error.code)) throw error;
    return { outcome: neverStood(error, steps), thrown: error };
  }
  const thrown = await attempt(async () => moving(work(phoenix)));
  const outcome = outcomeOf(phoenix, thrown);
  const first = phoenix.failure ?? thrown;
  const left = await attempt(async () => phoenix.dispose({ force: thrown !== undefined }));
  if (outcome.failure !== undefined || left === undefined) return { outcome, thrown: first };
  return { outcome: { ...outcome, failure: describe(left) }, thrown: left };
}

/** @returns What the work threw; undefined when it threw nothing. */
export async function attempt(work: () => Promise<void>): Promise<unknown> {
  return work().then(
    () => undefined,
    (error: unknown) => error ?? new Error(`Something threw ${String(error)}.`),
  );
}

function neverStood(error: unknown, steps: number): RunOutcome {
  return { failure: describe(error ?? "undefined"), traceHash: "", steps, virtualUs: 0, deviations: [] };
}

function outcomeOf(phoenix: Phoenix, thrown: unknown): RunOutcome {
  return {
    failure: thrown === undefined ? undefined : describe(phoenix.failure ?? thrown),
    traceHash: phoenix.trace.hash(),
    steps: phoenix.trace.steps,
    virtualUs: Math.round(phoenix.clock.nowMs * 1000),
    deviations: [...phoenix.trace.deviations()],
    sometimes: phoenix.sometimesSeen,
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

function describeStray(stray: unknown): Failure {
  const failure = describe(stray);
  return { ...failure, message: `${failure.message} (thrown where nobody awaited it)` };
}
