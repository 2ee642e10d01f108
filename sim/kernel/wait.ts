/** Waiting in virtual time. A wait never ends in silence: it succeeds, or says what it saw last. */
import { SimError } from "../errors.js";
import { type Duration, formatDuration, parseDuration } from "./duration.js";
import type { KeepAlive } from "./keep-alive.js";
import type { Loop } from "./run-loop-api.js";
import { formatStep } from "./task.js";

export interface WaitOptions<T> {
  /** What is awaited, such as `experiment a1b2 to be running`. */
  readonly label: string;
  /** Looked at after each event; the wait ends when it returns something other than undefined. */
  readonly check: () => T | undefined;
  /** Virtual time after which the wait fails. */
  readonly within: Duration;
  /** What the reader of a failure wants to know: the last state seen. */
  readonly lastSeen?: () => string;
}

/**
 * Lets time move until `check` returns a value.
 *
 * @throws SimError `SIM_WAIT_TIMEOUT` when the time is up, with the last state seen and the last events.
 * @throws SimError `SIM_DEADLOCK` when nothing can run any more.
 */
export async function waitFor<T>(loop: Loop, options: WaitOptions<T>): Promise<T> {
  const withinMs = parseDuration(options.within, "the limit of a wait");
  // In a world that has failed or ended nothing is true any more; holding the loop brings its error.
  const found = loop.failure === undefined ? options.check() : undefined;
  if (found !== undefined) return found;
  return new Promise<T>((resolve, reject) => {
    // A world that has failed fails its holders at once, before there is anything to release.
    let release = (): void => {};
    const deadline = loop.schedule(withinMs, "timer", "wait-deadline", () => {
      end();
      reject(timeoutError(loop, options, withinMs));
    });
    const keepAlive: KeepAlive = {
      describe: () => `${options.label} (last seen: ${options.lastSeen?.() ?? "not yet"})`,
      fail(error) {
        end();
        reject(error);
      },
      poll() {
        const value = attempt();
        if (value === undefined) return;
        end();
        resolve(value);
      },
    };
    release = loop.hold(keepAlive);

    function attempt(): T | undefined {
      try {
        return options.check();
      } catch (error) {
        end();
        reject(error);
        return undefined;
      }
    }

    function end(): void {
      release();
      loop.cancel(deadline);
    }
  });
}

/** Lets `ms` of virtual time pass. @throws SimError when the world fails meanwhile. */
export async function advance(loop: Loop, duration: Duration): Promise<void> {
  const ms = parseDuration(duration, "how far to advance");
  return new Promise<void>((resolve, reject) => {
    const release = loop.hold({
      describe: () => `the clock to advance by ${formatDuration(ms)}`,
      fail: reject,
    });
    loop.schedule(ms, "timer", "advance", () => {
      release();
      resolve();
    });
  });
}

/** Holds the loop until `work` settles: time may move while it is pending. */
export async function holdWhile<T>(loop: Loop, label: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const release = loop.hold({ describe: () => label, fail: reject });
    work.then(resolve, reject).finally(release);
  });
}

function timeoutError<T>(loop: Loop, { label, lastSeen }: WaitOptions<T>, withinMs: number): SimError {
  const steps = loop.recent().slice(-8).map(formatStep);
  return new SimError(
    "SIM_WAIT_TIMEOUT",
    `Waited ${formatDuration(withinMs)} for ${label}; last seen: ${lastSeen?.() ?? "nothing"}.\n` +
      `The last events:\n${steps.join("\n")}`,
    "Look at what happened last. If the wait is only too short, raise `within`.",
  );
}
