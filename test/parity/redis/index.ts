/** The comparison of the simulated Redis with the real one, as a report. */
import { sample } from "fast-check";
import { createSimulatedArm, startRealArm, type Arm } from "./arms.js";
import { behaviours } from "./behaviours/index.js";
import { playHistory } from "./histories.js";
import { history } from "./random-commands.js";
import { play, type Transcript } from "./transcript.js";

interface Counts {
  equal: number;
  different: number;
  unsupported: number;
}

interface RedisParityFeature extends Readonly<Counts> {
  readonly feature: string;
}

interface RedisDifference {
  readonly feature: string;
  readonly name: string;
  readonly simulated: Transcript;
  readonly real: Transcript;
}

export interface RedisParity {
  readonly equal: number;
  readonly different: number;
  readonly unsupported: number;
  readonly features: readonly RedisParityFeature[];
  readonly differences: readonly RedisDifference[];
  /** Version of the real server. */
  readonly against: string;
}

async function compareHistories(
  simulated: Arm,
  real: Arm,
  { histories = 500, seed = 1 }: RedisParityOptions,
): Promise<Counts> {
  const counts: Counts = { equal: 0, different: 0, unsupported: 0 };
  for (const steps of sample(history, { numRuns: histories, seed })) {
    const [left, right] = [await playHistory(simulated, steps), await playHistory(real, steps)];
    counts[left.join("\n") === right.join("\n") ? "equal" : "different"] += 1;
  }
  return counts;
}

const same = (a: Transcript, b: Transcript): boolean => JSON.stringify(a) === JSON.stringify(b);

export interface RedisParityOptions {
  /** Random histories to play, besides the single behaviours. @default 500 */
  readonly histories?: number;
  /** @default 1 */
  readonly seed?: number;
}

/**
 * Plays every behaviour on both servers.
 *
 * @throws Error when Redis 7.0 is not installed.
 */
export async function runRedisParity(options: RedisParityOptions = {}): Promise<RedisParity> {
  const real = await startRealArm();
  const simulated = createSimulatedArm();
  const rows = new Map<string, Counts>();
  const differences: RedisDifference[] = [];
  try {
    for (const { feature, name, lines } of behaviours) {
      const row = rows.get(feature) ?? { equal: 0, different: 0, unsupported: 0 };
      rows.set(feature, row);
      const left = await play(simulated, lines);
      const right = await play(real, lines);
      if (same(left, right)) row.equal += 1;
      else if (JSON.stringify(left).includes("SIM_UNSUPPORTED")) row.unsupported += 1;
      else {
        row.different += 1;
        differences.push({ feature, name, simulated: left, real: right });
      }
    }
    rows.set("random histories", await compareHistories(simulated, real, options));
  } finally {
    real.stop();
    simulated.stop();
  }
  const features = Array.from(rows, ([feature, counts]) => Object.assign({ feature }, counts));
  const sum = (field: "equal" | "different" | "unsupported"): number =>
    features.reduce((total, row) => total + row[field], 0);
  return {
    equal: sum("equal"),
    different: sum("different"),
    unsupported: sum("unsupported"),
    features,
    differences,
    against: real.version,
  };
}
