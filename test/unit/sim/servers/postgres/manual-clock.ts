/** A clock that stands still until it is told to move. */
import type { ServerClock } from "../../../../../sim/servers/postgres/index.js";

export interface ManualClock extends ServerClock {
  /** Moves time forward, running each timer at its own moment. */
  advance(ms: number): void;
  readonly timerCount: number;
}

export function createManualClock(startMs = 0): ManualClock {
  let now = startMs;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const nextDue = (until: number): { readonly at: number; readonly run: () => void } | undefined =>
    [...timers].filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at)[0];
  return {
    now: () => now,
    setTimer(delayMs, _label, run) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = now + ms;
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer);
        now = timer.at;
        timer.run();
      }
      now = until;
    },
    get timerCount() {
      return timers.size;
    },
  };
}
