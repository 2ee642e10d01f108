/**
 * Virtual time.
 *
 * The kernel counts whole microseconds. User code sees the same time through clock views: fake-timers clocks
 * with their own `Date` and timers, kept at the kernel's millisecond. What runs when is decided in loop.ts.
 */
import FakeTimers from "@sinonjs/fake-timers";

import { SimError } from "../errors.js";

/** The part of a fake-timers clock that the kernel drives. */
export interface ClockView {
  now: number;
  next(): number;
  /** fake-timers' own heap of pending timers; there once the first timer was set. */
  readonly timerHeap?: { peek(): { readonly callAt: number } | undefined } | undefined;
  /** Whether one of its timers keeps time moving; without it, each does. */
  holds?(): boolean;
}

export interface VirtualClock {
  /** Unix milliseconds at which the world began. */
  readonly epochMs: number;
  /** Microseconds since the world began; always whole. */
  readonly nowUs: number;
  /** Milliseconds since the world began, to the microsecond. */
  readonly nowMs: number;
  /** Unix milliseconds, whole, as `Date.now()` gives them. */
  readonly unixMs: number;
  /** `Date` and timers in this world's time, for code that takes a clock as an argument. */
  readonly clockView: FakeTimers.Clock;
  /** @throws SimError `SIM_TIME_REWIND` when `atUs` is before now. */
  moveTo(atUs: number): void;
  /** Keeps another fake-timers clock, such as an installed one, at this time. @returns A function that lets it go. */
  attach(clockView: ClockView): () => void;
  /** When the earliest timer set on any clock view is due, in microseconds; undefined when none is set. */
  nextUserTimerUs(): number | undefined;
  /** Whether a timer on any clock view keeps time moving: one that is set, and that was not `unref`ed. */
  userTimersKeepAlive(): boolean;
  /** Moves to the earliest timer of any clock view and runs it. */
  fireUserTimer(): void;
}

/** 2026-01-01T00:00:00Z, a Thursday. Where every world begins unless told otherwise. */
export const defaultEpochMs = Date.UTC(2026, 0, 1);

export function createVirtualClock(epochMs: number = defaultEpochMs): VirtualClock {
  let nowUs = 0;
  const clockView = FakeTimers.createClock(epochMs);
  const clockViews: ClockView[] = [clockView as unknown as ClockView];

  const unixMs = (): number => epochMs + Math.floor(nowUs / 1000);

  function earliest(): { clockView: ClockView; atUs: number } | undefined {
    let found: { clockView: ClockView; atUs: number } | undefined;
    for (const candidate of clockViews) {
      const timer = candidate.timerHeap?.peek();
      if (timer === undefined) continue;
      const atUs = Math.max((timer.callAt - epochMs) * 1000, nowUs);
      if (found === undefined || atUs < found.atUs) found = { clockView: candidate, atUs };
    }
    return found;
  }

  function moveTo(atUs: number): void {
    if (atUs < nowUs) {
      throw new SimError(
        "SIM_TIME_REWIND",
        `Cannot move to ${atUs / 1000} ms: it is already ${nowUs / 1000} ms.`,
        "Times are absolute. For a duration, add it to now.",
      );
    }
    if (atUs === nowUs) return;
    nowUs = atUs;
    const ms = unixMs();
    for (const each of clockViews) each.now = ms;
  }

  return {
    epochMs,
    get nowUs() {
      return nowUs;
    },
    get nowMs() {
      return nowUs / 1000;
    },
    get unixMs() {
      return unixMs();
    },
    clockView,
    moveTo,
    attach(other) {
      other.now = unixMs();
      clockViews.push(other);
      return () => {
        const index = clockViews.indexOf(other);
        if (index >= 0) clockViews.splice(index, 1);
      };
    },
    nextUserTimerUs: () => earliest()?.atUs,
    userTimersKeepAlive: () =>
      clockViews.some((each) => each.timerHeap?.peek() !== undefined && each.holds?.() !== false),
    fireUserTimer() {
      const due = earliest();
      if (due === undefined) return;
      moveTo(due.atUs);
      due.clockView.next();
    },
  };
}
