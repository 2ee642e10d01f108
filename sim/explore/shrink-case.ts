/** Shrinks a failure to the least that still fails the same way. */
import { breathe } from "./breathe.js";
import type { Case } from "./case-file.js";
import { type Recording, type Replay, replay } from "./replay.js";
import { identityOf } from "./run.js";
import { type Shrunk, shrink } from "./shrink.js";
import { failureHashOf } from "./token.js";
import { createWorldRun } from "./world-run.js";

/**
 * Every try is a run; see `shrink`.
 *
 * @param tryOne - Brings a recording back, or gives undefined to end it early. @default in this thread, in the worlds of
 *   the scenarios
 * @param signal - Ends it early, with the least that was found by then.
 */
export async function shrinkCase(
  found: Case,
  runsMax: number,
  tryOne: (recording: Recording) => Promise<Replay | undefined> = async (recording) =>
    replay(createWorldRun(), recording),
  signal?: AbortSignal,
): Promise<{ readonly shrunk: Shrunk; readonly least: Case }> {
  const failureHash = failureHashOf(identityOf(found.failure));
  let { failure } = found;
  const shrunk = await shrink({
    deviations: found.deviations,
    runsMax,
    run: async (deviations) => {
      await breathe();
      if (signal?.aborted === true) return { failed: false };
      const tried = await tryOne({ ...found, deviations, failureHash });
      if (tried === undefined) return { failed: false };
      const { verdict, outcome } = tried;
      if (verdict === "same" && outcome.failure !== undefined) failure = outcome.failure;
      return { failed: verdict === "same", taken: outcome.deviations };
    },
  });
  const minimal = shrunk.minimal && signal?.aborted !== true;
  return {
    shrunk: { ...shrunk, minimal },
    least: { ...found, failure, deviations: shrunk.deviations, minimal },
  };
}
