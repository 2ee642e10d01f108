/**
 * What goes wrong while nobody waits for it: promises that are rejected and never awaited, and throws in callbacks of
 * Node. Left to Node they end the process, and left to a test runner they are blamed on the test that runs by then.
 */
import { yieldToProcess } from "../kernel/index.js";
import { formatLine, type Recorder } from "../kernel/trace.js";

export interface Unhandled {
  /**
   * Gives the events back to whoever listened before, after a turn of the process, in which the last ones show.
   *
   * @returns All of them, in order.
   */
  end(): Promise<readonly unknown[]>;
}

type Listener = (...args: unknown[]) => void;

const events = ["unhandledRejection", "uncaughtException"] as const;

/** Listeners that are over: whoever began while they listened must not bring them back. */
const over = new WeakSet<Listener>();

/**
 * Takes them over from now on: no other listener hears of them. One user at a time; of two that overlap, the later one
 * gets what goes wrong in either.
 */
export function catchUnhandled(): Unhandled {
  const rejected = new Map<Promise<unknown>, unknown>();
  const thrown: unknown[] = [];
  const onRejection = (reason: unknown, promise: Promise<unknown>): void => {
    rejected.set(promise, reason ?? new Error("A promise was rejected with undefined."));
  };
  // Somebody came to await it after all.
  const onHandled = (promise: Promise<unknown>): void => void rejected.delete(promise);
  const onThrow = (error: unknown): void =>
    void thrown.push(error ?? new Error("Something threw undefined."));
  const before = events.map((event) => process.rawListeners(event) as Listener[]);
  for (const event of events) process.removeAllListeners(event);
  process.on("unhandledRejection", onRejection);
  process.on("rejectionHandled", onHandled);
  process.on("uncaughtException", onThrow);
  return {
    async end() {
      await new Promise<void>(yieldToProcess);
      process.off("unhandledRejection", onRejection);
      process.off("rejectionHandled", onHandled);
      process.off("uncaughtException", onThrow);
      over.add(onRejection as Listener).add(onThrow);
      events.forEach((event, index) => {
        const back = (before[index] ?? []).filter(
          (listener) => !over.has(listener) && !process.rawListeners(event).includes(listener),
        );
        for (const listener of back) process.on(event, listener);
      });
      return [...thrown, ...rejected.values()];
    },
  };
}

/** @returns Whether an error only says that its world has ended, by itself or as the cause of another. */
export function saysWorldClosed(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth += 1)
    if ("code" in each && each.code === "SIM_WORLD_CLOSED") return true;
  return false;
}

// A world that ends while a run awaits what is no part of it, such as a timer of its own, or that is over.

export interface FailureWatch {
  /** For the options of the world. */
  readonly onFailure: (error: Error) => void;
  /**
   * Gives what `work` gives. Once the world has failed, `work` has a turn of the process to end by itself.
   *
   * @throws The error that ended the world; `work` is not heard any more.
   */
  race<T>(work: Promise<T>): Promise<T>;
}

/** @param others - Who else is called. */
export function watchFailure(...others: readonly (FailureWatch["onFailure"] | undefined)[]): FailureWatch {
  let onFailure!: FailureWatch["onFailure"];
  const failed = new Promise<never>((_, reject) => {
    onFailure = (error) => {
      yieldToProcess(() => reject(error));
      for (const other of others) other?.(error);
    };
  });
  failed.catch(() => {});
  return { onFailure, race: async (work) => Promise.race([work, failed]) };
}

// Recent warnings and errors of services, for a look at the cause of what was noticed elsewhere.

const recentWarningsMax = 3;

const placesMax = 3;
const foreign = /node:|node_modules|\/sim\/|\(<anonymous>\)/;

/**
 * Of lines that say the same only the last: what fails at each tick would hide the rest.
 *
 * @param sinceMs - Virtual milliseconds; earlier lines are left out. @default all
 * @returns The last warnings and errors, the latest last, each as a line of the trace.
 */
export function recentWarningsOf({ lines }: Pick<Recorder, "lines">, sinceMs = 0): readonly string[] {
  const last = new Map<string, string>();
  for (const line of lines) {
    if ((line.level !== "warn" && line.level !== "error") || line.atMs < sinceMs) continue;
    const said = `${line.host} ${line.message}`;
    last.delete(said);
    last.set(said, shorten(formatLine(line).trim()));
  }
  return [...last.values()].slice(-recentWarningsMax);
}

// An error comes with its stack, of which the first places of services tell.
function shorten(text: string): string {
  const lines = text.split("\n");
  const isPlace = (line: string): boolean => /^\s+at /.test(line);
  const places = lines.filter((line) => isPlace(line) && !foreign.test(line)).slice(0, placesMax);
  return [...lines.filter((line) => !isPlace(line)), ...places].join("\n    ");
}
