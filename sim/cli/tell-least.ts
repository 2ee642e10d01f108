/** What is told of a failure once it is as small as it gets. */
import { type Case, failureHashOf, identityOf, runAndTell } from "../explore/index.js";
import type { OwnWorlds } from "./own-worlds.js";

export interface LeastTold {
  /** The case, with its failure as it was seen here, where lines are those of the sources. */
  readonly least: Case;
  readonly story: readonly string[];
}

/** Runs it once more, in this thread. */
export async function tellLeast(smallest: Case, own: Pick<OwnWorlds, "makeRun">): Promise<LeastTold> {
  const failureHash = failureHashOf(identityOf(smallest.failure));
  const { verdict, outcome, story } = await runAndTell({ ...smallest, failureHash }, own.makeRun);
  const seen = verdict === "same" ? outcome.failure : undefined;
  return { least: { ...smallest, failure: seen ?? smallest.failure }, story };
}
