/**
 * Vitest's own tools beside a world: what polls does so in virtual time, and what would move or fake the timers says
 * what to write instead. Vitest keeps the real timers for itself, so that no fake reaches these.
 */
import type * as VitestModule from "vitest";
import type { ExpectStatic, VitestUtils } from "vitest";

import type { ClockView, KeepAlive, Loop, LoopEvent } from "../../kernel/index.js";
import { timersTaken } from "./global-timers.js";
import type { Undo } from "./layered-global.js";

// Asking again and again in virtual time, as the polling helpers of test runners do in real time.

interface PollOptions<T> {
  /** What polls, such as `vi.waitFor`; shown when it never ends. */
  readonly label: string;
  /** Asked at once, and then every `intervalMs` unless its promise is still pending. */
  readonly attempt: () => T | PromiseLike<T>;
  /** Virtual milliseconds. */
  readonly timeoutMs: number;
  /** Virtual milliseconds. */
  readonly intervalMs: number;
  /** Whether an error of `attempt` ends the polling. @default false */
  readonly failsAtOnce?: boolean;
  /** Whether a value ends it. @default any does */
  readonly accepts?: (value: T) => boolean;
  /** The error when time is up and `attempt` has thrown none. */
  readonly timeoutError: () => Error;
}

/**
 * Lets time move until `attempt` gives a value. The last attempt is made at the end of `timeoutMs`.
 *
 * Rejects with the last error of `attempt` when time is up, and with the world's own when the world fails meanwhile.
 */
async function pollUntil<T>(loop: Loop, options: PollOptions<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const { label, intervalMs, timeoutMs } = options;
    const events = new Set<LoopEvent>();
    let release = (): void => {};
    let ended = false;
    let pending = false;
    let lastError: unknown;

    function end(settle: () => void): void {
      if (ended) return;
      ended = true;
      release();
      for (const event of events) loop.cancel(event);
      settle();
    }

    function failed(error: unknown): void {
      pending = false;
      lastError = error;
      if (options.failsAtOnce === true) end(() => reject(error));
    }

    function got(value: T): void {
      pending = false;
      if (options.accepts?.(value) ?? true) end(() => resolve(value));
    }

    function look(): void {
      if (pending || ended) return;
      try {
        const value = options.attempt();
        if (!isThenable(value)) {
          got(value);
          return;
        }
        pending = true;
        value.then(got, failed);
      } catch (error) {
        failed(error);
      }
    }

    function every(): void {
      const event = loop.schedule(Math.max(intervalMs, 1), "user", `${label}/interval`, () => {
        events.delete(event);
        if (ended) return;
        every();
        look();
      });
      events.add(event);
    }

    function timeUp(): void {
      look();
      // Promises of this last attempt have until all that is due now has been done.
      const last = loop.schedule(0, "user", `${label}/end`, () =>
        end(() => reject(lastError ?? options.timeoutError())),
      );
      events.add(last);
    }

    look();
    if (ended) return;
    const keepAlive: KeepAlive = {
      describe: () => `${label} (${lastError === undefined ? "no answer yet" : firstLine(lastError)})`,
      fail: (error) => end(() => reject(error)),
    };
    if (Number.isFinite(timeoutMs)) {
      events.add(loop.schedule(timeoutMs, "user", `${label}/timeout`, timeUp));
    }
    every();
    const released = loop.hold(keepAlive);
    if (ended) released();
    else release = released;
  });
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return value !== null && typeof value === "object" && "then" in value && typeof value.then === "function";
}

function firstLine(error: unknown): string {
  return `last error: ${String(error instanceof Error ? error.message : error).split("\n")[0]}`;
}

interface PollingOptions {
  readonly timeout?: number;
  readonly interval?: number;
  readonly message?: string;
}

/** Vitest's defaults, in milliseconds. */
const defaults = { timeout: 1000, interval: 50 } as const;

const movers = [
  "setSystemTime",
  "advanceTimersByTime",
  "advanceTimersToNextTimer",
  "advanceTimersToNextFrame",
  "runAllTimers",
  "runAllTicks",
  "runOnlyPendingTimers",
  "getTimerCount",
  "setTimerTickMode",
] as const;
const asyncMovers = [
  "advanceTimersByTimeAsync",
  "advanceTimersToNextTimerAsync",
  "runAllTimersAsync",
  "runOnlyPendingTimersAsync",
] as const;

/**
 * Does nothing where no test of Vitest runs. Comes before anything is faked: with the first question Vitest keeps what
 * it takes for the real timers. @returns Its `vi`.
 */
export async function installVitestTools(loop: Loop, undo: Undo): Promise<VitestUtils | undefined> {
  if (process.env["VITEST"] === undefined) return undefined;
  const vitest = await import("vitest").catch(() => undefined);
  if (vitest === undefined) return undefined;
  const { vi, expect } = vitest;
  try {
    vi.isFakeTimers();
  } catch {
    // A process that a test starts inherits VITEST, and runs no test.
    return undefined;
  }
  installWaits(loop, vi, undo);
  for (const name of movers) {
    replaceMember(undo, vi, name, () => {
      throw timersTaken(`call vi.${name}`);
    });
  }
  for (const name of asyncMovers) {
    replaceMember(undo, vi, name, async () => {
      throw timersTaken(`call vi.${name}`);
    });
  }
  installPace(loop, vi, undo);
  const { poll } = expect;
  undo.replace(expect, "poll", pollFor(loop, vitest, poll));
  return vi;
}

/**
 * An `expect` that a test takes from its context, and a `waitFor` taken from `vi` before, poll in real time. After each
 * interval they ask whether the timers are fake, and if so to have them moved: they get the same interval of virtual
 * time. Everybody else gets the truth.
 */
function installPace(loop: Loop, vi: VitestUtils, undo: Undo): void {
  const { isFakeTimers, advanceTimersByTime } = vi;
  let dueMs: number | undefined;
  // A timer that is nobody's: it lets time move, and is not left open when the polling ends before.
  const clockView: ClockView = {
    now: 0,
    next() {
      dueMs = undefined;
      return this.now;
    },
    timerHeap: { peek: () => (dueMs === undefined ? undefined : { callAt: dueMs }) },
  };
  undo.add(loop.clock.attach(clockView));
  undo.replace(vi, "isFakeTimers", function asked(): boolean {
    return isCalledByVitest(asked) || isFakeTimers();
  });
  undo.replace(vi, "advanceTimersByTime", function moved(ms: number): VitestUtils {
    if (!isCalledByVitest(moved)) return advanceTimersByTime(ms);
    dueMs = loop.clock.unixMs + ms;
    loop.kick();
    return vi;
  });
}

function isCalledByVitest(callee: (...args: never[]) => unknown): boolean {
  const keepAlive: { stack?: string } = {};
  Error.captureStackTrace(keepAlive, callee);
  return /[\\/]vitest[\\/]dist[\\/]/.test(keepAlive.stack?.split("\n")[1] ?? "");
}

function replaceMember(undo: Undo, target: object, name: string, value: (...args: never[]) => unknown): void {
  if (name in target) undo.replace(target, name, value);
}

function installWaits(loop: Loop, vi: VitestUtils, undo: Undo): void {
  const wait = async <T>(
    name: "waitFor" | "waitUntil",
    attempt: () => T | Promise<T>,
    given: number | PollingOptions = {},
  ): Promise<T> => {
    const { timeout, interval, message } = {
      ...defaults,
      ...(typeof given === "number" ? { timeout: given } : given),
    };
    const site = new Error("STACK_TRACE_ERROR");
    const untilTruthy = { failsAtOnce: true, accepts: Boolean };
    return pollUntil<T>(loop, {
      label: `vi.${name}`,
      attempt,
      timeoutMs: timeout,
      intervalMs: interval,
      timeoutError: () => at(site, new Error(`Timed out in ${name}!`)),
      ...(name === "waitUntil" ? untilTruthy : {}),
    }).catch((error: unknown) => {
      throw prefixed(error, message);
    });
  };
  for (const name of ["waitFor", "waitUntil"] as const) {
    undo.replace(vi, name, async (attempt: () => unknown, given?: number | PollingOptions) =>
      wait(name, attempt, given),
    );
  }
}

// Vitest 5 puts a message before the error's own.
function prefixed(error: unknown, message: string | undefined): unknown {
  if (message === undefined || !(error instanceof Error) || error.message.startsWith(`${message}: `))
    return error;
  const before = error.message;
  error.message = `${message}: ${before}`;
  error.stack = error.stack?.replace(before, error.message) ?? "";
  return error;
}

function at<T extends Error>(site: Error, error: T): T {
  error.stack = `${error.name}: ${error.message}\n${(site.stack ?? "").split("\n").slice(1).join("\n")}`;
  return error;
}

type Vitest = typeof VitestModule;
type Poll = ExpectStatic["poll"];
type Asserting = Record<string, unknown>;

/**
 * `expect.poll` of one `expect`. Vitest's own is asked for each matcher, for its errors; what it would do in real time
 * is done here with `expect` itself.
 */
function pollFor(loop: Loop, { expect, chai, onTestFinished }: Vitest, original: Poll): Poll {
  const poll = (
    ask: (context: { signal: AbortSignal }) => unknown,
    options: PollingOptions = {},
  ): unknown => {
    const checked = original(ask as () => unknown, options) as unknown as object;
    const flag = (name: string): unknown => chai.util.flag(checked, name);
    const [timeoutMs, intervalMs] = (["timeout", "interval"] as const).map(
      (name) => options[name] ?? (flag(`_poll.${name}`) as number | undefined) ?? defaults[name],
    );

    async function run(path: readonly string[], args: readonly unknown[], site: Error): Promise<unknown> {
      const ended = new AbortController();
      return pollUntil(loop, {
        label: `expect.poll ${path.join(".")}`,
        timeoutMs: timeoutMs ?? defaults.timeout,
        intervalMs: intervalMs ?? defaults.interval,
        timeoutError: () => new Error("expect.poll() function didn't resolve in time."),
        attempt: async () => {
          const value = await ask({ signal: ended.signal });
          return assertOnce(value, path, args);
        },
      }).catch((error: unknown) => {
        ended.abort();
        throw notInTime(error, site);
      });
    }

    async function assertOnce(
      value: unknown,
      path: readonly string[],
      args: readonly unknown[],
    ): Promise<unknown> {
      const { assertionCalls } = expect.getState();
      try {
        let target = expect(value, options.message) as unknown as Asserting;
        for (const name of path.slice(0, -1)) target = target[name] as Asserting;
        const matcher = target[path.at(-1) ?? ""] as (...args: readonly unknown[]) => unknown;
        return await matcher.apply(target, [...args]);
      } finally {
        // Vitest's own, above, counted once; each attempt would count again.
        expect.setState({ assertionCalls });
      }
    }

    function record(member: object, path: readonly string[]): object {
      return new Proxy(member, {
        get(_target, key) {
          const value: unknown = Reflect.get(checked, key);
          if (typeof key !== "string" || value === null) return value;
          const longer = [...path, key];
          if (typeof value === "object") return record(value, longer);
          if (typeof value !== "function" || key === "assert") return value;
          return (...args: readonly unknown[]) => {
            const site = new Error("STACK_TRACE_ERROR");
            return lazily(async () => run(longer, args, site), longer, onTestFinished, site);
          };
        },
      });
    }
    return record(checked, []);
  };
  return poll as unknown as Poll;
}

function notInTime(error: unknown, site: Error): unknown {
  if (!(error instanceof Error) || "code" in error) return error;
  error.cause ??= new Error("Matcher did not succeed in time.");
  return at(site, error);
}

// As Vitest's: it begins when it is awaited, and one that never is fails the test.
function lazily(
  start: () => Promise<unknown>,
  path: readonly string[],
  onTestFinished: Vitest["onTestFinished"],
  site: Error,
): PromiseLike<unknown> & object {
  let running: Promise<unknown> | undefined;
  const begin = async (): Promise<unknown> => (running ??= start());
  onTestFinished(() => {
    if (running !== undefined) return;
    const name = `expect.poll(assertion).${path.join(".")}()`;
    throw at(
      site,
      new Error(
        `${name} was not awaited. This assertion is asynchronous and must be awaited; otherwise, it is not ` +
          `executed to avoid unhandled rejections:\n\nawait ${name}\n`,
      ),
    );
  });
  const thenable = { [Symbol.toStringTag]: "Promise" };
  for (const name of ["then", "catch", "finally"] as const) {
    Object.defineProperty(thenable, name, {
      value: async (...handlers: never[]): Promise<unknown> =>
        Reflect.apply(Promise.prototype[name], begin(), handlers),
    });
  }
  return thenable as unknown as PromiseLike<unknown> & object;
}
