/** What the process holds and how long it takes: for reports and limits, never for anything inside a world. */
import { SimError } from "../errors.js";

// Taken before any test can fake them.
const nativeSetImmediate = setImmediate;
const nativeSetTimeout = setTimeout;
const nativeClearTimeout = clearTimeout;

/**
 * Gives what `work` gives, if that comes in time. The timer also keeps the process alive: without it a wait for
 * something that never comes would let the process end as if all were well.
 *
 * @param limitMs - Real milliseconds.
 * @param signal - Ends the wait when aborted.
 * @throws SimError `SIM_WALL_LIMIT` when it does not, and the reason of `signal`; `work` goes on all the same.
 */
export async function withinRealTime<T>(
  what: string,
  limitMs: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted === true) giveUp();
    const timer = nativeSetTimeout(() => {
      reject(
        new SimError(
          "SIM_WALL_LIMIT",
          `${what} did not end within ${limitMs} ms of real time.`,
          "It may await what virtual time does not bring, such as a promise that nobody settles; or raise the limit.",
        ),
      );
    }, limitMs);
    work.then(resolve, reject).finally(() => {
      nativeClearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    });
  });
}

/** @returns Bytes of JavaScript heap in use, garbage included. */
export function heapBytesInUse(): number {
  return process.memoryUsage().heapUsed;
}

/**
 * Counts sockets, timers, pipes and the like that keep the process alive. Waits for two turns of the process first:
 * a handle that was closed is gone only then.
 */
export async function countOpenHandles(): Promise<number> {
  await nextTurn();
  await nextTurn();
  return process.getActiveResourcesInfo().filter((type) => type !== "Immediate").length;
}

async function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    nativeSetImmediate(resolve);
  });
}
