/**
 * The process's timers and clocks, put under a world's time.
 *
 * fake-timers does the replacing. `nextTick` and `queueMicrotask` stay real: everything that settles a promise
 * stands on them.
 */
import perfHooks from "node:perf_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";

import FakeTimers from "@sinonjs/fake-timers";

import type { Face, Loop, Origin } from "../kernel/index.js";
import type { Undo } from "./undo.js";

const timerNames = ["setTimeout", "setInterval", "setImmediate"] as const;
const clearNames = ["clearTimeout", "clearInterval", "clearImmediate"] as const;
const globalNames = [...timerNames, ...clearNames, "Date", "performance", "Intl"] as const;

/** A timer that is still set. */
export interface OpenTimer {
  /** Such as `Timeout due in 5000 ms`. */
  readonly what: string;
  /** Where it was set. */
  readonly origin: Origin | undefined;
}

/** @returns A function that describes the timers which are still set and were not unrefed. */
export function installTimers(loop: Loop, undo: Undo): () => readonly OpenTimer[] {
  for (const name of globalNames) undo.keep(globalThis, name);
  for (const name of [...timerNames, ...clearNames]) undo.keep(timers, name);
  for (const name of timerNames) undo.keep(timersPromises, name);
  undo.keep(process, "hrtime");
  undo.keep(perfHooks.performance, "now");
  // Somebody else's fake, such as that of vitest, would make install refuse; undo brings it back.
  Object.defineProperty(globalThis, "Date", {
    value: nativeDate(),
    configurable: true,
    writable: true,
    enumerable: false,
  });
  const clock = FakeTimers.install({ now: loop.clock.unixMs, toFake: [...globalNames, "hrtime"] });
  undo.add(() => clock.uninstall());
  const face = watchTimers(clock, loop);
  undo.add(loop.clock.attach(face));
  for (const name of timerNames) {
    if (name === "setInterval") continue;
    Object.defineProperty(globalThis[name], promisify.custom, {
      value: timersPromises[name],
      configurable: true,
    });
  }
  undo.replace(AbortSignal, "timeout", abortTimeout(loop));
  undo.replace(timersPromises.scheduler, "wait", (delayMs: number, options?: { signal?: AbortSignal }) =>
    timersPromises.setTimeout(delayMs, undefined, options),
  );
  return () =>
    face.timers
      .toSorted((a, b) => a.callAt - b.callAt)
      .map(({ id, type, callAt }) => ({
        what: `${type} due in ${callAt - clock.now} ms`,
        origin: face.originOf(id),
      }));
}

// A fake Date extends the one that it hides.
function nativeDate(): unknown {
  let date: unknown = Date;
  while ((date as { readonly isFake?: boolean }).isFake === true) date = Object.getPrototypeOf(date);
  return date;
}

interface Handle {
  ref?: () => unknown;
  unref?: () => unknown;
  refresh?: () => unknown;
  [Symbol.toPrimitive]?: () => number;
}

// All ways to set a timer, the promised ones too, come by these three. What was unrefed moves no time.
function watchTimers(clock: FakeTimers.Clock, loop: Loop): WatchedFace {
  const inner = clock as unknown as InnerClock;
  const unrefed = new Set<number>();
  const origins = new Map<number, Origin>();

  function watch(handle: Handle, origin: Origin | undefined): void {
    const id = handle[Symbol.toPrimitive]?.() ?? 0;
    if (origin !== undefined) origins.set(id, origin);
    const { ref, unref, refresh } = handle;
    handle.unref = () => {
      unrefed.add(id);
      return unref?.call(handle);
    };
    handle.ref = () => {
      unrefed.delete(id);
      loop.kick();
      return ref?.call(handle);
    };
    handle.refresh = () => {
      const same = refresh?.call(handle);
      loop.kick();
      return same;
    };
  }

  for (const name of timerNames) {
    const set = inner[name];
    const watched = (...args: unknown[]): Handle => {
      const handle = set(...args);
      watch(handle, loop.origins.take(watched));
      loop.kick();
      return handle;
    };
    inner[name] = watched;
  }
  const holding = (): readonly HeapTimer[] =>
    (inner.timerHeap?.timers ?? []).filter(({ id }) => !unrefed.has(id));
  return {
    get now() {
      return clock.now;
    },
    set now(ms) {
      clock.now = ms;
    },
    next: () => clock.next(),
    get timerHeap() {
      return inner.timerHeap;
    },
    holds: () => unrefed.size === 0 || holding().length > 0,
    get timers() {
      return holding();
    },
    originOf: (id) => origins.get(id),
  };
}

interface WatchedFace extends Face {
  readonly timers: readonly HeapTimer[];
  originOf(id: number): Origin | undefined;
}

interface HeapTimer {
  readonly id: number;
  readonly type: string;
  readonly callAt: number;
}

/** What fake-timers' clock has inside. */
type InnerClock = Record<(typeof timerNames)[number], (...args: unknown[]) => Handle> & {
  readonly timerHeap?: { readonly timers: readonly HeapTimer[]; peek(): HeapTimer | undefined };
};

// Node does not keep a process alive for this timer, so here it does not make time move.
function abortTimeout(loop: Loop): typeof AbortSignal.timeout {
  return (delayMs) => {
    if (!Number.isInteger(delayMs) || delayMs < 0) {
      throw new RangeError(`The value of "delay" is out of range: ${String(delayMs)}`);
    }
    const controller = new AbortController();
    loop.schedule(delayMs, "foreign", "abort-signal-timeout", () =>
      controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    );
    return controller.signal;
  };
}
