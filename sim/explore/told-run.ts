/** Brings a recorded run back and keeps what a report tells of it. */
import { type Step, formatStep } from "../kernel/index.js";
import type { Phoenix } from "../phoenix/index.js";
import { tellStory } from "../trace/index.js";
import { type Recording, type Replay, replay } from "./replay.js";
import type { RunOnce } from "./run.js";
import { createWorldRun } from "./world-run.js";

export interface ToldRun extends Replay {
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
export async function runAndTell(
  recording: Recording,
  makeRun: MakeRun = (onWorld) => createWorldRun({ onWorld }),
  stepsMax = 32,
): Promise<ToldRun> {
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
  const { failure, deviations, virtualUs } = done.outcome;
  return {
    ...done,
    story: tellStory({
      faults: world?.faults.struck() ?? [],
      deviations,
      problem: failure?.message ?? "it goes well",
      endMs: virtualUs / 1000,
    }),
    steps: steps.slice(-stepsMax).map(formatStep),
  };
}
