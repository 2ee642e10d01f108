/** Timers, clocks and waits of the process, as a world with the globals gives them to the code of the test. */
import FakeTimers from "@sinonjs/fake-timers";
import { AsyncResource } from "node:async_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";

import { SimError } from "../../errors.js";
import type { ClockView, ImmediateHandle, Loop, Origin } from "../../kernel/index.js";
import { stackAbove } from "../../shared/call-site.js";
import { isOverridden, type Undo } from "./layered-global.js";

/** @returns Whether it is a spy or a stub: of Vitest, Jest, node:test or sinon. */
export function isMock(value: unknown): boolean {
  return typeof value === "function" && ("mock" in value || "isSinonProxy" in value);
}

// The process's timers and clocks, put under a world's time.
//
// fake-timers does the replacing. `nextTick` and `queueMicrotask` stay real: everything that settles a promise
// stands on them.

/** How long a timer of Node waits for a delay that it was given. */
const delayMsMax = 2 ** 31 - 1;

// As Node has it: no delay at all is one millisecond, so that who polls by such timers sees time move.
function delayOf(given: unknown): number {
  const delayMs = Number(given);
  return delayMs >= 1 && delayMs <= delayMsMax ? delayMs : 1;
}

// Timers that their owner unrefs although somebody waits for what they do: they keep time moving all the same.
//
// Whoever waits for a client of an exhausted `pg.Pool` has nothing else under way, only the limit of that wait.

// What stays of a callback however it was bundled: its texts.
const texts = ["timeout exceeded when trying to connect"];

function limitsWait(callback: unknown): boolean {
  if (typeof callback !== "function") return false;
  const source = Function.prototype.toString.call(callback);
  return texts.some((text) => source.includes(text));
}

// `AbortSignal.timeout` in virtual time.

// Node does not keep a process alive for this timer, so here it does not make time move.
function abortTimeout(loop: Loop): typeof AbortSignal.timeout {
  return (delayMs) => {
    if (!Number.isInteger(delayMs) || delayMs < 0) {
      throw new RangeError(`The value of "delay" is out of range: ${String(delayMs)}`);
    }
    const controller = new AbortController();
    loop.schedule(delayMs, "user", "abort-signal-timeout", () =>
      controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    );
    return controller.signal;
  };
}

// A timer that somebody kept beyond the end of its world, as undici keeps the one that ticks for all its time-outs.
// When it is refreshed, it is set again: by the world that has the globals then, or by the process.

interface TimerHandle {
  ref?: () => unknown;
  unref?: () => unknown;
  hasRef?: () => boolean;
  refresh?: () => unknown;
  close?: () => unknown;
  [Symbol.toPrimitive]?: () => number;
}

type SetTimer = (...args: unknown[]) => TimerHandle;

/**
 * To be called when the world of a timer has ended.
 *
 * @param args - What it was set with. @param setterNow - Gives the function that sets such timers at that moment.
 */
function outliveWorld(handle: TimerHandle, args: readonly unknown[], setterNow: () => SetTimer): void {
  const { hasRef, [Symbol.toPrimitive]: idOf } = handle;
  let refed = hasRef?.call(handle) ?? true;
  let next: TimerHandle | undefined;
  let setBy: SetTimer | undefined;

  function setAgain(): void {
    next?.close?.();
    setBy = setterNow();
    next = setBy(...args);
    if (!refed) next.unref?.();
  }

  handle.refresh = () => {
    if (next !== undefined && setBy === setterNow()) next.refresh?.();
    else setAgain();
    return handle;
  };
  handle.ref = () => {
    refed = true;
    next?.ref?.();
    return handle;
  };
  handle.unref = () => {
    refed = false;
    next?.unref?.();
    return handle;
  };
  handle.hasRef = () => refed;
  // By this number it is cleared.
  handle[Symbol.toPrimitive] = () => next?.[Symbol.toPrimitive]?.() ?? idOf?.call(handle) ?? 0;
}

// The process's `setImmediate`, put under a world's turns: see sim/kernel/immediates.ts.

/** @returns A function that gives, for each that is queued and was not unrefed, where it was. */
function installImmediates(loop: Loop, undo: Undo): () => readonly (Origin | undefined)[] {
  const queued = new Map<ImmediateHandle, Origin | undefined>();
  const native = timers.setImmediate as unknown as (run: () => void) => ImmediateHandle;

  function queue(callback: unknown, ...args: readonly unknown[]): ImmediateHandle {
    if (typeof callback !== "function") throw invalidCallback(callback);
    if (isOfNode(callback, queue)) return native(callback as () => void);
    // Context of an AsyncLocalStorage goes with it, as with Node's.
    const run = AsyncResource.bind(() => {
      queued.delete(immediate);
      callback(...args);
    });
    const immediate = loop.setImmediate(run);
    queued.set(immediate, loop.origins.take(queue));
    return immediate;
  }

  function clear(handle: unknown): void {
    queued.delete(handle as ImmediateHandle);
    loop.clearImmediate(handle);
  }

  async function queuePromised<T>(value?: T, options: PromisedOptions = {}): Promise<T> {
    const { signal, ref = true } = options;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        loop.clearImmediate(immediate);
        reject(abortError(signal?.reason));
      };
      const immediate = loop.setImmediate(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value as T);
      });
      if (!ref) immediate.unref();
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  for (const module of [globalThis, timers]) {
    undo.replaceFunction(module, "setImmediate", queue);
    undo.replaceFunction(module, "clearImmediate", clear);
  }
  undo.replaceFunction(timersPromises, "setImmediate", queuePromised);
  return () => [...queued].filter(([immediate]) => immediate.hasRef()).map(([, origin]) => origin);
}

/**
 * Whether Node itself asks for a turn, as it does after an error that nobody caught, to go on with the ticks that were
 * left: a turn of the world would come after them.
 */
function isOfNode(callback: { readonly name: string }, called: (...args: never[]) => unknown): boolean {
  if (callback.name !== "" && callback.name !== "noop") return false;
  // Above it there is at most what passes calls on after the world has ended.
  const [, ...frames] = stackAbove(called).split("\n", 3);
  return frames.some((frame) => frame.includes("node:internal/process/execution"));
}

interface PromisedOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

// As Node makes it: an Error, and no DOMException.
function abortError(cause: unknown): Error {
  const error = new Error("The operation was aborted", { cause });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

function invalidCallback(given: unknown): TypeError {
  const error = new TypeError(`The "callback" argument must be of type function. Received ${String(given)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

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
  const clockView = watchTimers(clock, loop);
  const detach = loop.clock.attach(clockView);
  const owned = standAlone(undo);
  const fakes = natives();
  undo.add(() => {
    detach();
    clock.uninstall();
    owned.end();
    clockView.outlive(passOn(clock, native, fakes));
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
    ...clockView.timers
      .toSorted((a, b) => a.callAt - b.callAt)
      .map(({ id, type, callAt }) => ({
        what: `${type} due in ${callAt - clock.now} ms`,
        origin: clockView.originOf(id),
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
function watchTimers(clock: FakeTimers.Clock, loop: Loop): WatchedClockView {
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

interface WatchedClockView extends ClockView {
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
