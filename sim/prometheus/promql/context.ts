/** What an evaluation knows besides the expression. */
import type { Matcher } from "../labels/index.js";
import type { Series } from "../storage/index.js";
import type { RegExpCache } from "../labels/index.js";
import type { Annotations } from "./annotations.js";
import type { Dialect } from "./dialect.js";

/** A valid query that cannot be answered. The API calls it `execution`. */
export class PromqlExecutionError extends Error {
  override readonly name = "PromqlExecutionError";
}

/** The steps of an evaluation. */
export interface Times {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

/** Counts what a query loads, and stops it. */
export interface SampleBudget {
  /** @throws PromqlExecutionError when the query has loaded too much. */
  take(samples: number): void;
  /** Like {@link SampleBudget.take}, for samples that are let go at once: the window of one series. */
  pass(samples: number): void;
}

export interface EvalContext {
  readonly times: Times;
  /** Ends of the whole query, which `@ start()` and `@ end()` mean. */
  readonly queryStartMs: number;
  readonly queryEndMs: number;
  readonly isRange: boolean;
  readonly source: { select(matchers: readonly Matcher[]): readonly Series[] };
  readonly dialect: Dialect;
  readonly lookbackMs: number;
  readonly defaultStepMs: number;
  readonly delayedNameRemoval: boolean;
  readonly annotations: Annotations;
  readonly budget: SampleBudget;
  readonly expressions: RegExpCache;
}

/** @param samplesMax - How many samples one query may load. */
export function createSampleBudget(samplesMax: number): SampleBudget {
  let taken = 0;
  const check = (samples: number): void => {
    if (samples <= samplesMax) return;
    throw new PromqlExecutionError(
      "query processing would load too many samples into memory in query execution",
    );
  };
  return {
    take(samples) {
      taken += samples;
      check(taken);
    },
    pass: (samples) => check(taken + samples),
  };
}

/** Time of one step. */
export function timeAt(times: Times, step: number): number {
  return times.startMs + step * times.stepMs;
}
