/** Asking again and again in virtual time, as the polling helpers of test runners do in real time. */
import type { Holder, Loop, LoopEvent } from "../kernel/index.js";

export interface PollOptions<T> {
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
export async function pollUntil<T>(loop: Loop, options: PollOptions<T>): Promise<T> {
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
      const event = loop.schedule(Math.max(intervalMs, 1), "foreign", `${label}/interval`, () => {
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
      const last = loop.schedule(0, "foreign", `${label}/end`, () =>
        end(() => reject(lastError ?? options.timeoutError())),
      );
      events.add(last);
    }

    look();
    if (ended) return;
    const holder: Holder = {
      describe: () => `${label} (${lastError === undefined ? "no answer yet" : firstLine(lastError)})`,
      fail: (error) => end(() => reject(error)),
    };
    if (Number.isFinite(timeoutMs)) {
      events.add(loop.schedule(timeoutMs, "foreign", `${label}/timeout`, timeUp));
    }
    every();
    const released = loop.hold(holder);
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
