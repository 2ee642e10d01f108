/** The system's clock as the clock port. */
import type { Clock } from "../ports/index.js";

/** @returns Wall-clock time, monotonic time, and timers of the process. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(delayMs, _label, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
