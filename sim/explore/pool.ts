/** Pools: where the jobs of a campaign are done. A campaign gives the same results on every pool. */
import { Tinypool } from "tinypool";

import type { Executor, RunJob, RunReport } from "./executor.js";

export interface Pool {
  /** How many jobs are done at once. */
  readonly workers: number;
  /** Jobs start in the order in which they were submitted. */
  submit(job: RunJob): Promise<readonly (RunReport | undefined)[]>;
  close(): Promise<void>;
}

/** Does the jobs in this thread, one after the other. */
export function localPool({ execute }: Executor): Pool {
  let last: Promise<unknown> = Promise.resolve();
  return {
    workers: 1,
    async submit(job) {
      const result = last.then(async () => execute(job));
      last = result.catch(() => {});
      return result;
    },
    async close() {
      await last;
    },
  };
}

export interface ThreadPoolOptions {
  /** URL of a built module that exports `execute`, as `createExecutor` makes it. */
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
    async close() {
      await pool.destroy();
    },
  };
}
