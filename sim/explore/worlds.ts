/**
 * An explored test: what its user says of it, its worlds (each run has a fresh one and goes through the body of the test),
 * and bringing one of its runs back with its trace.
 */
import { formatStep, hashString, type Duration, type Step } from "../kernel/index.js";
import { formatStory } from "../kernel/trace.js";
import type { Phoenix, PhoenixOptions } from "../world/index.js";
import { runOneWorld } from "./one-world.js";
import { replay, type Recording, type Replay } from "./replay.js";
import type { RunOnce } from "./run.js";
import { createWorldRun } from "./world-run.js";

/**
 * One explored world at a time in a process: tests that run concurrently take turns run by run. Two at once would not be
 * faster, and what goes wrong unhandled in one could not be told from the other's.
 */
let last: Promise<void> = Promise.resolve();

/**
 * Does the work once all that was asked for before has ended.
 *
 * @param signal - Once it is aborted nobody waits for this work any more, though it may go on.
 */
async function oneAtATime<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const result = last.then(work);
  last = endOrAbort(result, signal);
  return result;
}

async function endOrAbort(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      signal?.removeEventListener("abort", end);
      resolve();
    };
    signal?.addEventListener("abort", end);
    work.then(end, end);
  });
}

/** Worlds of one test, and what the last of them threw. */
export interface Worlds {
  readonly makeRun: MakeRun;
  readonly thrown: unknown;
  /** Gives the globals back when time was up in the middle of a world. */
  end(): Promise<void>;
}

/** @returns What makes the worlds of an exploration. */
export function createWorlds({ world, settings, body, signal }: Exploration): Worlds {
  const { converge = false } = settings;
  const faults = settings.faults ?? world.faults;
  const window = faults === undefined || typeof faults === "string" ? undefined : faults.window;
  let current: Phoenix | undefined;
  let thrown: unknown;

  const makeRun: MakeRun = (onWorld) => async (input) => {
    signal?.throwIfAborted();
    const { seed, driver, profile, between, trace = false } = input;
    const options: PhoenixOptions = {
      ...world,
      ...(trace ? { trace } : {}),
      seed,
      driver,
      faults: window === undefined ? profile : { profile, window },
      onStep(step) {
        input.onStep(step);
        world.onStep?.(step);
      },
      ...(between === undefined ? {} : { between }),
    };
    const work = async (phoenix: Phoenix): Promise<void> => {
      current = phoenix;
      onWorld(phoenix);
      await body(phoenix);
      if (phoenix.failure !== undefined) throw phoenix.failure;
      if (converge !== false) await phoenix.converge(converge === true ? {} : { within: converge });
    };
    const done = await oneAtATime(async () => runOneWorld(options, work), signal);
    thrown = done.thrown;
    return done.outcome;
  };

  return {
    makeRun,
    get thrown() {
      return thrown;
    },
    end: async () => current?.dispose({ force: true }),
  };
}

// What an explored test is: what its user says, and what its runner adds.

/** What a user says of an explored test, whatever runs it. */
export interface ExploreSettings {
  /** Worlds to run; `PHOENIX_SIM_RUNS` changes it: `1000`, or `10x`. @default 100 */
  readonly runs?: number;
  /**
   * Faults that are injected: `swarm`, `hostile`, `only-<fault>`, as for `createPhoenix`. The test must tolerate them as
   * a real client would: anything it throws is a failure. @default that of the world's options, else "calm": only
   * schedules and delays vary
   */
  readonly faults?: PhoenixOptions["faults"];
  /**
   * After the test, end all faults and demand that the world settles, within 20 virtual minutes or the time given.
   * @default false
   */
  readonly converge?: boolean | Duration;
  /** The search strategy. @default "portfolio" */
  readonly strategy?: string;
  /** Runs that minimizing a failure may take. @default 300 */
  readonly shrinkRuns?: number;
  /** Replay tokens of earlier failures of this test, run before all else. @default none */
  readonly examples?: readonly string[];
}

/** An explored test with nothing missing. */
export interface Exploration {
  /** Name of the test, for people. */
  readonly name: string;
  readonly seed: number;
  readonly settings: ExploreSettings;
  readonly world: PhoenixOptions;
  readonly body: (phoenix: Phoenix) => Promise<void>;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** The command that runs the test again. @param failure - A seed or a token. */
  readonly again: (failure: string | number) => string;
  /** Whether to keep failures in `.phoenix-sim/failures`. */
  readonly store: boolean;
  /** Gets a line every few real seconds. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Gets the report of a failure before the error is thrown that carries it. */
  readonly onReport?: (report: string) => Promise<void>;
}

/** What an exploration without a failure did. */
export interface ExploreReport {
  /** Worlds that were run. */
  readonly runs: number;
  readonly seed: number;
  /** Events of all of them. */
  readonly steps: number;
}

/** @returns The profile of faults of its worlds. */
export function profileOf({ settings, world }: Exploration): string {
  const faults = settings.faults ?? world.faults ?? "calm";
  return typeof faults === "string" ? faults : faults.profile;
}

/** @returns The name of a test as a part of tokens and file names: letters and digits of it. */
export function scenarioOf(name: string): string {
  const words = (name.toLowerCase().match(/[a-z0-9]+/g) ?? []).join("-");
  if (words !== "" && words.length <= 40) return words;
  return `${words.slice(0, 32) || "test"}-${hashString(name).toString(36)}`;
}

// Brings a recorded run back and keeps what a report tells of it.

export interface TracedReplay extends Replay {
  /** What happened, in words. */
  readonly story: readonly string[];
  /** The last steps that were asked for, one a line. */
  readonly steps: readonly string[];
}

/** Makes what runs a world, and gives the world away once it stands. */
export type MakeRun = (onWorld: (phoenix: Phoenix) => void) => RunOnce;

/**
 * @param makeRun - Whose worlds are run. @default those of the scenarios
 * @param stepsMax - Steps to keep, the last ones.
 * @throws SimError `SIM_SCENARIO_UNKNOWN`, `SIM_PROFILE_UNKNOWN`.
 */
export async function replayWithTrace(
  recording: Recording,
  makeRun: MakeRun = (onWorld) => createWorldRun({ onWorld }),
  stepsMax = 32,
): Promise<TracedReplay> {
  let world: Phoenix | undefined;
  const steps: Step[] = [];
  const run = makeRun((phoenix) => {
    world = phoenix;
  });
  const onStep = (step: Step): void => {
    steps.push(step);
    if (steps.length > 2 * stepsMax) steps.splice(0, stepsMax);
  };
  const done = await replay(run, recording, { onStep, trace: true });
  const { failure, decisions, virtualUs } = done.outcome;
  return {
    ...done,
    story: formatStory({
      faults: world?.faults.injected() ?? [],
      decisions,
      explain: (decision) => world?.trace.explain(decision),
      problem: failure?.message ?? "it goes well",
      endMs: virtualUs / 1000,
    }),
    steps: steps.slice(-stepsMax).map(formatStep),
  };
}
