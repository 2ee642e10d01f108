/**
 * The process's timers and clocks, put under a world's time.
 *
 * fake-timers does the replacing. `nextTick` and `queueMicrotask` stay real: everything that settles a promise
 * stands on them.
 */
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";

import FakeTimers from "@sinonjs/fake-timers";

import { SimError } from "../errors.js";
import type { Face, Loop, Origin } from "../kernel/index.js";
import { installImmediates } from "./global-immediates.js";
import { abortTimeout } from "./abort-timeout.js";
import { delayOf } from "./delay-of.js";
import { limitsWait } from "./limiting-timers.js";
import { isMock } from "./mocks.js";
import { type SetTimer, type TimerHandle, outliveWorld } from "./outlived-timer.js";
import { type Undo, isOverridden } from "./undo.js";

/** Names, on globalThis, the world that has the globals; there so that a second copy of this module sees it as well. */
export const globalsOwner = Symbol.for("phoenix-sim.globals");

const timerNames = ["setTimeout", "setInterval", "setImmediate"] as const;
type TimerName = (typeof timerNames)[number];
const clearNames = ["clearTimeout", "clearInterval", "clearImmediate"] as const;
const globalNames = [...timerNames, ...clearNames, "Date", "Intl"] as const;
/** What only some Nodes and some environments of a test runner, such as jsdom, have. */
const optionalNames = [
  "Temporal",
  "requestAnimationFrame",
  "cancelAnimationFrame",
  "requestIdleCallback",
  "cancelIdleCallback",
] as const;

/** A timer that is still set. */
export interface OpenTimer {
  /** Such as `Timeout due in 5000 ms`. */
  readonly what: string;
  /** Where it was set. */
  readonly origin: Origin | undefined;
}

/**
 * @returns A function that describes the timers which are still set and were not unrefed.
 * @throws SimError `SIM_TIMERS_TAKEN` when somebody else's fake timers, or a fake `Date`, are on.
 */
export function installTimers(loop: Loop, undo: Undo): () => readonly OpenTimer[] {
  refuseFakesOfOthers();
  const native = natives();
  const names = [...globalNames, ...optionalNames.filter((name) => name in globalThis)];
  for (const name of names) undo.keep(globalThis, name);
  for (const name of [...timerNames, ...clearNames]) undo.keep(timers, name);
  for (const name of timerNames) undo.keep(timersPromises, name);
  undo.keep(process, "hrtime");
  const clock = FakeTimers.install({
    now: loop.clock.unixMs,
    toFake: [...names.filter((name) => !name.endsWith("Immediate")), "hrtime"] as FakeTimers.FakeMethod[],
  });
  const openImmediates = installImmediates(loop, undo);
  const face = watchTimers(clock, loop);
  const detach = loop.clock.attach(face);
  const owned = standAlone(undo);
  const fakes = natives();
  undo.add(() => {
    detach();
    clock.uninstall();
    owned.end();
    face.outlive(passOn(clock, native, fakes));
  });
  for (const name of timerNames) {
    if (name === "setInterval") continue;
    Object.defineProperty(globalThis[name], promisify.custom, {
      value: timersPromises[name],
      configurable: true,
    });
  }
  undo.replaceFunction(AbortSignal, "timeout", abortTimeout(loop));
  undo.replaceFunction(
    timersPromises.scheduler,
    "wait",
    (delayMs: number, options?: { signal?: AbortSignal }) =>
      timersPromises.setTimeout(delayMs, undefined, options),
  );
  return () => [
    ...openImmediates().map((origin) => ({ what: "Immediate due in 0 ms", origin })),
    ...face.timers
      .toSorted((a, b) => a.callAt - b.callAt)
      .map(({ id, type, callAt }) => ({
        what: `${type} due in ${callAt - clock.now} ms`,
        origin: face.originOf(id),
      })),
  ];
}

const turnFakesOff =
  "Turn them off first (vi.useRealTimers(), clock.uninstall()): a world brings a clock of its own. Begin it at a " +
  "date with `epochMs`, move it with `await phoenix.clock.advance(ms)`, or create it with globals: false.";

// Under another fake a world's timers would be real or nobody's, and above it the other would stand still.
function refuseFakesOfOthers(): void {
  const faked = [...globalNames, ...optionalNames].filter((name) => isFake(Reflect.get(globalThis, name)));
  const found = isMocked(Date.now) ? ["Date.now"] : faked;
  if (found.length === 0) return;
  throw new SimError(
    "SIM_TIMERS_TAKEN",
    `Cannot put the timers of this process under a world's time: fakes are on already, of ${found.join(", ")}.`,
    turnFakesOff,
  );
}

// All fakes that stand on sinon's, as those of Vitest and Jest do, leave their clock on what they replace.
// node:test's are bound functions.
function isFake(value: unknown): boolean {
  if (typeof value === "function" && value.name.startsWith("bound #")) return true;
  return value !== null && value !== undefined && Object.hasOwn(value, "clock");
}

// Vitest's setSystemTime, mockdate, timekeeper and spies put a function of their own there; so does the leak watch.
function isMocked(now: () => number): boolean {
  return (
    !Reflect.has(globalThis, Symbol.for("phoenix-sim.leak-watch")) &&
    !Function.prototype.toString.call(now).includes("[native code]")
  );
}

/**
 * Makes the next one who installs fakes fail: they ask first whether `Date` is one. Takes away the sign by which
 * libraries such as testing-library take timers for ones that only a test's own hand moves.
 */
function standAlone(undo: Undo): { end(): void } {
  let on = true;
  // sinon's ask for `isFake`; node:test's for `isMock`, when they have replaced the timers.
  for (const sign of ["isFake", "isMock"]) {
    Object.defineProperty(Date, sign, {
      configurable: true,
      enumerable: false,
      get() {
        if (!on) return false;
        if (sign === "isMock") takeBack(undo);
        throw timersTaken("install fake timers");
      },
      // A fake that extends this one says so of itself.
      set(this: object, value: unknown) {
        Object.defineProperty(this, sign, { value, configurable: true, writable: true });
      },
    });
  }
  for (const name of [...timerNames, ...clearNames]) Reflect.deleteProperty(globalThis[name], "clock");
  return {
    end() {
      on = false;
    },
  };
}

function takeBack(undo: Undo): void {
  const ofTimers = new Set<unknown>([
    globalThis,
    timers,
    timersPromises,
    timersPromises.scheduler,
    AbortSignal,
  ]);
  for (const each of undo.replaced()) {
    const { target, key, placed } = each;
    if (placed === undefined || !ofTimers.has(target) || !isOverridden(each)) continue;
    if (!isMock(Reflect.get(target, key))) Object.defineProperty(target, key, placed);
  }
}

/** @param what - What could not be done, such as `install fake timers`. */
export function timersTaken(what: string): SimError {
  return new SimError(
    "SIM_TIMERS_TAKEN",
    `Cannot ${what}: the timers and the Date of this process are in virtual time already, that of a world.`,
    "Move time with `await phoenix.clock.advance(ms)` or by awaiting what the world does; begin it at a date with " +
      "`epochMs`; or give the world globals: false, and the timers are yours.",
  );
}

type Natives = Record<TimerName | (typeof clearNames)[number] | "Date", unknown>;

function natives(): Natives {
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, Date } =
    globalThis;
  return { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, Date };
}

/**
 * A module that was loaded in a world may have kept its fakes. From now on they do what the process's own do, and in
 * the next world what that one's do. Fakes of others are left out: those may themselves stand on what was kept.
 */
function passOn(clock: FakeTimers.Clock, native: Natives, fakes: Natives): (name: keyof Natives) => unknown {
  const nowOf = (name: keyof Natives): unknown =>
    Reflect.has(globalThis, globalsOwner) && globalThis[name] !== fakes[name]
      ? globalThis[name]
      : native[name];
  for (const name of [...timerNames, ...clearNames]) {
    Object.defineProperty(clock, name, {
      value: (...args: unknown[]): unknown =>
        Reflect.apply(nowOf(name) as (...args: unknown[]) => unknown, undefined, args),
    });
  }
  Object.defineProperty(clock, "now", { get: () => (nowOf("Date") as DateConstructor).now(), set() {} });
  return nowOf;
}

// All ways to set a timer, the promised ones too, come by these three. What was unrefed moves no time.
function watchTimers(clock: FakeTimers.Clock, loop: Loop): WatchedFace {
  const inner = clock as unknown as InnerClock;
  const unrefed = new Set<number>();
  const origins = new Map<number, Origin>();
  let setterNow: ((name: TimerName) => SetTimer) | undefined;

  function watch(handle: TimerHandle, name: TimerName, args: unknown[], origin: Origin | undefined): void {
    const id = handle[Symbol.toPrimitive]?.() ?? 0;
    if (origin !== undefined) origins.set(id, origin);
    const { ref, unref, refresh } = handle;
    handle.unref = () => {
      if (!limitsWait(args[0])) unrefed.add(id);
      return unref?.call(handle);
    };
    handle.ref = () => {
      unrefed.delete(id);
      loop.kick();
      return ref?.call(handle);
    };
    handle.refresh = () => {
      const setter = setterNow;
      if (setter !== undefined) {
        outliveWorld(handle, args, () => setter(name));
        return handle.refresh?.();
      }
      const same = refresh?.call(handle);
      loop.kick();
      return same;
    };
  }

  for (const name of timerNames) {
    const set = inner[name];
    const watched = (...args: unknown[]): TimerHandle => {
      if (name !== "setImmediate") args[1] = delayOf(args[1]);
      const handle = set(...args);
      watch(handle, name, args, loop.origins.take(watched));
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
    outlive(now) {
      setterNow = (name) => now(name) as SetTimer;
    },
  };
}

interface WatchedFace extends Face {
  readonly timers: readonly HeapTimer[];
  originOf(id: number): Origin | undefined;
  /** The world has ended. @param now - Gives what stands for a timer's function from then on. */
  outlive(now: (name: TimerName) => unknown): void;
}

interface HeapTimer {
  readonly id: number;
  readonly type: string;
  readonly callAt: number;
}

/** What fake-timers' clock has inside. */
type InnerClock = Record<TimerName, SetTimer> & {
  readonly timerHeap?: { readonly timers: readonly HeapTimer[]; peek(): HeapTimer | undefined };
};
