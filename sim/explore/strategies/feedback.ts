/**
 * What later runs learn from earlier ones: the collector of feedback, the schedule fingerprint of a run, and the pairs of
 * steps that it covered.
 */
import {
  hashString,
  mix32,
  type ChoicePoint,
  type Decision,
  type Step,
  type Task,
} from "../../kernel/index.js";
import {
  emptyFeedback,
  type Arm,
  type Branch,
  type CorpusEntry,
  type Feedback,
  type RunFeedback,
} from "./strategy.js";

/** What the learner wants to know of one run. */
export interface ReportedRun {
  readonly strategy: string;
  readonly seed: number;
  readonly fingerprint: ScheduleFingerprint;
  /** Hashes of what was covered; see coverage.ts. */
  readonly coverage: Iterable<number>;
  readonly decisions: readonly Decision[];
  /** Whether it failed in a way not seen before in the campaign. */
  readonly newFailure: boolean;
  readonly runFeedback: RunFeedback | undefined;
}

/**
 * Turns the reports of runs into feedback for later ones.
 *
 * Runs come in batches with fixed borders. The runs of a batch see what the batches up to the last but one
 * taught; so a batch can start while the one before it still runs, and what a run does depends on its position
 * alone, never on how many workers there are or which of them is quick.
 */
export interface FeedbackCollector {
  /** Takes in one run. Must be called in the order of the runs. @returns How many new pairs it covered. */
  add(run: ReportedRun): number;
  /** What is known now, for the `count` runs from `firstRun` on; hands out branches that nobody else gets. */
  feedback(firstRun: number, count: number): Feedback;
  /** Different pairs covered so far. */
  readonly covered: number;
  /** Branches of an exhaustive search that wait to be entered. */
  readonly branchesLeft: number;
  /** Whether a limit made an exhaustive search leave something out. */
  readonly truncated: boolean;
}

/** New pairs at which the reward of a run is one half: the reward is n / (n + 4), and 1 for a new failure. */
const halfRewardPairs = 4;
const corpusMax = 24;
const corpusDecisionsMax = 2_000;
const branchesMax = 200_000;

export function createFeedbackCollector(): FeedbackCollector {
  const covered = new Set<number>();
  const arms = new Map<string, Arm>();
  const sizes = createSizes();
  const branches: Branch[] = [...emptyFeedback.branches];
  let corpus: CorpusEntry[] = [];
  let runs = 0;
  let truncated = false;

  function addRunFeedback(runFeedback: RunFeedback): void {
    truncated ||= runFeedback.truncated || branches.length + runFeedback.branches.length > branchesMax;
    if (branches.length + runFeedback.branches.length <= branchesMax) branches.push(...runFeedback.branches);
  }

  return {
    add({ strategy, seed, fingerprint, coverage, decisions, newFailure, runFeedback }) {
      runs += 1;
      sizes.add(fingerprint);
      if (runFeedback !== undefined) addRunFeedback(runFeedback);
      const before = covered.size;
      for (const pair of coverage) covered.add(pair);
      const fresh = covered.size - before;
      const arm = arms.get(strategy) ?? { runs: 0, reward: 0 };
      const reward = newFailure ? 1 : fresh / (fresh + halfRewardPairs);
      arms.set(strategy, { runs: arm.runs + 1, reward: arm.reward + reward });
      if (fresh > 0 && decisions.length <= corpusDecisionsMax) {
        corpus = [...corpus.slice(1 - corpusMax), { seed, decisions }];
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
    get truncated() {
      return truncated;
    },
  };
}

interface Sizes {
  add(fingerprint: ScheduleFingerprint): void;
  means(runs: number): Pick<Feedback, "orderPoints" | "orderPointsMax" | "latencyPoints" | "taskLengths">;
}

function createSizes(): Sizes {
  const lengths = new Map<string, readonly [tasks: number, events: number]>();
  let orderPoints = 0;
  let orderPointsMax = 0;
  let latencyPoints = 0;
  return {
    add(fingerprint) {
      orderPoints += fingerprint.orderPoints;
      orderPointsMax = Math.max(orderPointsMax, fingerprint.orderPoints);
      latencyPoints += fingerprint.latencyPoints;
      for (const [name, tasks, events] of fingerprint.tasks) {
        const [knownTasks, knownEvents] = lengths.get(name) ?? [0, 0];
        lengths.set(name, [knownTasks + tasks, knownEvents + events]);
      }
    },
    means(runs) {
      const means = [...lengths].map(([name, [tasks, events]]) => [name, events / tasks] as const);
      return {
        orderPointsMax,
        orderPoints: orderPoints / runs,
        latencyPoints: latencyPoints / runs,
        taskLengths: Object.fromEntries(means),
      };
    },
  };
}

// What a run looked like from its questions: the sizes that other runs are planned by.

/** Plain data. */
interface ScheduleFingerprint {
  readonly orderPoints: number;
  readonly latencyPoints: number;
  /** For each name of tasks: how many there were, and how many events they had together. */
  readonly tasks: readonly (readonly [name: string, tasks: number, events: number])[];
}

export interface FingerprintBuilder {
  /** Takes note of one question. */
  add(point: ChoicePoint): void;
  fingerprint(): ScheduleFingerprint;
}

const namesMax = 512;

/** Sees only tasks that once had to wait for another: the ones that order is about. */
export function createFingerprintBuilder(): FingerprintBuilder {
  const tasks = new Set<Task>();
  let orderPoints = 0;
  let latencyPoints = 0;
  return {
    add({ kind, candidates }) {
      if (kind === "latency") latencyPoints += 1;
      if (candidates === undefined) return;
      orderPoints += 1;
      for (const { task } of candidates) tasks.add(task);
    },
    fingerprint() {
      const names = new Map<string, [number, number]>();
      for (const task of tasks) {
        const name = taskName(task);
        const [count, events] = names.get(name) ?? [0, 0];
        if (names.has(name) || names.size < namesMax) names.set(name, [count + 1, events + task.length]);
      }
      const rows = [...names].map(([name, [count, events]]) => [name, count, events] as const);
      return { orderPoints, latencyPoints, tasks: rows };
    },
  };
}

/** @returns Host and first label of a task. */
export function taskName({ host, label }: Pick<Task, "host" | "label">): string {
  return `${host}/${label}`;
}

// Coverage of a run: which step came right after which other on the same host.
//
// Pairs on one host, because only what happens on one host can disturb each other; so a new pair is a new
// order of something that matters. Each pair is a 32-bit hash.

export interface Coverage {
  /** To be called with each step as it begins. */
  step(step: Pick<Step, "host" | "label">): void;
  /** Hashes of the pairs seen, each once, in the order in which they first came. */
  pairs(): Uint32Array;
}

export function createCoverage(): Coverage {
  const labels = new Map<string, number>();
  const hosts = new Map<string, { readonly hash: number; last: number }>();
  const pairs = new Set<number>();
  return {
    step({ host, label }) {
      let here = hosts.get(host);
      if (here === undefined) {
        here = { hash: hashString(host, 7), last: 0 };
        hosts.set(host, here);
      }
      let hash = labels.get(label);
      if (hash === undefined) {
        hash = hashString(label, 11);
        labels.set(label, hash);
      }
      pairs.add(mix32(here.hash ^ Math.imul(here.last, 0x9e3779b1) ^ hash));
      here.last = hash;
    },
    pairs: () => Uint32Array.from(pairs),
  };
}
