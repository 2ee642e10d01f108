/**
 * Turns the reports of runs into feedback for later ones.
 *
 * Runs come in batches with fixed borders. The runs of a batch see what the batches up to the last but one
 * taught; so a batch can start while the one before it still runs, and what a run does depends on its position
 * alone, never on how many workers there are or which of them is quick.
 */
import type { Deviation } from "../kernel/index.js";
import type { Sketch } from "./sketch.js";
import {
  type Arm,
  type Branch,
  type CorpusEntry,
  type Feedback,
  type Lesson,
  emptyFeedback,
} from "./strategy.js";

/** What the learner wants to know of one run. */
export interface LearnedRun {
  readonly strategy: string;
  readonly seed: number;
  readonly sketch: Sketch;
  /** Hashes of what was covered; see coverage.ts. */
  readonly coverage: Iterable<number>;
  readonly deviations: readonly Deviation[];
  /** Whether it failed in a way not seen before in the campaign. */
  readonly newFailure: boolean;
  readonly lesson: Lesson | undefined;
}

export interface Learner {
  /** Takes in one run. Must be called in the order of the runs. @returns How many new pairs it covered. */
  learn(run: LearnedRun): number;
  /** What is known now, for the `count` runs from `firstRun` on; hands out branches that nobody else gets. */
  feedback(firstRun: number, count: number): Feedback;
  /** Different pairs covered so far. */
  readonly covered: number;
  /** Branches of an exhaustive search that wait to be entered. */
  readonly branchesLeft: number;
  /** Whether a limit made an exhaustive search leave something out. */
  readonly cut: boolean;
}

/** New pairs at which the reward of a run is one half: the reward is n / (n + 4), and 1 for a new failure. */
const halfRewardPairs = 4;
const corpusMax = 24;
const corpusDeviationsMax = 2_000;
const branchesMax = 200_000;

export function createLearner(): Learner {
  const covered = new Set<number>();
  const arms = new Map<string, Arm>();
  const sizes = createSizes();
  const branches: Branch[] = [...emptyFeedback.branches];
  let corpus: CorpusEntry[] = [];
  let runs = 0;
  let cut = false;

  function learnLesson(lesson: Lesson): void {
    cut ||= lesson.cut || branches.length + lesson.branches.length > branchesMax;
    if (branches.length + lesson.branches.length <= branchesMax) branches.push(...lesson.branches);
  }

  return {
    learn({ strategy, seed, sketch, coverage, deviations, newFailure, lesson }) {
      runs += 1;
      sizes.learn(sketch);
      if (lesson !== undefined) learnLesson(lesson);
      const before = covered.size;
      for (const pair of coverage) covered.add(pair);
      const fresh = covered.size - before;
      const arm = arms.get(strategy) ?? { runs: 0, reward: 0 };
      const reward = newFailure ? 1 : fresh / (fresh + halfRewardPairs);
      arms.set(strategy, { runs: arm.runs + 1, reward: arm.reward + reward });
      if (fresh > 0 && deviations.length <= corpusDeviationsMax) {
        corpus = [...corpus.slice(1 - corpusMax), { seed, deviations }];
      }
      return fresh;
    },
    feedback(firstRun, count) {
      const taken = branches.splice(Math.max(0, branches.length - count), count).reverse();
      if (runs === 0) return { ...emptyFeedback, firstRun, branches: taken };
      return {
        runs,
        firstRun,
        ...sizes.means(runs),
        arms: Object.fromEntries(arms),
        corpus,
        branches: taken,
      };
    },
    get covered() {
      return covered.size;
    },
    get branchesLeft() {
      return branches.length;
    },
    get cut() {
      return cut;
    },
  };
}

interface Sizes {
  learn(sketch: Sketch): void;
  means(runs: number): Pick<Feedback, "orderPoints" | "orderPointsMax" | "latencyPoints" | "strandLengths">;
}

function createSizes(): Sizes {
  const lengths = new Map<string, readonly [strands: number, events: number]>();
  let orderPoints = 0;
  let orderPointsMax = 0;
  let latencyPoints = 0;
  return {
    learn(sketch) {
      orderPoints += sketch.orderPoints;
      orderPointsMax = Math.max(orderPointsMax, sketch.orderPoints);
      latencyPoints += sketch.latencyPoints;
      for (const [name, strands, events] of sketch.strands) {
        const [knownStrands, knownEvents] = lengths.get(name) ?? [0, 0];
        lengths.set(name, [knownStrands + strands, knownEvents + events]);
      }
    },
    means(runs) {
      const means = [...lengths].map(([name, [strands, events]]) => [name, events / strands] as const);
      return {
        orderPointsMax,
        orderPoints: orderPoints / runs,
        latencyPoints: latencyPoints / runs,
        strandLengths: Object.fromEntries(means),
      };
    },
  };
}
