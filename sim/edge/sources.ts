/**
 * Every source of time, randomness and outside I/O in Node, and what becomes of it while a world has the
 * globals. Data only; a test does each of them and compares, and docs/edges.md prints it.
 */

/**
 * `replaced`: the world answers. `refused`: throws. `harmless`: real, by intent, and cannot disturb a run.
 * `not guarded`: real; it never moves virtual time, but what it gives differs from run to run.
 */
export type SourceState = "replaced" | "refused" | "harmless" | "not guarded";

export interface Source {
  readonly name: string;
  readonly kind: "time" | "randomness" | "I/O";
  readonly state: SourceState;
  readonly why: string;
}

const fakeTimers = "by fake-timers, at the world's time; a timer that is set lets time move, unless unref'ed";
const clockFace = "by fake-timers, at the world's time";
const threadPool = "settles from a thread, at no certain moment between two events";

/** In the order of the documentation. */
export const sources: readonly Source[] = [
  { name: "Date", kind: "time", state: "replaced", why: clockFace },
  { name: "setTimeout, setInterval, setImmediate", kind: "time", state: "replaced", why: fakeTimers },
  {
    name: "node:timers",
    kind: "time",
    state: "replaced",
    why: "named imports too, by syncBuiltinESMExports",
  },
  { name: "node:timers/promises", kind: "time", state: "replaced", why: "named imports too" },
  {
    name: "util.promisify(setTimeout)",
    kind: "time",
    state: "replaced",
    why: "goes to node:timers/promises",
  },
  { name: "scheduler.wait", kind: "time", state: "replaced", why: "by us: fake-timers leaves it real" },
  {
    name: "AbortSignal.timeout",
    kind: "time",
    state: "replaced",
    why: "by us: fake-timers leaves it real. It does not let time move, as it does not keep a process alive",
  },
  { name: "performance.now", kind: "time", state: "replaced", why: clockFace },
  { name: "process.hrtime, process.hrtime.bigint", kind: "time", state: "replaced", why: clockFace },
  { name: "Intl.DateTimeFormat without a date", kind: "time", state: "replaced", why: clockFace },
  {
    name: "request.setTimeout of node:http",
    kind: "time",
    state: "replaced",
    why: "by us, for connections into the world and for those that msw answers",
  },
  {
    name: "process.nextTick, queueMicrotask",
    kind: "time",
    state: "harmless",
    why: "drained between two events; faking them hangs fetch",
  },
  {
    name: "scheduler.yield",
    kind: "time",
    state: "harmless",
    why: "one turn of the process; no time passes",
  },
  {
    name: "timers kept from before",
    kind: "time",
    state: "not guarded",
    why: "a reference taken before the install is out of reach: real timers",
  },
  {
    name: "process.uptime",
    kind: "time",
    state: "replaced",
    why: "seconds since the world took the globals, as performance.now",
  },
  { name: "MessageChannel, worker threads", kind: "time", state: "not guarded", why: "arrive in real turns" },
  { name: "Math.random", kind: "randomness", state: "replaced", why: "drawn from the seed" },
  {
    name: "crypto.randomUUID, crypto.getRandomValues",
    kind: "randomness",
    state: "replaced",
    why: "drawn from the seed",
  },
  {
    name: "node:crypto randomBytes, randomInt, randomUUID, randomFillSync",
    kind: "randomness",
    state: "replaced",
    why: "drawn from the seed; named imports too",
  },
  { name: "crypto.subtle, key generation", kind: "randomness", state: "not guarded", why: threadPool },
  {
    name: "fetch",
    kind: "I/O",
    state: "replaced",
    why: "hosts of the world answer at once; loopback servers and the user's mocks answer for theirs; all else is refused",
  },
  {
    name: "node:http, node:https, axios",
    kind: "I/O",
    state: "replaced",
    why: "connections to hosts of the world are in-memory ones; other hosts as with fetch",
  },
  {
    name: "WebSocket",
    kind: "I/O",
    state: "replaced",
    why: "the world's for its hosts; what the user has put there, such as mock-socket, for other addresses",
  },
  {
    name: "npm undici, and a fetch kept from before",
    kind: "I/O",
    state: "replaced",
    why: "they connect by node:net; a dispatcher of the user's, such as a MockAgent, stays",
  },
  {
    name: "net, tls, dns, dgram",
    kind: "I/O",
    state: "not guarded",
    why: "in-memory to hosts of the world, so that ws, ioredis and pg reach them; all else is real, such as a database beside the world",
  },
  { name: "fs, child_process", kind: "I/O", state: "not guarded", why: threadPool },
];

/** @returns The table of docs/edges.md, in Markdown. */
export function printSources(list: readonly Source[] = sources): string {
  const rows = list.map(({ name, kind, state, why }) => `| ${name} | ${kind} | ${state} | ${why} |`);
  return ["| Source | Kind | State | How, or why not |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
