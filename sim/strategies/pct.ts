/**
 * PCT: strands have random priorities, the highest goes first, and at depth - 1 random points the one that
 * would go next falls below all others.
 *
 * A fault that needs `depth` ordering constraints is met with a chance of at least 1 / (n k^(depth - 1)), for
 * n strands and k steps: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. Strands instead of threads: see kernel/strand.ts.
 *
 * Where messages take time, events seldom meet, and priorities decide nothing. So under `slow-strands` they
 * become speeds: a strand of low priority gets long delays, and one that fell gets the longest.
 */
import type { Candidate, ChoicePoint, Strand } from "../kernel/index.js";
import { type Draws, createDraws, drawDistinct } from "./draws.js";
import { type LatencyPolicy, resolvePolicy, sideQuestions } from "./side-questions.js";
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
    driverFor({ seed }, { orderPointsMax, latencyPoints }) {
      const draws = createDraws(seed, name);
      const timed = resolvePolicy(seed, latency) === "slow-strands";
      const side = sideQuestions(seed, latency);
      const points = orderPointsMax + (timed ? Math.ceil(latencyPoints) : 0);
      const changes = drawDistinct(draws, depth - 1, Math.max(depth, points));
      const priorities = createPriorities(draws);
      let asked = 0;

      const order = (candidates: readonly Candidate[]): number => {
        const index = indexOfHighest(candidates, priorities.ofCandidate);
        const falling = candidates[index];
        if (!changes.has(asked++) || falling === undefined) return index;
        priorities.fall(falling.strand);
        return indexOfHighest(candidates, priorities.ofCandidate);
      };

      const delay = (asker: Strand, n: number): number => {
        if (changes.has(asked++)) priorities.fall(asker);
        return slownessOf(priorities.of(asker), n);
      };

      return {
        strategy: name,
        seed,
        choose(point: ChoicePoint) {
          const { candidates, asker, kind, n } = point;
          if (candidates !== undefined) return order(candidates);
          return timed && kind === "latency" && asker !== undefined ? delay(asker, n) : side.choose(point);
        },
        entropy: side.entropy,
      };
    },
  };
}

interface Priorities {
  /** From 0 to 1 at first; below 0 once it fell. */
  of(strand: Strand): number;
  ofCandidate(candidate: Candidate): number;
  /** Puts a strand below all others. */
  fall(strand: Strand): void;
}

function createPriorities(draws: Draws): Priorities {
  const priorities = new Map<number, number>();
  let lowest = 0;

  function of({ id }: Strand): number {
    let priority = priorities.get(id);
    if (priority === undefined) {
      priority = draws.unit();
      priorities.set(id, priority);
    }
    return priority;
  }

  return {
    of,
    ofCandidate: ({ strand }) => of(strand),
    fall({ id }) {
      lowest -= 1;
      priorities.set(id, lowest);
    },
  };
}

// Half of the strands are quick, a quarter as slow as possible, the rest in between.
function slownessOf(priority: number, n: number): number {
  if (priority >= 0.5) return 0;
  return priority < 0.25 ? n - 1 : Math.floor((0.5 - priority) * 4 * n);
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
