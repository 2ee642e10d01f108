/** The worlds of an explored test: each run has a fresh one, and goes through the body of the test. */
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import type { Exploration } from "./exploration.js";
import { oneAtATime } from "./one-at-a-time.js";
import { runOneWorld } from "./one-world.js";
import type { MakeRun } from "./told-run.js";

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
