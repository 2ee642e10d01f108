/**
 * What goes wrong beside a run: promises that are rejected while nobody awaits them, and throws in callbacks of Node.
 * Left alone they end the process, and with it the whole exploration; caught they are a failure of the run.
 */
import { yieldToProcess } from "../kernel/index.js";

export interface Strays {
  /** Waits a turn of the process, in which the last ones show. @returns The first, undefined when there was none. */
  end(): Promise<unknown>;
}

/** Catches from now on. One run at a time: of two, both would get what strays. */
export function catchStrays(): Strays {
  const rejected = new Map<Promise<unknown>, unknown>();
  const thrown: unknown[] = [];
  const onRejection = (reason: unknown, promise: Promise<unknown>): void => {
    rejected.set(promise, reason ?? new Error("A promise was rejected with undefined."));
  };
  // Somebody came to await it after all.
  const onHandled = (promise: Promise<unknown>): void => void rejected.delete(promise);
  const onThrow = (error: unknown): void =>
    void thrown.push(error ?? new Error("Something threw undefined."));
  process.on("unhandledRejection", onRejection);
  process.on("rejectionHandled", onHandled);
  process.on("uncaughtException", onThrow);
  return {
    async end() {
      await new Promise<void>(yieldToProcess);
      process.off("unhandledRejection", onRejection);
      process.off("rejectionHandled", onHandled);
      process.off("uncaughtException", onThrow);
      const [first] = [...thrown, ...rejected.values()];
      return first;
    },
  };
}
