/**
 * PCT: strands have random priorities, the highest goes first, and at depth - 1 random points the one that
 * would go next falls below all others.
 *
 * A fault that needs `depth` ordering constraints is met with a chance of at least 1 / (n k^(depth - 1)), for
 * n strands and k steps: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. Strands instead of threads: see kernel/strand.ts.
 */
import type { Candidate } from "../kernel/index.js";
import { createDraws, drawDistinct } from "./draws.js";
import { type LatencyPolicy, sideQuestions } from "./side-questions.js";
import type { Strategy } from "./strategy.js";

export interface PctOptions {
  /** Ordering constraints to aim at, from 1. */
  readonly depth: number;
  /** How delays are chosen. @default "varied" */
  readonly latency?: LatencyPolicy;
}

export function pctStrategy({ depth, latency = "varied" }: PctOptions): Strategy {
  const name = `pct${depth}`;
  return {
    name,
    driverFor({ seed }, feedback) {
      const draws = createDraws(seed, name);
      const side = sideQuestions(seed, latency);
      const changes = drawDistinct(draws, depth - 1, Math.max(depth, feedback.orderPointsMax));
      const priorities = new Map<number, number>();
      let points = 0;
      let lowest = 0;

      function priorityOf({ strand }: Candidate): number {
        let priority = priorities.get(strand.id);
        if (priority === undefined) {
          priority = draws.unit();
          priorities.set(strand.id, priority);
        }
        return priority;
      }

      return {
        strategy: name,
        seed,
        choose(point) {
          const { candidates } = point;
          if (candidates === undefined) return side.choose(point);
          let index = indexOfHighest(candidates, priorityOf);
          if (changes.has(points)) {
            const falling = candidates[index];
            lowest -= 1;
            if (falling !== undefined) priorities.set(falling.strand.id, lowest);
            index = indexOfHighest(candidates, priorityOf);
          }
          points += 1;
          return index;
        },
        entropy: side.entropy,
      };
    },
  };
}

/** @returns Position of the candidate with the highest priority; the oldest of equals. */
export function indexOfHighest(
  candidates: readonly Candidate[],
  priorityOf: (candidate: Candidate) => number,
): number {
  let best = 0;
  let bestPriority = -Infinity;
  for (let i = 0; i < candidates.length; i++) {
    const priority = priorityOf(candidates[i] as Candidate);
    if (priority > bestPriority) {
      best = i;
      bestPriority = priority;
    }
  }
  return best;
}
