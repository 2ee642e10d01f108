/** Brings a recorded run back and keeps what a report tells of it. */
import { type Recording, type Replay, createWorldRun, replay } from "../explore/index.js";
import type { Phoenix } from "../phoenix/index.js";
import { formatStep } from "../kernel/index.js";
import { tellStory } from "../trace/index.js";

export interface ToldRun extends Replay {
  /** What happened, in words. */
  readonly story: readonly string[];
  /** The last steps, one a line. */
  readonly steps: readonly string[];
}

/** @throws SimError `SIM_SCENARIO_UNKNOWN`, `SIM_PROFILE_UNKNOWN`. */
export async function runAndTell(recording: Recording): Promise<ToldRun> {
  let world: Phoenix | undefined;
  const run = createWorldRun({
    onWorld: (phoenix) => {
      world = phoenix;
    },
  });
  const done = await replay(run, recording);
  const { failure, deviations, virtualUs } = done.outcome;
  return {
    ...done,
    story: tellStory({
      faults: world?.faults.struck() ?? [],
      deviations,
      problem: failure?.message ?? "it goes well",
      endMs: virtualUs / 1000,
    }),
    steps: (world?.trace.recent() ?? []).map(formatStep),
  };
}
