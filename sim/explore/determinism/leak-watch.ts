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
import { performance } from "node:perf_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import workerThreads from "node:worker_threads";
import zlib from "node:zlib";

import { callSite, stackAbove } from "../../shared/call-site.js";
import { createUndo, type Undo } from "../../world/edges/index.js";

// What the watch looks at: every way in which Node gives real time, randomness or input. Data only.

/** One function or constructor. */
export interface Instrumented {
  /** As a person writes it, such as `crypto.randomUUID`. */
  readonly name: string;
  readonly target: object;
  readonly key: string;
  /**
   * Another answer that another machine could have given: what is the same in two runs of one process and differs
   * elsewhere is found by changing it in the second run.
   */
  readonly elsewhere?: (answer: unknown) => unknown;
  /** Real milliseconds within which what it starts has usually ended; undefined when it answers at once. */
  readonly settleMs?: number;
}

const soonMs = 20;
const slowMs = 1_000;

function all(prefix: string, target: object, keys: readonly string[], settleMs = 0): readonly Instrumented[] {
  return keys
    .filter((key) => typeof Reflect.get(target, key) === "function")
    .map((key) => ({
      name: `${prefix}${key}`,
      target,
      key,
      settleMs: key.endsWith("Sync") ? 0 : settleMs,
    }));
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

const timerNames = ["setTimeout", "setInterval", "setImmediate"] as const;
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
  "scrypt",
  "pbkdf2",
  "hkdf",
];

/** @returns All of them, read when it is called: some appear only in newer versions of Node. */
export function instrumentedFunctions(): readonly Instrumented[] {
  return [...time(), ...randomness(), ...machine(), ...outside(), ...memory()];
}

function time(): readonly Instrumented[] {
  return [
    ...all("performance.", performance, ["now", "mark", "measure", "eventLoopUtilization", "toJSON"]),
    // What hangs on a function comes before it, because the function laid over it shows what it shows by then.
    ...all("process.hrtime.", process.hrtime, ["bigint"]),
    ...all("process.", process, ["hrtime", "uptime"]),
    ...all("", globalThis, timerNames, soonMs),
    ...all("timers.", timers, timerNames, soonMs),
    ...all("timers/promises.", timersPromises, timerNames, soonMs),
    ...all("scheduler.", timersPromises.scheduler, ["wait"], soonMs),
    ...all("AbortSignal.", AbortSignal, ["timeout"], soonMs),
    ...all("Atomics.", Atomics, ["wait", "waitAsync"], soonMs),
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

function machine(): readonly Instrumented[] {
  const one = (value: unknown): unknown => Number(value) + 1;
  return [
    ...all("process.memoryUsage.", process.memoryUsage, ["rss"]),
    ...all("process.", process, [
      "memoryUsage",
      "cpuUsage",
      "resourceUsage",
      "availableMemory",
      "constrainedMemory",
    ]),
    {
      name: "os.loadavg",
      target: os,
      key: "loadavg",
      elsewhere: (answer) => (answer as number[]).map((load) => load + 0.01),
    },
    { name: "os.freemem", target: os, key: "freemem", elsewhere: one },
    { name: "os.totalmem", target: os, key: "totalmem", elsewhere: one },
    { name: "os.uptime", target: os, key: "uptime", elsewhere: one },
    { name: "os.availableParallelism", target: os, key: "availableParallelism", elsewhere: one },
    { name: "os.hostname", target: os, key: "hostname", elsewhere: (answer) => `${String(answer)}-2` },
    ...all("os.", os, ["cpus", "networkInterfaces", "tmpdir", "homedir", "userInfo"]),
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
    ...all(
      "zlib.",
      zlib,
      ["gzip", "gunzip", "deflate", "inflate", "deflateRaw", "inflateRaw", "unzip"],
      soonMs,
    ),
    ...all("zlib.", zlib, ["brotliCompress", "brotliDecompress"], soonMs),
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

const elsewhereMs = 400 * 86_400_000;

type Format = (date?: Date | number) => string;

/** Lays the watch over `Date()`, `new Date()`, `Date.now()`, and formats of `Intl` without a date. */
function installDate(note: Note, undo: Undo): void {
  const Native = Date;
  const nativeNow = Native.now;

  // On the constructor itself, so that whoever kept `Date` is seen, too.
  function now(): number {
    return nativeNow() + (note("Date.now", now) ? elsewhereMs : 0);
  }
  undo.replace(Native, "now", now);

  function PatchedDate(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) {
      return new Native(nativeNow() + (note("Date()", PatchedDate) ? elsewhereMs : 0)).toString();
    }
    const newTarget = (new.target as unknown) === PatchedDate ? Native : new.target;
    if (args.length > 0) return Reflect.construct(Native, args, newTarget);
    return Reflect.construct(
      Native,
      [nativeNow() + (note("new Date()", PatchedDate) ? elsewhereMs : 0)],
      newTarget,
    );
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

/** What is laid over a function of Node calls this first. @returns Whether to answer as elsewhere. */
type Note = (api: string, patched: (...args: never[]) => unknown, settleMs?: number) => boolean;

const nativeSetTimeout = setTimeout;
const nativeSetImmediate = setImmediate;

interface Running {
  readonly uses: Map<string, Use>;
  readonly elsewhere: boolean;
  at: number;
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
    if (recordings.size === 0) return false;
    const site = callSite(stackAbove(patched));
    if (site === undefined) return false;
    const key = `${api} ${site}`;
    let moved = false;
    for (const each of recordings) {
      moved ||= each.elsewhere;
      if (each.uses.has(key)) continue;
      each.uses.set(key, { api, site, step: each.at });
      each.owedMs = Math.max(each.owedMs, settleMs);
    }
    return moved;
  };

  for (const instrumented of instrumentedFunctions()) {
    const { target, key } = instrumented;
    if (!replaceable(target, key)) continue;
    const inner = Reflect.get(target, key) as (...args: unknown[]) => unknown;
    undo.replace(target, key, patch(inner, instrumented, note));
  }
  installDate(note, undo);
  syncBuiltinESMExports();

  return {
    begin({ elsewhere = false } = {}) {
      const mine: Running = { uses: new Map(), elsewhere, at: 0, owedMs: 0 };
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
  { name, elsewhere, settleMs }: Instrumented,
  note: Note,
): (...args: unknown[]) => unknown {
  function patched(this: unknown, ...args: unknown[]): unknown {
    const moved = note(name, patched, settleMs);
    if (new.target !== undefined) {
      return Reflect.construct(inner, args, (new.target as unknown) === patched ? inner : new.target);
    }
    const answer = Reflect.apply(inner, this, args);
    return moved && elsewhere !== undefined ? elsewhere(answer) : answer;
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
