/** The query engine: text in, result out. Keeps parsed queries, because rules and dashboards repeat them. */
import { createRegExpCache, EMPTY_LABELS, type Labels, type Matcher } from "../labels/index.js";
import { unwrapParens, type Expr } from "./ast.js";
import { createAnnotations } from "./annotations.js";
import { createSampleBudget, type EvalContext } from "./context.js";
import type { Dialect } from "./dialect.js";
import { createEvaluator, evaluate } from "./evaluate.js";
import { rowOf, type Matrix } from "./matrix.js";
import { removeMarkedNames } from "./names.js";
import { parsePromql, parseSelector } from "./parse.js";
import { createParseMemory } from "./parse-memory.js";
import { PromqlParseError } from "./parse-error.js";
import { checkTypes } from "./check.js";
import { matrixSeries, rangeSeries, vectorSamples, type QueryResult } from "./result.js";

export interface EngineOptions {
  /** @default 3 */
  readonly dialect?: Dialect;
  /** How long the newest sample of a series counts as current. @default 5 minutes */
  readonly lookbackMs?: number;
  /** Step of a subquery that names none. @default 1 minute */
  readonly defaultStepMs?: number;
  /** How many samples one query may load. @default 50_000_000 */
  readonly samplesMax?: number;
  /** Drop metric names at the end of a query instead of at each function. @default false */
  readonly delayedNameRemoval?: boolean;
  /** Know the functions that the server has behind its flag `promql-experimental-functions`. @default false */
  readonly experimentalFunctions?: boolean;
}

/** Where a query reads. */
export type QuerySource = EvalContext["source"];

export interface Engine {
  readonly dialect: Dialect;
  /** @throws PromqlParseError */
  parse(query: string): Expr;
  /** The matchers of a selector; they may match everything. @throws PromqlParseError for anything else. */
  parseSelector(text: string): readonly Matcher[];
  /** @throws PromqlParseError @throws PromqlExecutionError */
  instant(source: QuerySource, query: string, timeMs: number): QueryResult;
  /** @throws PromqlParseError @throws PromqlExecutionError */
  range(source: QuerySource, query: string, startMs: number, endMs: number, stepMs: number): QueryResult;
  /** Same as {@link Engine.instant}, for a tree that is already parsed. */
  evaluateAt(source: QuerySource, expr: Expr, query: string, timeMs: number): QueryResult;
}

const PARSED_MAX = 1_000;

/** @returns An engine without state but for its caches. */
export function createEngine({
  dialect = 3,
  lookbackMs = 300_000,
  defaultStepMs = 60_000,
  samplesMax = 50_000_000,
  delayedNameRemoval = false,
  experimentalFunctions = false,
}: EngineOptions = {}): Engine {
  const expressions = createRegExpCache(dialect === 3);
  const parse = createParseMemory({
    parse: (query) => parsePromql(query, { dialect, expressions, experimentalFunctions }),
    expressions,
    entriesMax: PARSED_MAX,
  });

  function contextFor(
    source: QuerySource,
    query: string,
    startMs: number,
    endMs: number,
    stepMs: number,
    isRange: boolean,
  ): EvalContext {
    const steps = stepMs === 0 ? 1 : Math.floor((endMs - startMs) / stepMs) + 1;
    return {
      times: { startMs, stepMs, steps },
      queryStartMs: startMs,
      queryEndMs: endMs,
      isRange,
      source,
      dialect,
      lookbackMs,
      defaultStepMs,
      delayedNameRemoval,
      annotations: createAnnotations(query, dialect === 3),
      budget: createSampleBudget(samplesMax),
      expressions,
    };
  }

  function evaluateAt(source: QuerySource, expr: Expr, query: string, timeMs: number): QueryResult {
    const context = contextFor(source, query, timeMs, timeMs, 0, false);
    const evaluator = createEvaluator(context);
    const inner = unwrapParens(expr);
    const notes = (): Pick<QueryResult, "warnings" | "infos"> => ({
      warnings: context.annotations.warnings(),
      infos: context.annotations.infos(),
    });
    if (inner.kind === "range" || inner.kind === "subquery") {
      const series = rangeSeries(evaluator.range(inner), context);
      return { type: "matrix", series, ...notes() };
    }
    const value = evaluate(expr, evaluator);
    if (value.kind === "string") return { type: "string", timeMs, text: value.text, ...notes() };
    if (value.kind === "scalar")
      return { type: "scalar", timeMs, value: value.values[0] as number, ...notes() };
    return { type: "vector", timeMs, samples: vectorSamples(removeMarkedNames(value.matrix)), ...notes() };
  }

  return {
    dialect,
    parse,
    parseSelector: (text) => parseSelector(text, { dialect, expressions }),
    evaluateAt,
    instant: (source, query, timeMs) => evaluateAt(source, parse(query), query, timeMs),
    range(source, query, startMs, endMs, stepMs) {
      const expr = parse(query);
      const type = checkTypes(expr, query, dialect, experimentalFunctions);
      if (type !== "scalar" && type !== "vector") {
        const found = type === "matrix" ? "range vector" : type;
        throw new PromqlParseError(
          `invalid expression type "${found}" for range query, must be Scalar or instant Vector`,
          expr.span,
          query,
        );
      }
      const context = contextFor(source, query, startMs, endMs, stepMs, true);
      const value = evaluate(expr, createEvaluator(context));
      const matrix = value.kind === "scalar" ? scalarRow(EMPTY_LABELS, value.values) : matrixOf(value);
      const series = matrixSeries(removeMarkedNames(matrix), context.times);
      return {
        type: "matrix",
        series,
        warnings: context.annotations.warnings(),
        infos: context.annotations.infos(),
      };
    },
  };
}

function scalarRow(labels: Labels, values: Float64Array): Matrix {
  return rowOf(labels, values);
}

function matrixOf(value: ReturnType<typeof evaluate>): Matrix {
  if (value.kind !== "vector") throw new TypeError(`a ${value.kind} has no series`);
  return value.matrix;
}
