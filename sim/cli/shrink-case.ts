/** Shrinks a failure to the least that still fails the same way. */
import {
  type Case,
  type Shrunk,
  createWorldRun,
  failureHashOf,
  identityOf,
  replay,
  shrink,
} from "../explore/index.js";

/** Every try is a run; see `shrink`. */
export async function shrinkCase(
  found: Case,
  runsMax: number,
): Promise<{ readonly shrunk: Shrunk; readonly least: Case }> {
  const run = createWorldRun();
  const failureHash = failureHashOf(identityOf(found.failure));
  let { failure } = found;
  const shrunk = await shrink({
    deviations: found.deviations,
    runsMax,
    run: async (deviations) => {
      const { verdict, outcome } = await replay(run, { ...found, deviations, failureHash });
      if (verdict === "same" && outcome.failure !== undefined) failure = outcome.failure;
      return { failed: verdict === "same", taken: outcome.deviations };
    },
  });
  return { shrunk, least: { ...found, failure, deviations: shrunk.deviations, minimal: shrunk.minimal } };
}
