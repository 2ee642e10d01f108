/** The query engine: text in, result out. Keeps parsed queries, because rules and dashboards repeat them. */
import {
  EMPTY_LABELS,
  compareLabels,
  createMatcher,
  createRegExpCache,
  type Labels,
  type Matcher,
  type RegExpCache,
} from "../labels.js";
import { unwrapParens, type Expr, type VectorSelector } from "./ast.js";
import { checkTypes } from "./check.js";
import {
  createAnnotations,
  createSampleBudget,
  timeAt,
  type Dialect,
  type EvalContext,
  type Times,
} from "./context.js";
import { createEvaluator, evaluate } from "./evaluate.js";
import { PromqlParseError } from "./parse-error.js";
import { parsePromql, parseSelector, removeMarkedNames } from "./parse.js";
import { rowOf, type Matrix, type RangeInput } from "./selection.js";

// What a query answers.

/** One series at one moment. */
export interface VectorSample {
  readonly labels: Labels;
  readonly value: number;
}

/** One series over time. */
interface MatrixSeries {
  readonly labels: Labels;
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

interface Notes {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Times are milliseconds since the epoch. */
export type QueryResult = Notes &
  (
    | { readonly type: "scalar"; readonly timeMs: number; readonly value: number }
    | { readonly type: "string"; readonly timeMs: number; readonly text: string }
    | { readonly type: "vector"; readonly timeMs: number; readonly samples: readonly VectorSample[] }
    | { readonly type: "matrix"; readonly series: readonly MatrixSeries[] }
  );

/** The rows of a matrix with one step, in its order. */
function vectorSamples(matrix: Matrix): VectorSample[] {
  const samples: VectorSample[] = [];
  matrix.labels.forEach((labels, row) => {
    if (matrix.present[row] === 1) samples.push({ labels, value: matrix.values[row] as number });
  });
  return samples;
}

/** The rows of a matrix as series, sorted by labels. */
function matrixSeries(matrix: Matrix, times: Times): MatrixSeries[] {
  const found: MatrixSeries[] = [];
  matrix.labels.forEach((labels, row) => {
    const timestamps: number[] = [];
    const values: number[] = [];
    for (let step = 0; step < matrix.steps; step += 1) {
      const cell = row * matrix.steps + step;
      if (matrix.present[cell] === 0) continue;
      timestamps.push(timeAt(times, step));
      values.push(matrix.values[cell] as number);
    }
    if (timestamps.length > 0) found.push({ labels, timestamps, values });
  });
  return found.sort((left, right) => compareLabels(left.labels, right.labels));
}

/** The raw samples of a range, sorted by labels. */
function rangeSeries(input: RangeInput, context: EvalContext): MatrixSeries[] {
  const endMs = input.endsMs[0] as number;
  const startMs = endMs - input.rangeMs;
  const found: MatrixSeries[] = [];
  for (const { labels, dropName, timestamps, values, first, end } of input.series) {
    const at: number[] = [];
    const read: number[] = [];
    for (let index = first; index < end; index += 1) {
      const time = timestamps[index] as number;
      if (time > endMs || time < startMs || (context.dialect === 3 && time === startMs)) continue;
      at.push(time);
      read.push(values[index] as number);
    }
    context.budget.take(at.length);
    if (at.length > 0)
      found.push({ labels: dropName ? labels.withoutName() : labels, timestamps: at, values: read });
  }
  return found.sort((left, right) => compareLabels(left.labels, right.labels));
}

// A bounded memory of parsed queries. Dashboards and programs repeat a query for one id after the other: queries that
// differ only in a UUID are parsed once, and the id is set into the tree.

// Of one length, so that every part of a tree stands where it stood.
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const blank = "00000000-0000-0000-0000-000000000000";

export interface ParseMemoryOptions {
  /** Must depend on the text alone. What it throws is not remembered. */
  readonly parse: (query: string) => Expr;
  readonly expressions: RegExpCache;
  /** Trees kept; when there are more, all are forgotten. */
  readonly entriesMax: number;
}

/** @returns A function that gives what `parse` gives. */
export function createParseMemory({
  parse,
  expressions,
  entriesMax,
}: ParseMemoryOptions): (query: string) => Expr {
  const trees = new Map<string, Expr>();
  const shapes = new Map<string, Shape>();

  function remember<T>(memory: Map<string, T>, key: string, value: T): T {
    if (memory.size >= entriesMax) memory.clear();
    memory.set(key, value);
    return value;
  }

  function treeOf(query: string): Expr {
    const ids = query.match(uuid) ?? [];
    const [id] = ids;
    if (id === undefined || ids.some((other) => other !== id)) return parse(query);
    const text = query.replaceAll(id, blank);
    const shape = shapes.get(text) ?? shapeOf(query, text, ids.length);
    remember(shapes, text, shape);
    return shape === "apart" ? parse(query) : withId(shape, id, expressions);
  }

  function shapeOf(query: string, text: string, places: number): Shape {
    // An error must speak of the query that was asked.
    parse(query);
    const tree = parse(text);
    return countBlanks(tree) === places ? tree : "apart";
  }

  return (query) => trees.get(query) ?? remember(trees, query, treeOf(query));
}

/** A tree with blanks in whole values of plain matchers; or one with blanks elsewhere, such as in expressions. */
type Shape = Expr | "apart";

function isBlank({ operator, value }: Matcher): boolean {
  return value === blank && (operator === "=" || operator === "!=");
}

function countBlanks(tree: Expr): number {
  let count = 0;
  mapSelectors(tree, (selector) => {
    count += selector.matchers.filter(isBlank).length;
    return selector;
  });
  return count;
}

function withId(tree: Expr, id: string, expressions: RegExpCache): Expr {
  return mapSelectors(tree, (selector) => ({
    ...selector,
    matchers: selector.matchers.map((matcher) =>
      isBlank(matcher) ? createMatcher(matcher.name, matcher.operator, id, expressions) : matcher,
    ),
  }));
}

function mapSelectors(expr: Expr, change: (selector: VectorSelector) => VectorSelector): Expr {
  const inner = (part: Expr): Expr => mapSelectors(part, change);
  switch (expr.kind) {
    case "selector":
      return change(expr);
    case "range":
      return { ...expr, selector: change(expr.selector) };
    case "subquery":
    case "unary":
    case "paren":
      return { ...expr, expr: inner(expr.expr) };
    case "aggregate":
      return { ...expr, expr: inner(expr.expr), param: expr.param && inner(expr.param) };
    case "call":
      return { ...expr, args: expr.args.map(inner) };
    case "binary":
      return { ...expr, left: inner(expr.left), right: inner(expr.right) };
    case "number":
    case "string":
    default:
      return expr;
  }
}

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
