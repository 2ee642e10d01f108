/**
 * Hunts one mutant as `phoenix-sim explore` would, one run after the other, and ends at the first failure: a campaign
 * would finish its batch.
 */
import { type Failure, createWorldRun, runSeed } from "../../sim/explore/index.js";
import { emptyFeedback, portfolioStrategy } from "../../sim/strategies/index.js";
import type { Mutant } from "./mutant.js";

export interface Hunted {
  /** Runs it took; all of them when nothing was found. */
  readonly runs: number;
  readonly failure: Failure | undefined;
}

/** @param runsMax - After how many runs it gives up. */
export async function huntMutant(mutant: Mutant, runsMax: number, seed = 1): Promise<Hunted> {
  const { platform, profile = "swarm" } = mutant;
  const runOnce = createWorldRun({ world: { platform } });
  const strategy = portfolioStrategy();
  for (let run = 0; run < runsMax; run++) {
    const key = { run, seed: runSeed(seed, run) };
    const driver = strategy.driverFor(key, { ...emptyFeedback, runs: run, firstRun: run });
    if (driver === undefined) continue;
    const { failure } = await runOnce({
      scenario: "two-clients",
      profile,
      seed: driver.seed,
      driver,
      onStep: () => {},
    });
    if (failure !== undefined) return { runs: run + 1, failure };
  }
  return { runs: runsMax, failure: undefined };
}
