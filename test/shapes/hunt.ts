/** Hunts for the fault of a shape, as a campaign does, and counts the runs. */
import { batchesOf } from "../../sim/explore/batches.js";
import { mix32 } from "../../sim/kernel/index.js";
import {
  type LearnedRun,
  type Strategy,
  createCoverage,
  createLearner,
  createSketcher,
} from "../../sim/strategies/index.js";
import { type Shape, runShape } from "./lab.js";

/** @returns How many runs it took until the fault showed; undefined when `runsMax` were not enough. */
export async function hunt(
  shape: Shape,
  strategy: Strategy,
  campaignSeed: number,
  runsMax: number,
): Promise<number | undefined> {
  const learner = createLearner();
  const done: LearnedRun[][] = [];
  let learnt = 0;
  for (const { firstRun, count, sees } of batchesOf(runsMax)) {
    for (; learnt < sees; learnt++) for (const run of done[learnt] ?? []) learner.learn(run);
    const feedback = learner.feedback(firstRun, count);
    const batch: LearnedRun[] = [];
    for (let run = firstRun; run < firstRun + count; run++) {
      const key = { run, seed: mix32(mix32(campaignSeed) ^ run) };
      const driver = strategy.driverFor(key, feedback);
      if (driver === undefined) return undefined;
      const sketcher = createSketcher();
      const coverage = createCoverage();
      const watched = {
        ...driver,
        choose: (point: Parameters<typeof driver.choose>[0]) => {
          sketcher.see(point);
          return driver.choose(point);
        },
      };
      const { failure, deviations } = await runShape(shape, watched, coverage.step);
      if (failure !== undefined) return run + 1;
      batch.push({
        strategy: driver.strategy,
        seed: driver.seed,
        sketch: sketcher.sketch(),
        coverage: coverage.pairs(),
        deviations,
        newFailure: false,
        lesson: driver.lesson?.(),
      });
    }
    done.push(batch);
  }
  return undefined;
}
