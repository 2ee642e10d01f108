/** Pools: where the jobs of a campaign are done. A campaign gives the same results on every pool. */
import { Tinypool } from "tinypool";

import type { Executor, RunJob, RunReport } from "./executor.js";
import type { Recording, Replay } from "./replay.js";

export interface Pool {
  /** How many jobs are done at once. */
  readonly workers: number;
  /** Jobs start in the order in which they were submitted. */
  submit(job: RunJob): Promise<readonly (RunReport | undefined)[]>;
  /** Brings one recorded run back. */
  replay(recording: Recording): Promise<Replay>;
  close(): Promise<void>;
}

/** Does the jobs in this thread, one after the other. */
export function localPool(executor: Executor): Pool {
  let last: Promise<unknown> = Promise.resolve();

  async function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  }

  return {
    workers: 1,
    submit: async (job) => enqueue(async () => executor.execute(job)),
    replay: async (recording) => enqueue(async () => executor.replay(recording)),
    async close() {
      await last;
    },
  };
}

export interface ThreadPoolOptions {
  /** URL of a built module that exports `execute` and `replay`, as `createExecutor` makes them. */
  readonly filename: string;
  /** Threads to run. */
  readonly workers: number;
  /** Given to each thread at its start; plain data. */
  readonly workerData?: object;
}

/** Does the jobs in worker threads. */
export function threadPool({ filename, workers, workerData }: ThreadPoolOptions): Pool {
  const pool = new Tinypool({
    filename,
    name: "execute",
    minThreads: workers,
    maxThreads: workers,
    // A thread leaves when the pool is closed, not when it has nothing to do for a moment.
    idleTimeout: 2 ** 31 - 1,
    ...(workerData === undefined ? {} : { workerData }),
  });
  return {
    workers,
    submit: async (job) => pool.run(job) as Promise<readonly (RunReport | undefined)[]>,
    replay: async (recording) => pool.run(recording, { name: "replay" }) as Promise<Replay>,
    async close() {
      await pool.destroy();
    },
  };
}
