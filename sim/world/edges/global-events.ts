/**
 * `once` and `on` of node:events, called by the code of a test: what is awaited by them may need virtual time to come.
 *
 * They have no end of their own, so time moves for each wait only so far; what has not come by then, while nothing real
 * is under way, ends with an error instead of the runner's time-out.
 */
import { ChildProcess } from "node:child_process";
import nodeCrypto from "node:crypto";
import events from "node:events";
import net from "node:net";
import perfHooks, { type EventLoopUtilityFunction } from "node:perf_hooks";
import { Stream } from "node:stream";
import { MessagePort, Worker } from "node:worker_threads";

import { SimError } from "../../errors.js";
import {
  activeResources,
  everyRealMs,
  formatDuration,
  type ChoiceLog,
  type Loop,
} from "../../kernel/index.js";
import type { Undo } from "./layered-global.js";
import { isMock } from "./global-timers.js";

/** As for `phoenix.until`. */
const limitMs = 300_000;
/** What is real and cannot be seen may still come for so long. */
const graceTicks = 10;
const graceTickMs = 50;

// Node's own, kept when this module is loaded.
const { once, on } = events;

/** Libraries that wait in the background are left alone, and so is what real I/O brings. */
export function installEvents(loop: Loop, undo: Undo): void {
  const before = resourcesInUse();
  const isWaited = (emitter: unknown, name: "once" | "on"): boolean =>
    !isReal(emitter) && isCalledByTest(placed[name]);

  undo.replaceFunction(events, "once", (...args: Parameters<typeof once>) => {
    const arrives = once(...args);
    if (!isWaited(args[0], "once")) return arrives;
    return holdFor(loop, label("once", args[1]), arrives, before);
  });
  undo.replaceFunction(events, "on", (...args: Parameters<typeof on>) => {
    const iterator = on(...args);
    if (!isWaited(args[0], "on")) return iterator;
    const next = iterator.next.bind(iterator);
    iterator.next = async () => holdFor(loop, label("on", args[1]), next(), before);
    return iterator;
  });
  const placed = { once: events.once, on: events.on };
}

function label(name: string, event: unknown): string {
  return `${name}(emitter, "${String(event)}")`;
}

// Streams and sockets of the world let time move by themselves while they owe an answer.
function isReal(emitter: unknown): boolean {
  return (
    emitter === process ||
    [net.Server, Stream, ChildProcess, Worker, MessagePort, BroadcastChannel].some(
      (type) => emitter instanceof (type as NewableFunction as new () => unknown),
    )
  );
}

function isCalledByTest(above: (...args: never[]) => unknown): boolean {
  const keepAlive: { stack?: string } = {};
  Error.captureStackTrace(keepAlive, above);
  const [caller = ""] = (keepAlive.stack ?? "").split("\n").slice(1);
  return !/[\\/]node_modules[\\/]|\(?node:/.test(caller);
}

// Timers are the test runner's, or kept from before; all else may bring an event.
function resourcesInUse(): number {
  return activeResources().filter((name) => !/^(?:Timeout|Immediate)$/.test(name)).length;
}

async function holdFor<T>(loop: Loop, label: string, arrives: Promise<T>, before: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let stopWatching = (): void => {};
    let release = (): void => {};
    const limit = loop.schedule(limitMs, "user", "events/limit", () => {
      release();
      stopWatching = rejectWhenIdle(loop, label, before, (error) => end(() => reject(error)));
    });

    function end(settle: () => void): void {
      release();
      stopWatching();
      loop.cancel(limit);
      settle();
    }

    release = loop.hold({ describe: () => label, fail: (error) => end(() => reject(error)) });
    arrives.then(
      (value) => end(() => resolve(value)),
      (error: Error) => end(() => reject(error)),
    );
  });
}

/** @returns What ends the watching. */
function rejectWhenIdle(
  loop: Loop,
  label: string,
  before: number,
  reject: (error: SimError) => void,
): () => void {
  let ticks = 0;
  let steps = loop.steps;
  const stop = everyRealMs(graceTickMs, () => {
    // A timer of the test, or another wait, may still bring it.
    const isUnderWay = loop.steps !== steps || resourcesInUse() > before;
    steps = loop.steps;
    ticks = isUnderWay ? 0 : ticks + 1;
    if (ticks < graceTicks) return;
    stop();
    reject(
      new SimError(
        "SIM_WAIT_TIMEOUT",
        `Waited ${formatDuration(limitMs)} for ${label}, until ${loop.clock.nowMs} ms; the event did not come.`,
        "Look whether the event was emitted before the wait began, or is spelled otherwise. To wait longer, write " +
          "`await phoenix.until(() => seen, { within })`, or `await phoenix.waitForMessage(socket)` for a socket.",
      ),
    );
  });
  return stop;
}

// What reads a clock without being one: `performance`, `process.uptime` and the time stamps of events, put under a
// world's time. They are changed in place, so that a `performance` that was imported before is the world's as well.

/** Classes of events that code makes itself; what Node makes gets its stamp when it is dispatched. */
const eventClasses = ["Event", "CustomEvent", "MessageEvent", "CloseEvent", "ErrorEvent"] as const;

// Node's own, kept when this module is loaded.
const native = Object.getPrototypeOf(performance) as Performance;
const { mark, measure, toJSON } = native as Performance & { toJSON(): object };

/** `performance.now()` is 0 at the moment of the call, and `performance.timeOrigin` the world's date then. */
export function installPerformance(loop: Loop, undo: Undo): void {
  const originUs = loop.clock.nowUs;
  const now = (): number => (loop.clock.nowUs - originUs) / 1000;
  const timeOrigin = loop.clock.epochMs + originUs / 1000;
  const replace = (name: string, value: (...args: never[]) => unknown): void => {
    const keepAlive = Object.hasOwn(performance, name) ? performance : native;
    if (!isMock(Reflect.get(keepAlive, name))) undo.replaceFunction(keepAlive, name, value);
  };
  replace("now", now);
  undo.keep(native, "timeOrigin");
  Object.defineProperty(native, "timeOrigin", {
    ...Object.getOwnPropertyDescriptor(native, "timeOrigin"),
    get: () => timeOrigin,
  });
  replace("toJSON", () => ({ ...toJSON.call(performance), timeOrigin }));
  replace("mark", (name: string, options?: PerformanceMarkOptions) =>
    mark.call(performance, name, startingNow(options, now)),
  );
  replace(
    "measure",
    (name: string, ...given: unknown[]) =>
      Reflect.apply(measure, performance, [name, ...endingNow(given, now)]) as PerformanceMeasure,
  );
  const utilization = utilizationBy(now);
  replace("eventLoopUtilization", utilization);
  if ("eventLoopUtilization" in perfHooks)
    undo.replaceFunction(perfHooks, "eventLoopUtilization", utilization);
  installMarks(now, undo);
  undo.replaceFunction(process, "uptime", () => now() / 1000);
  installTimeStamps(now, undo);
}

// Node's own would take real idle time from a virtual clock.
function utilizationBy(now: () => number): EventLoopUtilityFunction {
  return (one, other) => {
    const idle = other === undefined ? now() - (one?.idle ?? 0) : (one?.idle ?? 0) - other.idle;
    return { idle, active: 0, utilization: 0 };
  };
}

function startingNow(
  options: PerformanceMarkOptions | undefined,
  now: () => number,
): PerformanceMarkOptions | undefined {
  if (options !== undefined && (typeof options !== "object" || options === null)) return options;
  return options?.startTime === undefined ? { ...options, startTime: now() } : options;
}

// Node ends a measure without an end, and starts one without a start, by its own clock.
function endingNow(given: readonly unknown[], now: () => number): readonly unknown[] {
  const [from, to] = given;
  if (from === undefined || from === null)
    return to === undefined ? [{ start: 0, end: now() }] : [{ start: 0, end: to }];
  if (typeof from !== "object") return to === undefined ? [{ start: from, end: now() }] : given;
  const options = from as PerformanceMeasureOptions;
  const endsSomewhere = options.end !== undefined || options.duration !== undefined;
  return endsSomewhere || options.start === undefined ? given : [{ ...options, end: now() }];
}

function installMarks(now: () => number, undo: Undo): void {
  const Mark = new Proxy(PerformanceMark, {
    construct(target, [name, options]: [string, PerformanceMarkOptions?], newTarget) {
      return Reflect.construct(target, [name, startingNow(options, now)], newTarget) as object;
    },
  });
  undo.replace(globalThis, "PerformanceMark", Mark);
  if ("PerformanceMark" in perfHooks) undo.replace(perfHooks, "PerformanceMark", Mark);
}

function installTimeStamps(now: () => number, undo: Undo): void {
  const stamps = new WeakMap<object, number>();
  const stamp = (event: object): number => {
    const known = stamps.get(event);
    if (known !== undefined) return known;
    stamps.set(event, now());
    return now();
  };
  let ended = false;
  undo.add(() => {
    ended = true;
  });
  for (const name of eventClasses) {
    const Native = Reflect.get(globalThis, name) as typeof Event | undefined;
    if (Native === undefined) continue;
    const construct = (target: typeof Event, args: unknown[], newTarget: NewableFunction): object => {
      const event = Reflect.construct(target, args, newTarget === Stamped ? target : newTarget) as object;
      if (!ended) stamp(event);
      return event;
    };
    const Stamped: typeof Event = new Proxy(Native, { construct });
    undo.replace(globalThis, name, Stamped);
  }
  const { dispatchEvent } = EventTarget.prototype;
  undo.replaceFunction(EventTarget.prototype, "dispatchEvent", function (this: EventTarget, event: Event) {
    if (typeof event === "object" && event !== null) stamp(event);
    return dispatchEvent.call(this, event);
  });
  undo.keep(Event.prototype, "timeStamp");
  Object.defineProperty(Event.prototype, "timeStamp", {
    ...Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp"),
    get: function timeStamp(this: Event) {
      return stamp(this);
    },
  });
}

// The process's sources of randomness, sampled from a world's streams.

// Node's own, kept when this module is loaded: each says by its errors what it does not take.
const { webcrypto, randomBytes, randomInt, randomFillSync } = nodeCrypto;
const { getRandomValues } = webcrypto;

type RandomFunction = (...args: never[]) => unknown;

/**
 * Replaces `Math.random`, and what of `crypto` gives random bytes at once. Keys stay the operating system's.
 *
 * What a spy or a stub of the test's own stands on is left to the test: it goes on counting its calls.
 */
export function installRandom({ choices, clock }: Loop, undo: Undo): void {
  const replace = (target: object, key: string, sample: RandomFunction): void => {
    const before: unknown = Reflect.get(target, key);
    if (typeof before === "function" && !isMock(before)) undo.replaceFunction(target, key, sample);
  };
  const fill = fillFrom(choices);
  replace(Math, "random", () => {
    const high = choices.entropy("test/math-random") >>> 5;
    const low = choices.entropy("test/math-random") >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  });
  for (const crypto of [webcrypto, nodeCrypto]) replace(crypto, "randomUUID", () => uuidOf(fill));
  replace(nodeCrypto, "randomUUIDv7", () => uuidOf(fill, clock.unixMs));
  // That of node:crypto calls this one.
  replace(webcrypto, "getRandomValues", (view: Uint8Array) => fill(getRandomValues.call(webcrypto, view)));
  const sampleBytes = orCallback((length: number) => fill(randomBytes(length)));
  for (const alias of ["randomBytes", "pseudoRandomBytes", "prng", "rng"])
    replace(nodeCrypto, alias, sampleBytes);
  const fillPart = (target: Uint8Array, offset = 0, size?: number): Uint8Array => {
    randomFillSync(target, offset, size ?? target.byteLength / elementSize(target) - offset);
    fill(partOf(target, offset, size));
    return target;
  };
  replace(nodeCrypto, "randomFillSync", fillPart);
  replace(nodeCrypto, "randomFill", orCallback(fillPart));
  replace(
    nodeCrypto,
    "randomInt",
    orCallback((min: number, max?: number) => {
      const [from, to] = max === undefined ? [0, min] : [min, max];
      randomInt(from, to);
      const sample =
        choices.entropy("test/random-int") * 2 ** 21 + (choices.entropy("test/random-int") >>> 11);
      return from + (sample % (to - from));
    }),
  );
}

function elementSize(target: ArrayBufferLike | ArrayBufferView): number {
  return "BYTES_PER_ELEMENT" in target ? (target as Uint8Array).BYTES_PER_ELEMENT : 1;
}

function partOf(target: ArrayBufferLike | ArrayBufferView, offset: number, size?: number): Uint8Array {
  const unit = elementSize(target);
  const whole = ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    : new Uint8Array(target);
  return whole.subarray(offset * unit, size === undefined ? undefined : (offset + size) * unit);
}

function fillFrom(choices: ChoiceLog): <T extends ArrayBufferView>(view: T) => T {
  return (view) => {
    const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < target.length; at += 4) {
      const word = choices.entropy("test/crypto");
      for (let i = 0; i < 4 && at + i < target.length; i++) target[at + i] = word >>> (8 * i);
    }
    return view;
  };
}

// Version 4 of RFC 9562, two fixed fields among 122 random bits; or 7, which begins with a time in milliseconds.
function uuidOf(fill: (view: Uint8Array) => Uint8Array, unixMs?: number): string {
  const raw = Buffer.from(fill(new Uint8Array(16)));
  if (unixMs !== undefined) raw.writeUIntBE(unixMs, 0, 6);
  raw[6] = ((raw[6] ?? 0) & 0x0f) | (unixMs === undefined ? 0x40 : 0x70);
  raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
  return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// `randomBytes`, `randomFill` and `randomInt` answer at once, or later through a callback given last.
function orCallback(sample: RandomFunction): (...args: unknown[]) => unknown {
  return (...args) => {
    const callback = args.at(-1);
    if (typeof callback !== "function") return sample(...(args as never[]));
    const value = sample(...(args.slice(0, -1) as never[]));
    process.nextTick(() => (callback as (error: null, value: unknown) => void)(null, value));
    return undefined;
  };
}
