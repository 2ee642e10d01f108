/**
 * The watch over uses of real time, randomness and I/O while a world runs.
 *
 * It lays a thin function over each of Node's own, which passes the call on and, while a recording is on, notes who
 * made it. What was read from its object before the watch was installed, such as `const now = Date.now`, goes past it.
 * The simulator's own uses go past it for that reason: they keep what they need when their module is loaded.
 */
import childProcess from "node:child_process";
import nodeCrypto from "node:crypto";
import dgram from "node:dgram";
import dns from "node:dns";
import dnsPromises from "node:dns/promises";
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import os from "node:os";
import perfHooks, { performance } from "node:perf_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import v8 from "node:v8";
import workerThreads from "node:worker_threads";
import zlib from "node:zlib";

import { callSite, isCalledByOthers, stackAbove } from "../../shared/call-site.js";
import { createUndo, type Undo } from "../../world/edges/index.js";

// What the watch looks at: every way in which Node gives real time, randomness or input. Data only.

/** One function, constructor or property that is computed when it is read. */
export interface Instrumented {
  /** As a person writes it, such as `crypto.randomUUID`. */
  readonly name: string;
  readonly target: object;
  readonly key: string;
  /**
   * Another answer that another machine could have given: what is the same in two runs of one process and differs
   * elsewhere is found by changing it in the second run.
   *
   * @param uses - How often such answers were given in that run, from 1: time passes between two of them.
   */
  readonly elsewhere?: (answer: unknown, uses: number) => unknown;
  /** Other arguments for it in the second run, where the user's own code calls: timers that fire at once. */
  readonly elsewhereWith?: (args: readonly unknown[]) => readonly unknown[];
  /** Real milliseconds within which what it starts has usually ended; undefined when it answers at once. */
  readonly settleMs?: number;
}

const soonMs = 20;
const slowMs = 1_000;

type Elsewhere = Pick<Instrumented, "elsewhere" | "elsewhereWith">;

function all(
  prefix: string,
  target: object,
  keys: readonly string[],
  settleMs = 0,
  other: Elsewhere = {},
): readonly Instrumented[] {
  return keys
    .filter((key) => typeof Object.getOwnPropertyDescriptor(target, key)?.get !== "function")
    .filter((key) => typeof Reflect.get(target, key) === "function")
    .map((key) => {
      const own = { name: `${prefix}${key}`, target, key, settleMs: key.endsWith("Sync") ? 0 : settleMs };
      return Object.assign(own, other);
    });
}

/** Properties that are computed when they are read. @param type - Undefined where this version of Node has it not. */
function computed(
  prefix: string,
  type: { readonly prototype: object } | undefined,
  keys: readonly string[],
  other: Elsewhere = {},
): readonly Instrumented[] {
  const target = type?.prototype;
  if (target === undefined) return [];
  return keys
    .filter((key) => Object.getOwnPropertyDescriptor(target, key)?.get !== undefined)
    .map((key) => Object.assign({ name: `${prefix}${key}`, target, key }, other));
}

/** A global class that only some versions of Node have. */
function globalClass(name: string): { readonly prototype: object } | undefined {
  return Reflect.get(globalThis, name) as { readonly prototype: object } | undefined;
}

// Streams and other classes of these modules begin with a capital; they come from functions that are watched.
function whole(prefix: string, target: object, settleMs = soonMs): readonly Instrumented[] {
  return all(
    prefix,
    target,
    Object.keys(target).filter((key) => /^[a-z]/.test(key) && !key.endsWith("Promisified")),
    settleMs,
  );
}

function methods(prefix: string, type: { readonly prototype: object }): readonly Instrumented[] {
  const keys = Object.getOwnPropertyNames(type.prototype).filter((key) => key !== "constructor");
  return all(prefix, type.prototype, keys, soonMs);
}

const subtle = Object.getPrototypeOf(nodeCrypto.webcrypto.subtle) as object;
const randomNames = [
  "randomBytes",
  "randomInt",
  "randomUUID",
  "randomFill",
  "randomFillSync",
  "getRandomValues",
  "generateKey",
  "generateKeySync",
  "generateKeyPair",
  "generateKeyPairSync",
  "generatePrime",
  "generatePrimeSync",
  "checkPrime",
  "scrypt",
  "pbkdf2",
  "hkdf",
  "argon2",
  "sign",
  "createSign",
  "createECDH",
  "createDiffieHellman",
  "publicEncrypt",
  "encapsulate",
];

/** @returns All of them, read when it is called: some appear only in newer versions of Node. */
export function instrumentedFunctions(): readonly Instrumented[] {
  return [...time(), ...randomness(), ...machine(), ...outside(), ...memory()];
}

// On another day, and on a machine that pauses for seconds between any two looks at the clock: what depends on how much
// time has passed goes another way for certain, where it would take seconds of real time by itself.

const elsewhereMs = 400 * 86_400_000;
const pauseMs = 10_000;

/** @returns How far the time of the second run is ahead. */
function aheadMs(uses: number): number {
  return elsewhereMs + uses * pauseMs;
}

const laterMs: Elsewhere = { elsewhere: (answer, uses) => Number(answer) + aheadMs(uses) };
const laterSeconds: Elsewhere = { elsewhere: (answer, uses) => Number(answer) + aheadMs(uses) / 1000 };
const laterHrtime: Elsewhere = {
  elsewhere(answer, uses) {
    const [seconds = 0, nanoseconds = 0] = answer as readonly number[];
    return [seconds + aheadMs(uses) / 1000, nanoseconds];
  },
};
const laterNanoseconds: Elsewhere = {
  elsewhere: (answer, uses) => (answer as bigint) + BigInt(aheadMs(uses)) * 1_000_000n,
};

/** A timer of this many real milliseconds or more guards against what does not happen; others are waited for. */
const guardMs = 5_000;

/** @param at - Which argument is the delay. */
function soonTimer(at: number): Elsewhere {
  return {
    elsewhereWith: (args) =>
      Number(args[at] ?? 0) < guardMs ? args.map((each, index) => (index === at ? 1 : each)) : args,
  };
}

function time(): readonly Instrumented[] {
  return [
    ...all("performance.", performance, ["now"], 0, laterMs),
    ...all("performance.", performance, ["mark", "measure", "eventLoopUtilization", "toJSON", "timerify"]),
    ...computed("performance.", Performance, ["timeOrigin"], laterMs),
    ...all("perf_hooks.", perfHooks, ["monitorEventLoopDelay", "eventLoopUtilization"], soonMs),
    ...all("", globalThis, ["PerformanceObserver"], soonMs),
    ...computed("Event.", Event, ["timeStamp"], laterMs),
    // What hangs on a function comes before it, because the function laid over it shows what it shows by then.
    ...all("process.hrtime.", process.hrtime, ["bigint"], 0, laterNanoseconds),
    ...all("process.", process, ["hrtime"], 0, laterHrtime),
    ...all("process.", process, ["uptime"], 0, laterSeconds),
    ...all("", globalThis, ["setTimeout"], soonMs, soonTimer(1)),
    ...all("", globalThis, ["setInterval", "setImmediate"], soonMs),
    ...all("timers.", timers, ["setTimeout"], soonMs, soonTimer(1)),
    ...all("timers.", timers, ["setInterval", "setImmediate"], soonMs),
    ...all("timers/promises.", timersPromises, ["setTimeout"], soonMs, soonTimer(0)),
    ...all("timers/promises.", timersPromises, ["setInterval", "setImmediate"], soonMs),
    ...all("scheduler.", timersPromises.scheduler, ["wait"], soonMs, soonTimer(0)),
    ...all("AbortSignal.", AbortSignal, ["timeout"], soonMs),
    ...all("Atomics.", Atomics, ["wait", "waitAsync"], soonMs),
    ...all("navigator.locks.", globalClass("LockManager")?.prototype ?? {}, ["request", "query"], soonMs),
  ];
}

function randomness(): readonly Instrumented[] {
  return [
    ...all("Math.", Math, ["random"]),
    ...all("crypto.", nodeCrypto, randomNames, soonMs),
    ...all("crypto.", nodeCrypto.webcrypto, ["randomUUID", "getRandomValues"]),
    ...methods("crypto.subtle.", { prototype: subtle }),
  ];
}

/** Every number in it is a little larger. */
function larger(answer: unknown): unknown {
  if (typeof answer === "number") return answer + 1;
  if (typeof answer !== "object" || answer === null) return answer;
  if (Array.isArray(answer)) return answer.map(larger);
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, larger(value)]));
}

function machine(): readonly Instrumented[] {
  const other: Elsewhere = { elsewhere: larger };
  return [
    ...all("process.memoryUsage.", process.memoryUsage, ["rss"], 0, other),
    ...all("process.", process, ["memoryUsage", "cpuUsage", "threadCpuUsage", "resourceUsage"], 0, other),
    ...all("process.", process, ["availableMemory", "constrainedMemory"], 0, other),
    ...all("process.", process, ["getActiveResourcesInfo"], 0, {
      elsewhere: (answer) => [...(answer as readonly string[]), "Timeout"],
    }),
    ...all("process.report.", process.report, ["getReport", "writeReport"]),
    ...all("v8.", v8, ["getHeapStatistics", "getHeapSpaceStatistics", "getHeapCodeStatistics"], 0, other),
    ...all("v8.", v8, ["getCppHeapStatistics"], 0, other),
    ...all("v8.", v8, ["getHeapSnapshot", "writeHeapSnapshot", "queryObjects"]),
    ...all("os.", os, ["loadavg"], 0, {
      elsewhere: (answer) => (answer as number[]).map((load) => load + 0.01),
    }),
    ...all("os.", os, ["freemem", "totalmem", "uptime", "availableParallelism"], 0, other),
    ...all("os.", os, ["hostname"], 0, { elsewhere: (answer) => `${String(answer)}-2` }),
    ...all("os.", os, ["cpus", "networkInterfaces", "tmpdir", "homedir", "userInfo"]),
    ...computed("navigator.", globalClass("Navigator"), ["hardwareConcurrency"], other),
  ];
}

function outside(): readonly Instrumented[] {
  return [
    ...whole("fs.", fs),
    ...whole("fs/promises.", fsPromises),
    ...whole("child_process.", childProcess, slowMs),
    ...whole("dns.", dns),
    ...whole("dns/promises.", dnsPromises),
    ...all("net.Socket.", net.Socket.prototype, ["connect"], soonMs),
    ...all("net.Server.", net.Server.prototype, ["listen"], soonMs),
    ...all("dgram.", dgram, ["createSocket"], soonMs),
    ...all("", globalThis, ["fetch", "CompressionStream", "DecompressionStream"], soonMs),
    // What ends in a thread; the others compute at once.
    ...whole("zlib.", zlib).filter(({ key }) => !key.endsWith("Sync") && key !== "crc32"),
    ...all("Blob.", Blob.prototype, ["arrayBuffer", "text", "bytes", "stream"], soonMs),
    ...all("WebAssembly.", WebAssembly, ["compile", "instantiate"], soonMs),
    ...all("WebAssembly.", WebAssembly, ["compileStreaming", "instantiateStreaming"], soonMs),
    ...all("", globalThis, ["MessageChannel", "BroadcastChannel"], soonMs),
    ...all("worker_threads.", workerThreads, ["MessageChannel", "BroadcastChannel"], soonMs),
    ...all("worker_threads.", workerThreads, ["Worker"], slowMs),
    ...all("MessagePort.", workerThreads.MessagePort.prototype, ["postMessage"], soonMs),
  ];
}

function memory(): readonly Instrumented[] {
  return all("", globalThis, ["WeakRef", "FinalizationRegistry"]);
}

// `Date` and what else tells the time of day, under the watch.

type Format = (date?: Date | number) => string;

/** Lays the watch over `Date()`, `new Date()`, `Date.now()`, and formats of `Intl` without a date. */
function installDate(note: Note, undo: Undo): void {
  const Native = Date;
  const nativeNow = Native.now;

  function ahead(api: string, patched: (...args: never[]) => unknown): number {
    const { uses } = note(api, patched);
    return uses === 0 ? 0 : aheadMs(uses);
  }

  // On the constructor itself, so that whoever kept `Date` is seen, too.
  function now(): number {
    return nativeNow() + ahead("Date.now", now);
  }
  undo.replace(Native, "now", now);

  function PatchedDate(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) {
      return new Native(nativeNow() + ahead("Date()", PatchedDate)).toString();
    }
    const newTarget = (new.target as unknown) === PatchedDate ? Native : new.target;
    if (args.length > 0) return Reflect.construct(Native, args, newTarget);
    return Reflect.construct(Native, [nativeNow() + ahead("new Date()", PatchedDate)], newTarget);
  }
  Object.defineProperties(PatchedDate, Object.getOwnPropertyDescriptors(Native));
  undo.replace(Native.prototype, "constructor", PatchedDate);
  undo.replace(globalThis, "Date", PatchedDate);
  installFormat(note, undo);
}

function installFormat(note: Note, undo: Undo): void {
  const { prototype } = Intl.DateTimeFormat;
  const { get } = Object.getOwnPropertyDescriptor(prototype, "format") ?? {};
  if (get === undefined) return;
  undo.keep(prototype, "format");
  Object.defineProperty(prototype, "format", {
    configurable: true,
    get(this: Intl.DateTimeFormat) {
      const inner = Reflect.apply(get, this, []) as Format;
      const patched: Format = (date) => {
        if (date === undefined) note("Intl.DateTimeFormat.format", patched);
        return inner(date);
      };
      return patched;
    },
  });
}

/** One noticed use. */
export interface Use {
  /** Such as `crypto.randomUUID`. */
  readonly api: string;
  /** `file:line` of the caller. */
  readonly site: string;
  /** Step of the world during which it was first used; 0 before the first. */
  readonly step: number;
}

interface Recording {
  /** Tells that the world has begun a step. */
  readonly step: (index: number) => void;
  /**
   * To be called between two steps: calls `next` after a turn of the process, and after the first use of something that
   * ends later, only once it has had the time. I/O that took long in another run takes none in this one.
   */
  readonly settle: (next: () => void) => void;
  /** Ends the recording. @returns What was used, each API and site once, in the order of first use. */
  readonly end: () => readonly Use[];
}

interface RecordingOptions {
  /**
   * Answers as another machine would on another day: the date is 400 days on, and what the operating system says of
   * itself is a little different. What depends on that differs for certain. @default false
   */
  readonly elsewhere?: boolean;
}

export interface LeakWatch {
  /** Notes uses from now on. Recordings that are on at the same time all note the same. */
  begin(options?: RecordingOptions): Recording;
  /** Puts everything back as it was, unless somebody else has installed the watch, too. Call it once. */
  uninstall(): void;
}

/** What is laid over a function of Node calls this first. @returns How to answer. */
type Note = (api: string, patched: (...args: never[]) => unknown, settleMs?: number) => Noted;

interface Noted {
  /** 0 to answer as here; else which use of the run elsewhere it is, from 1. */
  readonly uses: number;
  /** Whether the user's own code calls, and no package on its behalf. */
  readonly byUser: boolean;
}

const asHere: Noted = { uses: 0, byUser: false };

const nativeSetTimeout = setTimeout;
const nativeSetImmediate = setImmediate;

interface Running {
  readonly uses: Map<string, Use>;
  readonly elsewhere: boolean;
  at: number;
  /** Answers given as elsewhere. */
  moved: number;
  /** Real milliseconds that what was started needs to end. */
  owedMs: number;
}

interface Shared {
  readonly watch: LeakWatch;
  users: number;
}

// On globalThis, because there is one process to lay it over, whoever asks.
const owner = Symbol.for("phoenix-sim.leak-watch");

/**
 * Lays the watch over this process; whoever comes second shares it. It costs a few milliseconds.
 *
 * See docs/exploration.md for what it sees.
 */
export function installLeakWatch(): LeakWatch {
  const shared =
    (Reflect.get(globalThis, owner) as Shared | undefined) ??
    ({ watch: createLeakWatch(), users: 0 } satisfies Shared);
  shared.users += 1;
  Reflect.set(globalThis, owner, shared);
  return {
    begin: shared.watch.begin,
    uninstall() {
      shared.users -= 1;
      if (shared.users > 0) return;
      Reflect.deleteProperty(globalThis, owner);
      shared.watch.uninstall();
    },
  };
}

function createLeakWatch(): LeakWatch {
  const recordings = new Set<Running>();
  const undo = createUndo();
  undo.add(syncBuiltinESMExports);

  const note: Note = (api, patched, settleMs = 0) => {
    if (recordings.size === 0) return asHere;
    const stack = stackAbove(patched);
    const site = callSite(stack);
    if (site === undefined) return asHere;
    const key = `${api} ${site}`;
    const byUser = !isCalledByOthers(stack);
    let uses = 0;
    for (const each of recordings) {
      // What a package keeps for some seconds it keeps in nearly every run: only the user's own looks take time.
      if (each.elsewhere) uses = each.moved = byUser ? each.moved + 1 : Math.max(1, each.moved);
      if (each.uses.has(key)) continue;
      each.uses.set(key, { api, site, step: each.at });
      each.owedMs = Math.max(each.owedMs, settleMs);
    }
    return { uses, byUser: uses > 0 && byUser };
  };

  for (const instrumented of instrumentedFunctions()) {
    const { target, key } = instrumented;
    if (!replaceable(target, key)) continue;
    const { get } = Object.getOwnPropertyDescriptor(target, key) ?? {};
    if (get !== undefined) {
      undo.keep(target, key);
      patchGetter(get, instrumented, note);
      continue;
    }
    const inner = Reflect.get(target, key) as (...args: unknown[]) => unknown;
    undo.replace(target, key, patch(inner, instrumented, note));
  }
  installDate(note, undo);
  syncBuiltinESMExports();

  return {
    begin({ elsewhere = false } = {}) {
      const mine: Running = { uses: new Map(), elsewhere, at: 0, moved: 0, owedMs: 0 };
      recordings.add(mine);

      return {
        step(index) {
          mine.at = index;
        },
        settle(next) {
          if (mine.owedMs === 0) nativeSetImmediate(next);
          else nativeSetTimeout(next, mine.owedMs);
          mine.owedMs = 0;
        },
        end() {
          recordings.delete(mine);
          return [...mine.uses.values()];
        },
      };
    },
    uninstall: undo.run,
  };
}

// A few exports of Node are fixed; what they call is watched.
function replaceable(target: object, key: string): boolean {
  const { configurable = true, writable = false } = Object.getOwnPropertyDescriptor(target, key) ?? {};
  return configurable || writable;
}

// Works for functions, methods and constructors alike, and shows the same properties.
function patch(
  inner: (...args: unknown[]) => unknown,
  { name, elsewhere, elsewhereWith, settleMs }: Instrumented,
  note: Note,
): (...args: unknown[]) => unknown {
  function patched(this: unknown, ...args: unknown[]): unknown {
    const { uses, byUser } = note(name, patched, settleMs);
    if (new.target !== undefined) {
      return Reflect.construct(inner, args, (new.target as unknown) === patched ? inner : new.target);
    }
    const given = byUser && elsewhereWith !== undefined ? elsewhereWith(args) : args;
    const answer = Reflect.apply(inner, this, given);
    return uses > 0 && elsewhere !== undefined ? elsewhere(answer, uses) : answer;
  }
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(inner))) {
    Object.defineProperty(patched, key, descriptor);
  }
  for (const symbol of Object.getOwnPropertySymbols(inner)) {
    const descriptor = Object.getOwnPropertyDescriptor(inner, symbol);
    if (descriptor !== undefined) Object.defineProperty(patched, symbol, descriptor);
  }
  return patched;
}

function patchGetter(get: () => unknown, { name, target, key, elsewhere }: Instrumented, note: Note): void {
  function patched(this: unknown): unknown {
    const { uses } = note(name, patched);
    const answer = Reflect.apply(get, this, []);
    return uses > 0 && elsewhere !== undefined ? elsewhere(answer, uses) : answer;
  }
  Object.defineProperty(target, key, { ...Object.getOwnPropertyDescriptor(target, key), get: patched });
}
