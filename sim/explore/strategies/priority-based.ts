/** Strategies that follow priorities: PCT, partial order sampling, and delay bounding. */
import type { Candidate, ChoicePoint, Task } from "../../kernel/index.js";
import {
  createSampler,
  nonOrderDriver,
  resolvePolicy,
  sampleDistinct,
  type LatencyPolicy,
  type Sampler,
  type Strategy,
} from "./strategy.js";

export interface PctOptions {
  /** Ordering constraints to aim at, from 1. */
  readonly depth: number;
  /** How delays are chosen. @default "varied" */
  readonly latency?: LatencyPolicy;
}

/**
 * PCT: tasks have random priorities, the highest goes first, and at depth - 1 random points the one that
 * would go next falls below all others.
 *
 * A fault that needs `depth` ordering constraints is met with a chance of at least 1 / (n k^(depth - 1)), for
 * n tasks and k steps: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. Tasks instead of threads: see kernel/task.ts.
 *
 * Where messages take time, events seldom meet, and priorities decide nothing. So under `slow-tasks` they
 * become speeds: a task of low priority gets long delays, and one that fell gets the longest.
 */
export function pctStrategy({ depth, latency = "varied" }: PctOptions): Strategy {
  const name = `pct${depth}`;
  return {
    name,
    driverFor({ seed }, { orderPointsMax, latencyPoints }) {
      const sampler = createSampler(seed, name);
      const timed = resolvePolicy(seed, latency) === "slow-tasks";
      const side = nonOrderDriver(seed, latency);
      const points = orderPointsMax + (timed ? Math.ceil(latencyPoints) : 0);
      const changes = sampleDistinct(sampler, depth - 1, Math.max(depth, points));
      const priorities = createPriorities(sampler);
      let asked = 0;

      const order = (candidates: readonly Candidate[]): number => {
        const index = indexOfHighest(candidates, priorities.ofCandidate);
        const falling = candidates[index];
        if (!changes.has(asked++) || falling === undefined) return index;
        priorities.fall(falling.task);
        return indexOfHighest(candidates, priorities.ofCandidate);
      };

      const delay = (currentTask: Task, n: number): number => {
        if (changes.has(asked++)) priorities.fall(currentTask);
        return slownessOf(priorities.of(currentTask), n);
      };

      return {
        strategy: name,
        seed,
        choose(point: ChoicePoint) {
          const { candidates, currentTask, kind, n } = point;
          if (candidates !== undefined) return order(candidates);
          return timed && kind === "latency" && currentTask !== undefined
            ? delay(currentTask, n)
            : side.choose(point);
        },
        entropy: side.entropy,
      };
    },
  };
}

interface Priorities {
  /** From 0 to 1 at first; below 0 once it fell. */
  of(task: Task): number;
  ofCandidate(candidate: Candidate): number;
  /** Puts a task below all others. */
  fall(task: Task): void;
}

function createPriorities(sampler: Sampler): Priorities {
  const priorities = new Map<number, number>();
  let lowest = 0;

  function of({ id }: Task): number {
    let priority = priorities.get(id);
    if (priority === undefined) {
      priority = sampler.unit();
      priorities.set(id, priority);
    }
    return priority;
  }

  return {
    of,
    ofCandidate: ({ task }) => of(task),
    fall({ id }) {
      lowest -= 1;
      priorities.set(id, lowest);
    },
  };
}

// Half of the tasks are quick, a quarter as slow as possible, the rest in between.
function slownessOf(priority: number, n: number): number {
  if (priority >= 0.5) return 0;
  return priority < 0.25 ? n - 1 : Math.floor((0.5 - priority) * 4 * n);
}

/** @returns Position of the candidate with the highest priority; the oldest of equals. */
function indexOfHighest(
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

// Partial order sampling: every event has a random priority, the highest goes first, and the events that race
// with it sample again.
//
// Orders that differ only in independent events come up as one, so that small partial orders are met more
// often than by a walk: Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018. Two events
// race here when they run on one host, because hosts share no memory.

/** @param latency - How delays are chosen. @default "varied" */
export function posStrategy({ latency = "varied" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "pos",
    driverFor({ seed }) {
      const sampler = createSampler(seed, "pos");
      const side = nonOrderDriver(seed, latency);
      const priorities = new Map<number, number>();

      function priorityOf({ sequence }: Candidate): number {
        let priority = priorities.get(sequence);
        if (priority === undefined) {
          priority = sampler.unit();
          priorities.set(sequence, priority);
        }
        return priority;
      }

      return {
        strategy: "pos",
        seed,
        choose(point) {
          const { candidates } = point;
          if (candidates === undefined) return side.choose(point);
          const index = indexOfHighest(candidates, priorityOf);
          const host = candidates[index]?.owner?.name;
          for (const { sequence, owner } of candidates) if (owner?.name === host) priorities.delete(sequence);
          return index;
        },
        entropy: side.entropy,
      };
    },
  };
}

// Delay bounding: oldest first, except that a few times the event that would go next is put behind all
// others that are runnable, or a message takes longer than it must.
//
// Most faults need few delays, and what it finds is short: Emmi, Qadeer and Rakamaric, "Delay-Bounded
// Scheduling", POPL 2011; sampled at random here instead of enumerated.

/** @param delays - How many delays one run may have; half of them, at random, hit messages. @default 3 */
export function delayBoundedStrategy({ delays = 3 }: { delays?: number } = {}): Strategy {
  return {
    name: "delay-bounded",
    driverFor({ seed }, feedback) {
      const sampler = createSampler(seed, "delay-bounded");
      const side = nonOrderDriver(seed, "nominal");
      const ofMessages = sampler.below(Math.floor(delays / 2) + 1);
      const orderDelays = sampleDistinct(sampler, delays - ofMessages, Math.ceil(feedback.orderPoints) + 1);
      const messageDelays = sampleDistinct(sampler, ofMessages, Math.ceil(feedback.latencyPoints) + 1);
      const behind = new Map<number, number>();
      let orderPoints = 0;
      let latencyPoints = 0;

      // Older is higher; what was put back counts as younger than everything it was put behind.
      const age = (candidate: Candidate): number => -(behind.get(candidate.sequence) ?? candidate.sequence);

      function order(candidates: readonly Candidate[]): number {
        const index = indexOfHighest(candidates, age);
        if (!orderDelays.has(orderPoints++)) return index;
        const youngest = Math.max(...candidates.map((candidate) => -age(candidate)));
        const delayed = candidates[index];
        if (delayed !== undefined) behind.set(delayed.sequence, youngest + 0.5);
        return indexOfHighest(candidates, age);
      }

      function latency(point: ChoicePoint): number {
        return messageDelays.has(latencyPoints++) ? 1 + sampler.below(point.n - 1) : 0;
      }

      return {
        strategy: "delay-bounded",
        seed,
        choose(point) {
          if (point.candidates !== undefined) return order(point.candidates);
          return point.kind === "latency" ? latency(point) : side.choose(point);
        },
        entropy: side.entropy,
      };
    },
  };
}
