/** The comparison of the simulated Redis with the real one, as a report. */
import { createSimulatedArm, startRealArm } from "./arms.js";
import { behaviours } from "./behaviours/index.js";
import { play, type Transcript } from "./transcript.js";

export interface RedisParityFeature {
  readonly feature: string;
  readonly equal: number;
  readonly different: number;
  readonly unsupported: number;
}

export interface RedisDifference {
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
  /** Version of the real server, or undefined when there is none and nothing was compared. */
  readonly against: string | undefined;
}

const same = (a: Transcript, b: Transcript): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Plays every behaviour on both servers. Without a `redis-server` on this machine all counts are 0. */
export async function runRedisParity(): Promise<RedisParity> {
  const real = await startRealArm();
  if (real === undefined) {
    return { equal: 0, different: 0, unsupported: 0, features: [], differences: [], against: undefined };
  }
  const simulated = createSimulatedArm();
  const rows = new Map<string, { equal: number; different: number; unsupported: number }>();
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
