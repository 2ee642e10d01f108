/** Pools: where the jobs of a campaign are done. A campaign gives the same results on every pool. */
import { everyRealMs } from "../kernel/index.js";
import { breathe } from "./breathe.js";
import { type Executor, type RunJob, type RunReport, createProgress, stopAfterThisRun } from "./executor.js";
import type { Recording, Replay } from "./replay.js";

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
export const abandonMs = 1_000;

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
    const result = last.then(breathe).then(async () => (abandoned ? undefined : work()));
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
