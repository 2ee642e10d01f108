/** Hunts for the fault of a shape, as a campaign does, and counts the runs. */
import { batchesOf } from "../../sim/explore/campaign.js";
import { mix32 } from "../../sim/kernel/index.js";
import {
  type ReportedRun,
  type Strategy,
  createCoverage,
  createFeedbackCollector,
  createFingerprintBuilder,
} from "../../sim/explore/strategies/index.js";
import { type Shape, runShape } from "./lab.js";

/** @returns How many runs it took until the fault showed; undefined when `runsMax` were not enough. */
export async function hunt(
  shape: Shape,
  strategy: Strategy,
  campaignSeed: number,
  runsMax: number,
): Promise<number | undefined> {
  const collector = createFeedbackCollector();
  const done: ReportedRun[][] = [];
  let learnt = 0;
  for (const { firstRun, count, sees } of batchesOf(runsMax)) {
    for (; learnt < sees; learnt++) for (const run of done[learnt] ?? []) collector.add(run);
    const feedback = collector.feedback(firstRun, count);
    const batch: ReportedRun[] = [];
    for (let run = firstRun; run < firstRun + count; run++) {
      const key = { run, seed: mix32(mix32(campaignSeed) ^ run) };
      const driver = strategy.driverFor(key, feedback);
      if (driver === undefined) return undefined;
      const fingerprintBuilder = createFingerprintBuilder();
      const coverage = createCoverage();
      const observed = {
        ...driver,
        choose: (point: Parameters<typeof driver.choose>[0]) => {
          fingerprintBuilder.add(point);
          return driver.choose(point);
        },
      };
      const { failure, decisions } = await runShape(shape, observed, coverage.step);
      if (failure !== undefined) return run + 1;
      batch.push({
        strategy: driver.strategy,
        seed: driver.seed,
        fingerprint: fingerprintBuilder.fingerprint(),
        coverage: coverage.pairs(),
        decisions,
        newFailure: false,
        runFeedback: driver.runFeedback?.(),
      });
    }
    done.push(batch);
  }
  return undefined;
}
