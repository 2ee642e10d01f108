/**
 * Notices code that polls by promises or ticks alone, such as `while (!done) await Promise.resolve()`.
 *
 * Such a loop lets neither ticks nor the event loop of the process have a turn, so what it waits for never comes. Only
 * its own promise jobs still run; counting those is the one way to hear of it.
 */
import v8 from "node:v8";

export interface SpinWatch {
  /** Counts from now on. */
  arm(): void;
  disarm(): void;
  /** A turn came by itself: nobody polls any more. */
  rested(): void;
}

// Code that computes makes promises by the ten thousand without any need of a turn.
const jobsMaxFirst = 100_000;
/** Once code has been seen to poll, until a turn comes by itself. */
const jobsMaxNext = 1_000;

/** @param onSpin - Called from within a promise job; the watch is off then, and armed again counts for less long. */
export function createSpinWatch(onSpin: () => void): SpinWatch {
  // Bun and Deno have none: there such a loop hangs, as it does without a world.
  const hooks = v8.promiseHooks as typeof v8.promiseHooks | undefined;
  let stop: (() => void) | undefined;
  let jobs = 0;
  let jobsMax = jobsMaxFirst;

  function disarm(): void {
    stop?.();
    stop = undefined;
  }

  function count(): void {
    jobs += 1;
    if (jobs < jobsMax) return;
    disarm();
    jobsMax = jobsMaxNext;
    onSpin();
  }

  return {
    arm() {
      jobs = 0;
      stop ??= hooks?.onBefore(count) as (() => void) | undefined;
    },
    disarm,
    rested() {
      jobsMax = jobsMaxFirst;
    },
  };
}
