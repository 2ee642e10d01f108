/** Pools: where the jobs of a campaign are done. A campaign gives the same results on every pool. */
import { breathe } from "./breathe.js";
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

/** Does the jobs in this thread, one after the other. A run that never ends is not noticed here. */
export function localPool(executor: Executor): Pool {
  let last: Promise<unknown> = Promise.resolve();

  async function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(breathe).then(work);
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
