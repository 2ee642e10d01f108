/**
 * Pools: where the jobs of a campaign are done, in this thread or in worker threads. A campaign gives the same results on
 * every pool.
 */
import { Tinypool } from "tinypool";

import { everyRealMs } from "../kernel/index.js";
import { createProgress, stopAfterThisRun, type Executor, type RunJob, type RunReport } from "./executor.js";
import type { Recording, Replay } from "./replay.js";
import type { Failure } from "./run.js";

// Lets the process hear of what is not the work in hand: signals, most of all. Runs themselves never let go.

// Kept before any world puts its own in place.
const nativeSetImmediate = setImmediate;

/** Resolves once the event loop of the process has gone round. */
export async function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    nativeSetImmediate(resolve);
  });
}

export interface Pool {
  /** How many jobs are done at once. */
  readonly workers: number;
  /** Jobs start in the order in which they were submitted. */
  submit(job: RunJob): Promise<readonly (RunReport | undefined)[]>;
  /** Brings one recorded run back; undefined when the pool was abandoned first. */
  replay(recording: Recording): Promise<Replay | undefined>;
  /**
   * Ends all jobs soon, because somebody waits: each gives the runs that have ended by then. A run that has not ended
   * after `abandonMs` is given up.
   */
  abandon(): void;
  close(): Promise<void>;
}

/** Real milliseconds that a run in progress still has once its pool is abandoned. */
const abandonMs = 1_000;

/** Does the jobs in this thread, one after the other. A run that never ends is not noticed here. */
export function localPool(executor: Executor): Pool {
  let last: Promise<unknown> = Promise.resolve();
  let abandoned = false;
  const progress = createProgress();
  let giveUp = (): void => {};
  const givenUp = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });

  async function enqueue<T>(work: () => Promise<T>): Promise<T | undefined> {
    const result = last.then(yieldToEventLoop).then(async () => (abandoned ? undefined : work()));
    last = result.catch(() => {});
    return Promise.race([result, givenUp]);
  }

  return {
    workers: 1,
    submit: async (job) => (await enqueue(async () => executor.execute({ ...job, progress }))) ?? [],
    replay: async (recording) => enqueue(async () => executor.replay(recording)),
    abandon() {
      if (abandoned) return;
      abandoned = true;
      stopAfterThisRun(progress);
      const stop = everyRealMs(abandonMs, () => {
        stop();
        giveUp();
      });
    },
    async close() {
      await Promise.race([last, givenUp]);
    },
  };
}

// A pool of worker threads. A run that never ends costs its thread, and is reported as a failure of its own kind.

export interface ThreadPoolOptions {
  /** URL of a built module that exports `execute` and `replay`, as `createExecutor` makes them. */
  readonly filename: string;
  /** Threads to run. */
  readonly workers: number;
  /** Given to each thread at its start; plain data. */
  readonly workerData?: object;
  /** Real milliseconds after which a run counts as one that never ends. @default 120_000 */
  readonly runMsMax?: number;
}

export function threadPool({ filename, workers, workerData, runMsMax = 120_000 }: ThreadPoolOptions): Pool {
  const pool = new Tinypool({
    filename,
    name: "execute",
    minThreads: workers,
    maxThreads: workers,
    // A thread leaves when the pool is closed, not when it has nothing to do for a moment.
    idleTimeout: 2 ** 31 - 1,
    ...(workerData === undefined ? {} : { workerData }),
  });
  // The limit counts from the start of a job, and so jobs wait here, not in the pool.
  const free: (() => void)[] = [];
  const underWay = new Set<() => void>();
  let running = 0;
  let abandoned = false;

  async function inThread<T>(work: object, name: string): Promise<T | "hangs" | "abandoned"> {
    if (running >= workers) await new Promise<void>((resolve) => free.push(resolve));
    else running += 1;
    const progress = createProgress();
    const { signal, stop, abandon } = watchProgress(progress, runMsMax);
    underWay.add(abandon);
    try {
      if (abandoned) return "abandoned";
      return (await pool.run({ ...work, progress }, { name, signal })) as T;
    } catch (error) {
      if (abandoned) return "abandoned";
      if (signal.aborted) return "hangs";
      throw error;
    } finally {
      underWay.delete(abandon);
      stop();
      const next = free.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  async function submit(job: RunJob): Promise<readonly (RunReport | undefined)[]> {
    const reports = await inThread<readonly (RunReport | undefined)[]>(job, "execute");
    if (reports === "abandoned") return [];
    if (reports !== "hangs") return reports;
    const [only, ...others] = job.runs;
    if (only === undefined) return [];
    if (others.length === 0) return [hungReport(job, only, runMsMax)];
    // One of them hangs: each by itself tells which.
    const each: (RunReport | undefined)[] = [];
    for (const run of job.runs) each.push(...(await submit({ ...job, runs: [run] })));
    return each;
  }

  return {
    workers,
    submit,
    async replay(recording: Recording): Promise<Replay | undefined> {
      const replayed = await inThread<Replay>(recording, "replay");
      if (replayed === "abandoned") return undefined;
      if (replayed !== "hangs") return replayed;
      const failure = hang(recording.seed, runMsMax);
      const outcome = { failure, traceHash: "", steps: 0, virtualUs: 0, decisions: [] };
      return { outcome, verdict: "another failure", divergence: undefined };
    },
    abandon() {
      abandoned = true;
      for (const give of underWay) give();
    },
    async close() {
      await pool.destroy();
    },
  };
}

const looks = 20;

// Aborts when no run has ended for `stallMs` since the thread began: it may take long to load what it runs. Looks that
// come late on a busy machine count once. Once abandoned, it aborts if the job has not given what it has in time.
function watchProgress(
  progress: Int32Array,
  stallMs: number,
): { readonly signal: AbortSignal; stop(): void; abandon(): void } {
  const controller = new AbortController();
  let last = 0;
  let still = 0;
  const stop = everyRealMs(stallMs / looks, () => {
    const done = Atomics.load(progress, 0);
    still = done === last && done > 0 ? still + 1 : 0;
    last = done;
    if (still >= looks) controller.abort();
  });
  let stopWaiting = (): void => {};
  return {
    signal: controller.signal,
    stop() {
      stop();
      stopWaiting();
    },
    abandon() {
      stopAfterThisRun(progress);
      stopWaiting = everyRealMs(abandonMs, () => controller.abort());
    },
  };
}

function hungReport(job: RunJob, { run, seed }: RunJob["runs"][number], runMsMax: number): RunReport {
  return {
    run,
    seed,
    strategy: job.strategy,
    failure: hang(seed, runMsMax),
    traceHash: "",
    steps: 0,
    virtualUs: 0,
    fingerprint: { orderPoints: 0, latencyPoints: 0, tasks: [] },
    coverage: new Uint32Array(),
    decisions: [],
    runFeedback: undefined,
    sometimes: undefined,
    faults: 0,
    difference: undefined,
    benign: [],
  };
}

function hang(seed: number, runMsMax: number): Failure {
  return {
    kind: "hang",
    code: "RUN_NEVER_ENDS",
    message:
      `The run with seed ${seed} had not ended after ${runMsMax} real ms, and was killed with its thread. ` +
      "Something loops without giving way; what it had answered until then is lost.",
  };
}
