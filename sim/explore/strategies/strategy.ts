/** What a strategy is: a maker of drivers, one for each run of a campaign. */
import {
  createStreams,
  hashString,
  mix32,
  seededDriver,
  type ChoicePoint,
  type Decision,
  type Driver,
} from "../../kernel/index.js";

/** One run of a campaign. */
export interface RunKey {
  /** Position in the campaign, from 0. */
  readonly run: number;
  /** Seed of this run; any safe integer. */
  readonly seed: number;
}

/** The driver of one run. */
export interface RunDriver extends Driver {
  /** Name of the strategy that made it; a portfolio gives the name of the one it chose. */
  readonly strategy: string;
  /** Seed that the ids of the run are sampled from; belongs to a replay. A mutation keeps that of its parent. */
  readonly seed: number;
  /** Asked after the run: what only this strategy can learn from it. */
  readonly runFeedback?: () => RunFeedback;
}

/** What an exhaustive search learnt from one run: the branches it passed by. */
export interface RunFeedback {
  readonly branches: readonly Branch[];
  /** Whether a limit kept it from noting all of them. */
  readonly truncated: boolean;
}

/** A part of the tree of all runs that was not entered yet. */
export interface Branch {
  /** Answers to the first questions of a run, in order. */
  readonly answers: readonly number[];
  /** Events, by sequence, that need not go next: another branch has covered what they lead to. */
  readonly asleep: readonly number[];
}

/**
 * What earlier runs taught. Plain data, so that it can be sent to a worker. All workers see the same at the
 * same run, whatever their number: see `createFeedbackCollector`.
 */
export interface Feedback {
  /** Runs that it was made from. */
  readonly runs: number;
  /** First run that it is for. */
  readonly firstRun: number;
  /** Most order points of any run: where a change may be needed. */
  readonly orderPointsMax: number;
  /** Mean number of order points of a run, and of latency points. */
  readonly orderPoints: number;
  readonly latencyPoints: number;
  /** Mean length of a task, by its host and first label. */
  readonly taskLengths: Readonly<Record<string, number>>;
  /** What each strategy was used for and gained; see portfolio.ts. */
  readonly arms: Readonly<Record<string, Arm>>;
  /** Runs that reached something new, newest last. */
  readonly corpus: readonly CorpusEntry[];
  /** For the exhaustive search: one branch for each run from `firstRun` on. */
  readonly branches: readonly Branch[];
}

export interface Arm {
  readonly runs: number;
  /** Sum of rewards, each from 0 to 1. */
  readonly reward: number;
}

export interface CorpusEntry {
  readonly seed: number;
  readonly decisions: readonly Decision[];
}

export interface Strategy {
  readonly name: string;
  /**
   * Depends on nothing but its arguments.
   *
   * @returns A driver; undefined when the strategy has nothing left to try at this point of the campaign.
   */
  driverFor(key: RunKey, feedback: Feedback): RunDriver | undefined;
}

/** What is known before the first run. The numbers are guesses for a small world. */
export const emptyFeedback: Feedback = Object.freeze({
  runs: 0,
  firstRun: 0,
  orderPointsMax: 24,
  orderPoints: 24,
  latencyPoints: 24,
  taskLengths: {},
  arms: {},
  corpus: [],
  branches: [{ answers: [], asleep: [] }],
});

// Random samples of one strategy in one run, apart from those of the world.

export interface Sampler {
  /** @returns A number from 0 up to but not including 1. */
  unit(): number;
  /** @returns A whole number from 0 to `n` - 1. */
  below(n: number): number;
}

/** @param purpose - Keeps samples under one seed apart. */
export function createSampler(seed: number, purpose: string): Sampler {
  const streams = createStreams(seed);
  const name = `strategy/${purpose}`;
  const unit = (): number => streams.next(name) / 2 ** 32;
  return { unit, below: (n) => Math.floor(unit() * n) };
}

/** @returns `count` different whole numbers from 0 to `n` - 1, or all of them when `n` is smaller. */
export function sampleDistinct(sampler: Sampler, count: number, n: number): ReadonlySet<number> {
  const found = new Set<number>();
  const wanted = Math.min(count, n);
  while (found.size < wanted) found.add(sampler.below(n));
  return found;
}

// How strategies that search over orders answer every other question.
//
// Delays decide order too, wherever events do not meet at one instant. One policy for delays cannot fit all
// faults: at nominal delays concurrent work meets at every hop, so that order points decide; with slow
// tasks one piece of work falls far behind; with spread delays everything is a little out of step.

/** `varied` samples one of the other three for each run. @see sideQuestions */
export type LatencyPolicy = "nominal" | "slow-tasks" | "spread" | "varied";

/**
 * @param policy - `nominal`: no delay is longer than it must be. `slow-tasks`: half of the tasks are quick,
 *   a quarter as slow as possible, a quarter in between. `spread`: every delay is sampled by itself.
 * @returns A driver for all questions but `order`: faults by their probability, replicas and timings at random.
 */
export function nonOrderDriver(seed: number, policy: LatencyPolicy): Driver {
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
  const sample = mix32(seed ^ 0x2f0b4c47) / 2 ** 32;
  if (sample < 0.5) return "nominal";
  return sample < 0.75 ? "slow-tasks" : "spread";
}

function slowness({ currentTask, label, n }: ChoicePoint, seedMixed: number): number {
  const sample =
    mix32(seedMixed ^ (currentTask === undefined ? hashString(label) : mix32(currentTask.id))) / 2 ** 32;
  if (sample < 0.5) return 0;
  if (sample < 0.75) return n - 1;
  return Math.floor((sample - 0.75) * 4 * n);
}
