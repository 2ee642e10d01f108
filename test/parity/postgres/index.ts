/** The comparison of the simulated PostgreSQL with the real one, as a report. */
import * as fc from "fast-check";
import { createSimulatedArm, startRealArm } from "./arms.js";
import { behaviours } from "./behaviours/index.js";
import {
  compare,
  type Comparison,
  type Difference,
  type FeatureCount,
  firstDifference,
  playBoth,
} from "./compare.js";
import { hermitage } from "./hermitage.js";
import { history } from "./histories.js";
import { platform } from "./platform.js";

interface Totals {
  readonly equal: number;
  readonly different: number;
  readonly unsupported: number;
}

export interface PostgresParity extends Totals {
  readonly features: readonly FeatureCount[];
  readonly differences: readonly Difference[];
  readonly hermitage: Totals;
  readonly histories: { readonly equal: number; readonly different: number; readonly seed: number };
  /** Version of the real server. */
  readonly against: string;
}

export interface PostgresParityOptions {
  /** Random histories to play. @default 5_000 */
  readonly histories?: number;
  /** @default 1 */
  readonly seed?: number;
}

function total({ features }: Comparison): Totals {
  const sum = (field: keyof Totals): number => features.reduce((count, feature) => count + feature[field], 0);
  return { equal: sum("equal"), different: sum("different"), unsupported: sum("unsupported") };
}

/**
 * Plays everything on both servers.
 *
 * @throws Error when PostgreSQL 15 is not installed.
 */
export async function runPostgresParity({
  histories = 5_000,
  seed = 1,
}: PostgresParityOptions = {}): Promise<PostgresParity> {
  const real = await startRealArm();
  const simulated = createSimulatedArm();
  try {
    const single = await compare(simulated, real, [...behaviours, ...platform]);
    const levels = await compare(simulated, real, hermitage);
    const differences = [...single.differences, ...levels.differences];
    let equal = 0;
    for (const script of fc.sample(history, { numRuns: histories, seed })) {
      const { own, other, equal: same } = await playBoth(simulated, real, script);
      if (same) equal += 1;
      else
        differences.push({
          feature: "histories",
          name: firstDifference(own, other),
          simulated: own,
          real: other,
        });
    }
    return {
      ...total(single),
      features: [...single.features, ...levels.features],
      differences,
      hermitage: total(levels),
      histories: { equal, different: histories - equal, seed },
      against: real.version,
    };
  } finally {
    real.stop();
    simulated.stop();
  }
}
