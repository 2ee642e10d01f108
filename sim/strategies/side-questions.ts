/**
 * How strategies that search over orders answer every other question.
 *
 * Delays decide order too, wherever events do not meet at one instant. One policy for delays cannot fit all
 * faults: at nominal delays concurrent work meets at every hop, so that order points decide; with slow
 * strands one piece of work falls far behind; with spread delays everything is a little out of step.
 */
import { type ChoicePoint, type Driver, hashString, mix32, seededDriver } from "../kernel/index.js";

/** `varied` draws one of the other three for each run. @see sideQuestions */
export type LatencyPolicy = "nominal" | "slow-strands" | "spread" | "varied";

/**
 * @param policy - `nominal`: no delay is longer than it must be. `slow-strands`: half of the strands are quick,
 *   a quarter as slow as possible, a quarter in between. `spread`: every delay is drawn by itself.
 * @returns A driver for all questions but `order`: faults by their probability, replicas and timings at random.
 */
export function sideQuestions(seed: number, policy: LatencyPolicy): Driver {
  const seeded = seededDriver(seed);
  const chosen = resolvePolicy(seed, policy);
  const seedMixed = mix32(seed ^ 0x51ed270b);
  return {
    choose(point) {
      if (point.kind !== "latency" || chosen === "spread") return seeded.choose(point);
      return chosen === "nominal" ? 0 : slowness(point, seedMixed);
    },
    entropy: seeded.entropy,
  };
}

/** @returns The policy itself, or the one that `varied` stands for in the run with this seed. */
export function resolvePolicy(seed: number, policy: LatencyPolicy): Exclude<LatencyPolicy, "varied"> {
  if (policy !== "varied") return policy;
  const draw = mix32(seed ^ 0x2f0b4c47) / 2 ** 32;
  if (draw < 0.5) return "nominal";
  return draw < 0.75 ? "slow-strands" : "spread";
}

function slowness({ asker, label, n }: ChoicePoint, seedMixed: number): number {
  const draw = mix32(seedMixed ^ (asker === undefined ? hashString(label) : mix32(asker.id))) / 2 ** 32;
  if (draw < 0.5) return 0;
  if (draw < 0.75) return n - 1;
  return Math.floor((draw - 0.75) * 4 * n);
}
