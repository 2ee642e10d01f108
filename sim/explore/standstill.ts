/** Notices a run in which nothing moves any more: it awaits something that no part of its world will ever settle. */
import { SimError } from "../errors.js";
import { everyRealMs } from "../kernel/index.js";

const looks = 10;

/**
 * Gives what `work` gives. Looks keep the process alive, which would otherwise end as if all were well, until `work`
 * settles or is given up.
 *
 * @param steps - How many steps the world has taken.
 * @param stillMs - Real milliseconds without a step after which it gives up.
 * @throws SimError `SIM_WALL_LIMIT`; `work` goes on all the same.
 */
export async function whileItMoves<T>(work: Promise<T>, steps: () => number, stillMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let last = -1;
    let still = 0;
    const stop = everyRealMs(stillMs / looks, () => {
      still = steps() === last ? still + 1 : 0;
      last = steps();
      if (still < looks) return;
      stop();
      reject(
        new SimError(
          "SIM_WALL_LIMIT",
          `Nothing has moved for ${stillMs} ms of real time, after step ${last}, and the run had not ended.`,
          "It awaits something that is no part of its world, such as a promise that nobody settles.",
        ),
      );
    });
    work.then(resolve, reject).finally(stop);
  });
}
