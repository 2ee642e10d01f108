/**
 * Weighted random (URW): a strand is drawn in proportion to the events it still has to run.
 *
 * Among strands of known lengths this makes every interleaving equally likely, where a uniform choice at each
 * step favours those in which the short strands end early: Zhao, Wolff, Mathur and Roychoudhury, "Selectively
 * Uniform Concurrency Testing", ASPLOS 2025, algorithm 1. Lengths are estimated from earlier runs.
 */
import type { Candidate } from "../kernel/index.js";
import { createDraws } from "./draws.js";
import { strandName } from "./sketch.js";
import { type LatencyPolicy, sideQuestions } from "./side-questions.js";
import type { Feedback, Strategy } from "./strategy.js";

/** @param latency - How delays are chosen. @default "varied" */
export function urwStrategy({ latency = "varied" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "urw",
    driverFor({ seed }, feedback) {
      const draws = createDraws(seed, "urw");
      const side = sideQuestions(seed, latency);
      const remaining = estimator(feedback);
      return {
        strategy: "urw",
        seed,
        choose(point) {
          const { candidates } = point;
          if (candidates === undefined) return side.choose(point);
          return drawWeighted(candidates.map(remaining), draws.unit());
        },
        entropy: side.entropy,
      };
    },
  };
}

// At least one event is left on every strand: the one that is runnable.
function estimator({ strandLengths }: Feedback): (candidate: Candidate) => number {
  const lengths = Object.values(strandLengths);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  return ({ strand, place }) => Math.max(1, (strandLengths[strandName(strand)] ?? mean) - place);
}

function drawWeighted(weights: readonly number[], unit: number): number {
  let rest = unit * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length; i++) {
    rest -= weights[i] ?? 0;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}
