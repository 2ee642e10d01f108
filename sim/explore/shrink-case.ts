/** Shrinks a failure to the least that still fails the same way. */
import type { Case } from "./case-file.js";
import { replay } from "./replay.js";
import { type RunOnce, identityOf } from "./run.js";
import { type Shrunk, shrink } from "./shrink.js";
import { failureHashOf } from "./token.js";
import { createWorldRun } from "./world-run.js";

/**
 * Every try is a run; see `shrink`.
 *
 * @param run - Whose worlds are run. @default those of the scenarios
 */
export async function shrinkCase(
  found: Case,
  runsMax: number,
  run: RunOnce = createWorldRun(),
): Promise<{ readonly shrunk: Shrunk; readonly least: Case }> {
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
