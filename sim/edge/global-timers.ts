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

import type { Face, Loop } from "../kernel/index.js";
import type { Undo } from "./undo.js";

const timerNames = ["setTimeout", "setInterval", "setImmediate"] as const;
const clearNames = ["clearTimeout", "clearInterval", "clearImmediate"] as const;
const globalNames = [...timerNames, ...clearNames, "Date", "performance", "Intl"] as const;

/** @returns A function that describes the timers which are still set. */
export function installTimers(loop: Loop, undo: Undo): () => readonly string[] {
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
  kickOnNewTimers(clock, loop);
  undo.add(loop.clock.attach(clock as unknown as Face));
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
  return () => openTimers(clock as unknown as OpenTimers);
}

// A fake Date extends the one that it hides.
function nativeDate(): unknown {
  let date: unknown = Date;
  while ((date as { readonly isFake?: boolean }).isFake === true) date = Object.getPrototypeOf(date);
  return date;
}

// All ways to set a timer, the promised ones too, come by these three.
function kickOnNewTimers(clock: FakeTimers.Clock, loop: Loop): void {
  const methods = clock as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of timerNames) {
    const set = methods[name];
    if (set === undefined) continue;
    methods[name] = (...args) => {
      const timer = set(...args) as { refresh?: () => unknown };
      const { refresh } = timer;
      if (refresh !== undefined) {
        timer.refresh = () => {
          const same = refresh.call(timer);
          loop.kick();
          return same;
        };
      }
      loop.kick();
      return timer;
    };
  }
}

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

interface OpenTimers {
  readonly timerHeap?: { readonly timers: readonly { readonly type: string; readonly callAt: number }[] };
  readonly now: number;
}

function openTimers({ timerHeap, now }: OpenTimers): readonly string[] {
  return (timerHeap?.timers ?? [])
    .toSorted((a, b) => a.callAt - b.callAt)
    .map(({ type, callAt }) => `${type} due in ${callAt - now} ms`);
}
