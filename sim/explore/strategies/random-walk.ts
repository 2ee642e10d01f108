/** Strategies that choose at random at each step: uniform, in time order, weighted (URW), and mutation of earlier runs. */
import { replayDriver, seededDriver, type Candidate } from "../../kernel/index.js";
import { taskName } from "./feedback.js";
import {
  createSampler,
  nonOrderDriver,
  type CorpusEntry,
  type Feedback,
  type LatencyPolicy,
  type RunDriver,
  type RunKey,
  type Strategy,
} from "./strategy.js";

/**
 * Uniform random: every runnable event is as likely as any other, at every step.
 *
 * @param latency - `nominal` makes it the rule of `fc.scheduler()`. @default "spread"
 */
export function randomStrategy({ latency = "spread" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "random",
    driverFor({ seed }) {
      const seeded = seededDriver(seed);
      const side = nonOrderDriver(seed, latency);
      return {
        strategy: "random",
        seed,
        choose: (point) => (point.kind === "order" ? seeded.choose(point) : side.choose(point)),
        entropy: side.entropy,
      };
    },
  };
}

// Time order: random delays, and events of one instant in the order in which they were scheduled.
//
// What most simulators do. Here as a yardstick, and because a fault that it finds has a short explanation.

/** @param latency - `nominal` without faults is the default schedule. @default "spread" */
export function fifoStrategy({ latency = "spread" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "fifo",
    driverFor({ seed }) {
      const side = nonOrderDriver(seed, latency);
      return {
        strategy: "fifo",
        seed,
        choose: (point) => (point.kind === "order" ? 0 : side.choose(point)),
        entropy: side.entropy,
      };
    },
  };
}

// Weighted random (URW): a task is sampled in proportion to the events it still has to run.
//
// Among tasks of known lengths this makes every interleaving equally likely, where a uniform choice at each
// step favours those in which the short tasks end early: Zhao, Wolff, Mathur and Roychoudhury, "Selectively
// Uniform Concurrency Testing", ASPLOS 2025, algorithm 1. Lengths are estimated from earlier runs.

/** @param latency - How delays are chosen. @default "varied" */
export function urwStrategy({ latency = "varied" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "urw",
    driverFor({ seed }, feedback) {
      const sampler = createSampler(seed, "urw");
      const side = nonOrderDriver(seed, latency);
      const remaining = estimator(feedback);
      return {
        strategy: "urw",
        seed,
        choose(point) {
          const { candidates } = point;
          if (candidates === undefined) return side.choose(point);
          return sampleWeighted(candidates.map(remaining), sampler.unit());
        },
        entropy: side.entropy,
      };
    },
  };
}

// At least one event is left on every task: the one that is runnable.
function estimator({ taskLengths }: Feedback): (candidate: Candidate) => number {
  const lengths = Object.values(taskLengths);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  return ({ task, place }) => Math.max(1, (taskLengths[taskName(task)] ?? mean) - place);
}

function sampleWeighted(weights: readonly number[], unit: number): number {
  let rest = unit * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length; i++) {
    rest -= weights[i] ?? 0;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}

// Mutation: takes a run that reached something new, and changes a little of it.
//
// It keeps the answers of the parent up to a random point or throughout, forgets some, and samples a few anew.
// What counts as new is said in coverage.ts. The idea is that of fuzzing by coverage, as AFL does it.

const forgetChance = 0.05;
const cutChance = 0.5;
const changesMax = 4;

/** Random until there is a run to change. */
export function mutationStrategy(): Strategy {
  const random = randomStrategy();
  return {
    name: "mutation",
    driverFor(key, feedback) {
      const sampler = createSampler(key.seed, "mutation");
      const parent = feedback.corpus[sampler.below(feedback.corpus.length)];
      return parent === undefined ? random.driverFor(key, feedback) : mutate(parent, key, feedback);
    },
  };
}

function mutate({ seed, decisions }: CorpusEntry, key: RunKey, feedback: Feedback): RunDriver {
  const sampler = createSampler(key.seed, "mutation/changes");
  const kept = decisions.filter(() => sampler.unit() >= forgetChance);
  const parent = replayDriver(seed, kept);
  const fresh = nonOrderDriver(key.seed, "spread");
  const points = Math.max(1, feedback.orderPoints + feedback.latencyPoints);
  const changeChance = (1 + sampler.below(changesMax)) / points;
  const cutAt = sampler.unit() < cutChance ? sampler.below(Math.ceil(points)) : Infinity;
  let asked = 0;
  return {
    strategy: "mutation",
    seed,
    choose(point) {
      const answer = parent.choose(point);
      const anew = asked++ >= cutAt || sampler.unit() < changeChance;
      return anew ? fresh.choose(point) : answer;
    },
    entropy: parent.entropy,
  };
}
