/** What an evaluation knows besides the expression. */
import type { Matcher, RegExpCache } from "../labels.js";
import type { Series } from "../storage.js";
import type { Span } from "./ast.js";
import { positionOf } from "./parse-error.js";

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

// Warnings and infos that a query collects beside its result.

/** Each text is kept once. */
export interface Annotations {
  warn(problem: string, span: Span): void;
  inform(remark: string, span: Span): void;
  warnings(): string[];
  infos(): string[];
}

/** @param query - The text that positions refer to. @param enabled - False before Prometheus 3. */
export function createAnnotations(query: string, enabled: boolean): Annotations {
  const warnings = new Set<string>();
  const infos = new Set<string>();
  return {
    warn(problem, span) {
      if (enabled) warnings.add(`PromQL warning: ${problem} (${positionOf(query, span.start)})`);
    },
    inform(remark, span) {
      if (enabled) infos.add(`PromQL info: ${remark} (${positionOf(query, span.start)})`);
    },
    warnings: () => [...warnings],
    infos: () => [...infos],
  };
}

/** The rules that changed between Prometheus 2 and 3. 3 is the default; 2 is what Debian 12 ships (2.42). */
export type Dialect = 2 | 3;
