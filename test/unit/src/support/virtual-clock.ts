/** A clock that moves only when a test says so. */
import type { Clock } from "../../../../src/ports/index.js";

export interface VirtualClock extends Clock {
  /** Runs every timer of the next `durationMs`, letting promises settle after each. */
  advance(durationMs: number): Promise<void>;
  /** Lets promises settle without moving time. */
  settle(): Promise<void>;
}

/**
 * @param startMs - Epoch milliseconds at the start.
 * @param busy - Whether something real is under way that has to end before time may move.
 */
export function createVirtualClock(startMs = Date.UTC(2026, 0, 1), busy = () => false): VirtualClock {
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  let nowMs = startMs;
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 10; quiet += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (busy()) quiet = 0;
    }
  };
  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    setTimer: (delayMs, _label, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    settle,
    advance: async (durationMs) => {
      const endMs = nowMs + durationMs;
      await settle();
      for (;;) {
        const due = [...timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.run();
        await settle();
      }
      nowMs = endMs;
      await settle();
    },
  };
}
