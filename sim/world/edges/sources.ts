/**
 * Every source of time, randomness and outside I/O in Node, and what becomes of it while a world has the
 * globals. Data only; a test does each of them and compares, and docs/edges.md prints it.
 */

// The part of the list of sources that gives time. See sources.ts.

/**
 * `replaced`: the world answers. `refused`: throws. `benign`: real, by intent, and cannot disturb a run.
 * `not guarded`: real; it never moves virtual time, but what it gives differs from run to run.
 */
export type SourceState = "replaced" | "refused" | "benign" | "not guarded";

export interface Source {
  readonly name: string;
  readonly kind: "time" | "randomness" | "I/O";
  readonly state: SourceState;
  readonly why: string;
  /**
   * Everything of Node that it stands for: `globalThis.fetch`, `node:crypto.randomInt`, or `node:fs` for all of a
   * module. Some are only in newer versions of Node.
   */
  readonly covers: readonly string[];
}

const fakeTimers = "by fake-timers, at the world's time; a timer that is set lets time move, unless unref'ed";
const clockView = "by fake-timers, at the world's time";

/** @returns The names with what they belong to: `process.uptime`. */
function all(prefix: string, ...names: readonly string[]): readonly string[] {
  return names.map((name) => `${prefix}.${name}`);
}

const sourcesOfTime: readonly Omit<Source, "kind">[] = [
  { name: "Date", state: "replaced", why: clockView, covers: ["globalThis.Date", "Date.now"] },
  {
    name: "setTimeout, setInterval, setImmediate",
    state: "replaced",
    why: fakeTimers,
    covers: [
      ...all("globalThis", "setTimeout", "setInterval", "setImmediate"),
      ...all("globalThis", "clearTimeout", "clearInterval", "clearImmediate"),
    ],
  },
  {
    name: "node:timers",
    state: "replaced",
    why: "named imports too, by syncBuiltinESMExports",
    covers: ["node:timers"],
  },
  {
    name: "node:timers/promises",
    state: "replaced",
    why: "named imports too",
    covers: ["node:timers/promises"],
  },
  {
    name: "util.promisify(setTimeout)",
    state: "replaced",
    why: "goes to node:timers/promises",
    covers: [],
  },
  { name: "scheduler.wait", state: "replaced", why: "by us: fake-timers leaves it real", covers: [] },
  {
    name: "AbortSignal.timeout",
    state: "replaced",
    why: "by us: fake-timers leaves it real. It does not let time move, as it does not keep a process alive",
    covers: ["AbortSignal.timeout"],
  },
  {
    name: "performance.now, timeOrigin, toJSON",
    state: "replaced",
    why: "by us, in place: milliseconds since the world took the globals, and its date then",
    covers: all("performance", "now", "timeOrigin", "toJSON"),
  },
  {
    name: "performance.mark, measure, PerformanceMark",
    state: "replaced",
    why: "by us: Node makes the entries, with times of the world",
    covers: [
      ...all("performance", "mark", "measure"),
      ...all("globalThis", "PerformanceMark", "PerformanceMeasure"),
    ],
  },
  {
    name: "PerformanceObserver",
    state: "not guarded",
    why: "its entries have times of the world, but it gets them in a real turn",
    covers: all("globalThis", "PerformanceObserver", "PerformanceObserverEntryList"),
  },
  {
    name: "performance.eventLoopUtilization",
    state: "replaced",
    why: "by us: always idle, because no time of the world passes while code runs",
    covers: ["performance.eventLoopUtilization", "node:perf_hooks.eventLoopUtilization"],
  },
  {
    name: "performance.nodeTiming, timerify, monitorEventLoopDelay",
    state: "not guarded",
    why: "measure this machine, in real time",
    covers: [
      ...all("performance", "nodeTiming", "timerify", "markResourceTiming"),
      ...all("globalThis", "PerformanceResourceTiming"),
      ...all("node:perf_hooks", "monitorEventLoopDelay", "createHistogram", "timerify"),
    ],
  },
  {
    name: "Event.timeStamp",
    state: "replaced",
    why: "by us: when it was made, for events of Node's own when it was dispatched",
    covers: all("globalThis", "Event", "CustomEvent", "MessageEvent", "CloseEvent", "ErrorEvent"),
  },
  {
    name: "process.hrtime, process.hrtime.bigint",
    state: "replaced",
    why: clockView,
    covers: ["process.hrtime"],
  },
  {
    name: "process.uptime",
    state: "replaced",
    why: "seconds since the world took the globals, as performance.now",
    covers: ["process.uptime"],
  },
  {
    name: "Intl.DateTimeFormat without a date",
    state: "replaced",
    why: clockView,
    covers: ["globalThis.Intl", "Intl.DateTimeFormat"],
  },
  {
    name: "Temporal.Now",
    state: "replaced",
    why: `${clockView}, in the versions of Node that have it`,
    covers: ["globalThis.Temporal"],
  },
  {
    name: "request.setTimeout of node:http",
    state: "replaced",
    why: "by us, for connections into the world and for those that msw answers",
    covers: [],
  },
  {
    name: "events.once, events.on",
    state: "replaced",
    why: "where a test calls them itself: time moves for them, up to 5 minutes; real sockets, processes and workers as ever",
    covers: ["node:events"],
  },
  {
    name: "vi.waitFor, vi.waitUntil, expect.poll",
    state: "replaced",
    why: "by us: timeout and interval are virtual milliseconds; an expect from the test's context polls at a real pace",
    covers: [],
  },
  {
    name: "vi.useFakeTimers, fake-timers and sinon",
    state: "refused",
    why: "SIM_TIMERS_TAKEN, before the world and in it; so are node:test's mock.timers, unless Date is not among them",
    covers: ["node:test", "node:test/reporters"],
  },
  {
    name: "process.nextTick, queueMicrotask",
    state: "benign",
    why: "drained between two events; faking them hangs fetch",
    covers: ["process.nextTick", "globalThis.queueMicrotask"],
  },
  {
    name: "scheduler.yield",
    state: "benign",
    why: "one turn of the process; no time passes",
    covers: [],
  },
  {
    name: "timers kept from before",
    state: "not guarded",
    why: "a reference taken before the install is out of reach: real timers",
    covers: [],
  },
  {
    name: "Atomics.wait, Atomics.waitAsync",
    state: "not guarded",
    why: "block the thread, or wait for another, in real time; virtual time stands still meanwhile",
    covers: all("Atomics", "wait", "waitAsync", "notify", "pause"),
  },
  {
    name: "MessageChannel, BroadcastChannel, worker threads",
    state: "not guarded",
    why: "arrive in real turns",
    covers: [
      ...all("globalThis", "MessageChannel", "MessagePort", "BroadcastChannel"),
      "node:worker_threads",
    ],
  },
  {
    name: "navigator.locks",
    state: "not guarded",
    why: "granted in real turns",
    covers: ["navigator.locks"],
  },
];

const threadPool = "real; virtual time stands still until it has ended";
const ofMachine = "depends on this machine and process; do not assert on it";

const randomness: readonly Omit<Source, "kind">[] = [
  {
    name: "Math.random",
    state: "replaced",
    why: "sampled from the seed; a spy of the test's own stays in its place",
    covers: ["Math.random"],
  },
  {
    name: "crypto.randomUUID, crypto.getRandomValues",
    state: "replaced",
    why: "sampled from the seed; a spy of the test's own stays in its place",
    covers: ["globalThis.crypto", ...all("crypto", "randomUUID", "getRandomValues")],
  },
  {
    name: "node:crypto randomBytes, randomInt, randomUUID, randomUUIDv7, randomFill, randomFillSync",
    state: "replaced",
    why: "sampled from the seed; named imports too",
    covers: [
      ...all("node:crypto", "randomBytes", "randomInt", "randomUUID", "randomUUIDv7", "randomFill"),
      ...all("node:crypto", "randomFillSync", "getRandomValues", "pseudoRandomBytes", "prng", "rng"),
    ],
  },
  {
    name: "crypto.subtle, key generation",
    state: "not guarded",
    why: threadPool,
    covers: [
      ...all("globalThis", "SubtleCrypto", "Crypto", "CryptoKey"),
      ...all("crypto", "subtle"),
      ...all("node:crypto", "subtle", "webcrypto", "generateKey", "generateKeySync", "generateKeyPair"),
      ...all("node:crypto", "generateKeyPairSync", "generatePrime", "generatePrimeSync", "checkPrime"),
      ...all("node:crypto", "scrypt", "pbkdf2", "hkdf", "argon2", "sign", "publicEncrypt", "encapsulate"),
      ...all(
        "node:crypto",
        "createDiffieHellman",
        "createECDH",
        "DiffieHellman",
        "ECDH",
        "createSign",
        "Sign",
      ),
    ],
  },
  {
    name: "WeakRef, FinalizationRegistry",
    state: "not guarded",
    why: "V8 collects memory when it likes",
    covers: all("globalThis", "WeakRef", "FinalizationRegistry"),
  },
  {
    name: "process.memoryUsage, cpuUsage, pid; node:os, node:v8",
    state: "not guarded",
    why: ofMachine,
    covers: [
      ...all("process", "memoryUsage", "cpuUsage", "threadCpuUsage", "resourceUsage", "availableMemory"),
      ...all("process", "constrainedMemory", "pid", "ppid", "report", "getActiveResourcesInfo"),
      ...all("navigator", "hardwareConcurrency"),
      "node:os",
      "node:v8",
    ],
  },
];

const outside: readonly Omit<Source, "kind">[] = [
  {
    name: "fetch",
    state: "replaced",
    why: "hosts of the world answer at once; loopback servers and the user's mocks answer for theirs; all else is refused",
    covers: ["globalThis.fetch"],
  },
  {
    name: "node:http, node:https, axios",
    state: "replaced",
    why: "connections to hosts of the world are in-memory ones; other hosts as with fetch",
    covers: ["node:http", "node:https"],
  },
  {
    name: "WebSocket",
    state: "replaced",
    why: "the world's for its hosts; what the user has put there, such as mock-socket, for other addresses",
    covers: ["globalThis.WebSocket"],
  },
  {
    name: "npm undici, and a fetch kept from before",
    state: "replaced",
    why: "they connect by node:net; a dispatcher of the user's, such as a MockAgent, stays",
    covers: [],
  },
  {
    name: "net, tls, dns, dgram",
    state: "not guarded",
    why: "in-memory to hosts of the world, so that ws, ioredis and pg reach them; all else is real, such as a database beside the world",
    covers: ["node:net", "node:tls", "node:dns", "node:dns/promises", "node:dgram", "node:http2"],
  },
  {
    name: "fs, child_process",
    state: "not guarded",
    why: threadPool,
    covers: [
      "node:fs",
      "node:fs/promises",
      "node:child_process",
      "node:cluster",
      "node:sqlite",
      "node:wasi",
      "node:inspector",
      "node:inspector/promises",
      "node:readline",
      "node:readline/promises",
      "node:repl",
      "node:tty",
      "node:trace_events",
      ...all("process", "stdin", "openStdin", "kill", "execve"),
    ],
  },
  {
    name: "zlib, CompressionStream",
    state: "not guarded",
    why: threadPool,
    covers: ["node:zlib", ...all("globalThis", "CompressionStream", "DecompressionStream")],
  },
];

/** In the order of the documentation. */
export const sources: readonly Source[] = [
  ...ofKind("time", sourcesOfTime),
  ...ofKind("randomness", randomness),
  ...ofKind("I/O", outside),
];

function ofKind(kind: Source["kind"], list: readonly Omit<Source, "kind">[]): readonly Source[] {
  return list.map(({ name, state, why, covers }) => ({ name, kind, state, why, covers }));
}

/** @returns The table of docs/edges.md, in Markdown. */
export function printSources(list: readonly Source[] = sources): string {
  const rows = list.map(({ name, kind, state, why }) => `| ${name} | ${kind} | ${state} | ${why} |`);
  return ["| Source | Kind | State | How, or why not |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
