/**
 * The working half of a campaign: takes jobs, makes drivers, runs worlds, reports. Lives in each worker.
 *
 * Jobs and reports are plain data. An executor must get its jobs in the order of their runs, because it leaves
 * out of a report what it has reported before.
 */
import { type LeakWatch, installLeakWatch } from "./determinism/index.js";
import { type ChoicePoint, type Driver, replayDriver } from "../kernel/index.js";
import {
  type Feedback,
  type ReportedRun,
  type Strategy,
  createCoverage,
  createFingerprintBuilder,
  strategyNamed,
} from "./strategies/index.js";
import { type Comparison, type Difference, compareRuns } from "./compare-runs.js";
import { type Recording, type Replay, replay } from "./replay.js";
import type { Failure, RunOnce, RunOutcome, RunTarget } from "./run.js";

/** What an executor and whoever watches over it share, across threads. */
interface Supervised {
  /**
   * Two numbers. The executor raises the first at the start and after each run, because a worker may never answer. Once
   * the second is not 0, it begins no further run of the job.
   */
  readonly progress?: Int32Array;
}

/** @returns What to give to an executor as `progress`. */
export function createProgress(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** Asks for no further run of the job. */
export function stopAfterThisRun(progress: Int32Array): void {
  Atomics.store(progress, 1, 1);
}

export interface RunJob extends RunTarget, Supervised {
  /** Tells campaigns apart that one worker serves. */
  readonly campaign: string;
  readonly strategy: string;
  readonly feedback: Feedback;
  /** Does no further run of the campaign once one has failed; the earliest is still found, whoever does what. */
  readonly untilFailure: boolean;
  readonly runs: readonly {
    /** Position in the shard. */
    readonly run: number;
    readonly seed: number;
    /** Run it twice even if it goes well. */
    readonly twice: boolean;
  }[];
}

export interface RunReport extends Pick<
  ReportedRun,
  "strategy" | "seed" | "fingerprint" | "runFeedback" | "decisions"
> {
  readonly run: number;
  readonly failure: Failure | undefined;
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualUs: number;
  /** Pairs that this executor has not reported before. */
  readonly coverage: Uint32Array;
  readonly sometimes: RunOutcome["sometimes"];
  /** How many faults were injected. */
  readonly faults: number;
  readonly difference: Difference | undefined;
  /** Uses of real time, randomness or I/O in it that made no difference; noticed only in runs that are run twice. */
  readonly benign: readonly string[];
}

export interface Executor {
  /** @returns One report for each run; undefined where the strategy had nothing left to try. */
  execute(job: RunJob): Promise<readonly (RunReport | undefined)[]>;
  /** Brings one recorded run back. */
  replay(recording: Recording & Supervised): Promise<Replay>;
}

export interface ExecutorOptions {
  /** Finds a strategy by name. @default the catalogue */
  readonly strategies?: (name: string) => Strategy;
}

const unchecked: Comparison = { difference: undefined, benign: [] };

export function createExecutor(
  runOnce: RunOnce,
  { strategies = strategyNamed }: ExecutorOptions = {},
): Executor {
  const reported = new Set<number>();
  let campaign = "";
  let firstFailed = Infinity;
  let leakWatch: LeakWatch | undefined;

  async function executeRun(job: RunJob, strategy: Strategy, index: number): Promise<RunReport | undefined> {
    const key = job.runs[index];
    const driver = key && strategy.driverFor(key, job.feedback);
    if (key === undefined || driver === undefined) return undefined;
    const { seed } = driver;
    const fingerprintBuilder = createFingerprintBuilder();
    const coverage = createCoverage();
    const observed = observe(driver, fingerprintBuilder.add);
    const outcome = await runOnce({ ...targetOf(job), seed, driver: observed, onStep: coverage.step });
    const fresh = coverage.pairs().filter((pair) => !reported.has(pair));
    for (const pair of fresh) reported.add(pair);
    const { failure, traceHash, steps, virtualUs, sometimes, faults = 0 } = outcome;
    const target = { ...targetOf(job), seed };
    // The second run replays what the first recorded, so that it also proves that the run can be brought back.
    const { difference, benign } =
      failure === undefined && !key.twice
        ? unchecked
        : await compareRuns(
            runOnce,
            (leakWatch ??= installLeakWatch()),
            outcome,
            { ...target, driver: () => strategy.driverFor(key, job.feedback) ?? driver },
            { ...target, driver: () => replayDriver(seed, outcome.decisions) },
          );
    return {
      run: key.run,
      seed,
      strategy: driver.strategy,
      failure,
      traceHash,
      steps,
      virtualUs,
      fingerprint: fingerprintBuilder.fingerprint(),
      coverage: fresh,
      // Only needed where somebody may want to run it again; long, and sent from thread to thread.
      decisions: failure !== undefined || fresh.length > 0 ? outcome.decisions : [],
      runFeedback: driver.runFeedback?.(),
      sometimes,
      faults,
      difference,
      benign,
    };
  }

  return {
    async execute(job) {
      countRun(job);
      if (job.campaign !== campaign) {
        campaign = job.campaign;
        firstFailed = Infinity;
        reported.clear();
      }
      const strategy = strategies(job.strategy);
      const reports: (RunReport | undefined)[] = [];
      try {
        for (let i = 0; i < job.runs.length; i++) {
          if (job.untilFailure && (job.runs[i]?.run ?? 0) > firstFailed) break;
          if (job.progress !== undefined && Atomics.load(job.progress, 1) !== 0) break;
          const report = await executeRun(job, strategy, i);
          if (report?.failure !== undefined) firstFailed = Math.min(firstFailed, report.run);
          reports.push(report);
          countRun(job);
        }
      } finally {
        leakWatch?.uninstall();
        leakWatch = undefined;
      }
      return reports;
    },
    async replay(recording) {
      countRun(recording);
      return replay(runOnce, recording);
    },
  };
}

function countRun({ progress }: Supervised): void {
  if (progress !== undefined) Atomics.add(progress, 0, 1);
}

function targetOf({ scenario, profile }: RunTarget): RunTarget {
  return { scenario, profile };
}

function observe(driver: Driver, add: (point: ChoicePoint) => void): Driver {
  return {
    choose(point) {
      add(point);
      return driver.choose(point);
    },
    entropy: driver.entropy,
  };
}
