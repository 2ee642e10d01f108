/** What a strategy is: a maker of drivers, one for each run of a campaign. */
import type { Deviation, Driver } from "../kernel/index.js";

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
  /** Seed that the ids of the run are drawn from; belongs to a replay. A mutation keeps that of its parent. */
  readonly seed: number;
  /** Asked after the run: what only this strategy can learn from it. */
  readonly lesson?: () => Lesson;
}

/** What an exhaustive search learnt from one run: the branches it passed by. */
export interface Lesson {
  readonly branches: readonly Branch[];
  /** Whether a limit kept it from noting all of them. */
  readonly cut: boolean;
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
 * same run, whatever their number: see `createLearner`.
 */
export interface Feedback {
  /** Runs that it was made from. */
  readonly runs: number;
  /** First run that it is for. */
  readonly firstRun: number;
  /** Most order points of any run: where a change may have to strike. */
  readonly orderPointsMax: number;
  /** Mean number of order points of a run, and of latency points. */
  readonly orderPoints: number;
  readonly latencyPoints: number;
  /** Mean length of a strand, by its host and first label. */
  readonly strandLengths: Readonly<Record<string, number>>;
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
  readonly deviations: readonly Deviation[];
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
  strandLengths: {},
  arms: {},
  corpus: [],
  branches: [{ answers: [], asleep: [] }],
});
