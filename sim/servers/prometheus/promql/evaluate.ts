/** Evaluates a checked tree for all steps at once. */
import {
  EMPTY_LABELS,
  METRIC_NAME,
  compareLabels,
  goQuote,
  labelsOf,
  type Labels,
  type Matcher,
} from "../labels.js";
import { aggregateFold, aggregateK, aggregateQuantile, countValues } from "./aggregate.js";
import { unwrapParens, type Aggregate, type Binary, type Call, type Expr, type Subquery } from "./ast.js";
import {
  negateVector,
  scalarWithScalar,
  setOperation,
  vectorWithScalar,
  vectorWithVector,
} from "./binary.js";
import { PromqlExecutionError, timeAt, type EvalContext } from "./context.js";
import { checkQuantiles, goMax, goMin } from "./float-math.js";
import {
  DATE_FUNCTIONS,
  MATH_FUNCTIONS,
  RANGE_FUNCTIONS,
  histogramFraction,
  histogramQuantile,
  holtWinters,
  labelJoin,
  labelReplace,
  type RangeFunction,
} from "./functions.js";
import { dropNames, dropNamesStrictly, mergeEqualRows } from "./parse.js";
import {
  createMatrixBuilder,
  emptyMatrix,
  evalRangeSelector,
  evalSelector,
  forEachWindow,
  pickRows,
  rowOf,
  samplesOf,
  shiftedTimes,
  subqueryTimes,
  type Matrix,
  type RangeInput,
  type Window,
} from "./selection.js";

// sort, sort_desc, and their kin by label.

/** By value; NaN comes last in both directions. */
function sortVector(call: Call, evaluator: Evaluator, direction: 1 | -1): Matrix {
  const matrix = evaluator.vector(call.args[0] as Expr);
  if (evaluator.context.isRange) return unsorted(call, matrix, evaluator);
  const rows = matrix.labels.map((_, row) => row).filter((row) => matrix.present[row] === 1);
  const value = (row: number): number => matrix.values[row] as number;
  rows.sort((left, right) => {
    const [a, b] = [value(left), value(right)];
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    if (a === b) return 0;
    return a < b ? -direction : direction;
  });
  return pickRows(matrix, rows);
}

/** By the values of labels, numbers in them as numbers; then by all labels. */
function sortByLabel(call: Call, evaluator: Evaluator, direction: 1 | -1): Matrix {
  const matrix = evaluator.vector(call.args[0] as Expr);
  if (evaluator.context.isRange) return unsorted(call, matrix, evaluator);
  const names = call.args.slice(1).map((argument) => evaluator.text(argument));
  const rows = matrix.labels.map((_, row) => row).filter((row) => matrix.present[row] === 1);
  rows.sort((left, right) => {
    const [ours, theirs] = [matrix.labels[left] as Labels, matrix.labels[right] as Labels];
    for (const name of names) {
      const order = naturalOrder(ours.get(name), theirs.get(name));
      if (order !== 0) return direction * order;
    }
    return direction * compareLabels(ours, theirs);
  });
  return pickRows(matrix, rows);
}

function unsorted(call: Call, matrix: Matrix, { context }: Evaluator): Matrix {
  context.annotations.warn(
    "sort is ineffective for range queries since results are always ordered by labels",
    call.span,
  );
  return mergeEqualRows(matrix);
}

/** Texts piece by piece, digits as numbers. */
function naturalOrder(left: string, right: string): number {
  if (left === right) return 0;
  const [ours, theirs] = [left.match(/\d+|\D+/g) ?? [], right.match(/\d+|\D+/g) ?? []];
  for (let index = 0; index < Math.min(ours.length, theirs.length); index += 1) {
    const [a, b] = [ours[index] as string, theirs[index] as string];
    const numbers = [Number(a), Number(b)] as const;
    if (a === b) continue;
    if (/^\d/.test(a) && /^\d/.test(b) && numbers[0] !== numbers[1]) return numbers[0] < numbers[1] ? -1 : 1;
    return a < b ? -1 : 1;
  }
  return ours.length - theirs.length;
}

// Calls of functions: evaluates the arguments and hands them to the function.

/** Evaluates one call; a scalar comes as an array. */
function evalCall(call: Call, evaluator: Evaluator): Matrix | Float64Array {
  const { name } = call;
  const { context } = evaluator;
  const range = RANGE_FUNCTIONS.get(name);
  if (range !== undefined) return evalRangeFunction(call, range, evaluator);
  const math = MATH_FUNCTIONS.get(name);
  if (math !== undefined) return mapCells(evaluator.vector(argument(call, 0)), context, math);
  const date = DATE_FUNCTIONS.get(name);
  if (date !== undefined) {
    const first = call.args[0];
    return mapCells(
      first === undefined ? rowOf(EMPTY_LABELS, timesOf(context)) : evaluator.vector(first),
      context,
      date,
    );
  }
  const special = SPECIAL[name];
  if (special === undefined) throw new PromqlExecutionError(`function ${goQuote(name)} is not supported`);
  return special(call, evaluator);
}

const SPECIAL: Readonly<Record<string, (call: Call, evaluator: Evaluator) => Matrix | Float64Array>> = {
  absent: (call, evaluator) => absent(call, evaluator.vector(argument(call, 0)), evaluator),
  absent_over_time: absentOverTime,
  clamp: (call, evaluator) =>
    clamp(call, evaluator, evaluator.scalar(argument(call, 1)), evaluator.scalar(argument(call, 2))),
  clamp_max: (call, evaluator) => clamp(call, evaluator, undefined, evaluator.scalar(argument(call, 1))),
  clamp_min: (call, evaluator) => clamp(call, evaluator, evaluator.scalar(argument(call, 1)), undefined),
  histogram_fraction: (call, evaluator) =>
    evaluator.context.dialect === 2
      ? emptyMatrix(evaluator.context.times.steps)
      : histogramFraction(
          evaluator.scalar(argument(call, 0)),
          evaluator.scalar(argument(call, 1)),
          evaluator.vector(argument(call, 2)),
          argument(call, 2).span,
          evaluator.context,
        ),
  histogram_quantile: (call, evaluator) =>
    histogramQuantile(
      evaluator.scalar(argument(call, 0)),
      evaluator.vector(argument(call, 1)),
      { quantile: argument(call, 0).span, vector: argument(call, 1).span },
      evaluator.context,
    ),
  double_exponential_smoothing: smooth,
  holt_winters: smooth,
  label_join: (call, evaluator) =>
    labelJoin(() => evaluator.vector(argument(call, 0)), texts(call, evaluator), evaluator.context),
  label_replace: (call, evaluator) =>
    labelReplace(() => evaluator.vector(argument(call, 0)), texts(call, evaluator), evaluator.context),
  pi: (_, { context }) => new Float64Array(context.times.steps).fill(Math.PI),
  round: evalRound,
  scalar: (call, evaluator) => toScalar(evaluator.vector(argument(call, 0))),
  sort: (call, evaluator) => sortVector(call, evaluator, 1),
  sort_desc: (call, evaluator) => sortVector(call, evaluator, -1),
  sort_by_label: (call, evaluator) => sortByLabel(call, evaluator, 1),
  sort_by_label_desc: (call, evaluator) => sortByLabel(call, evaluator, -1),
  time: (_, { context }) => timesOf(context),
  timestamp: evalTimestamp,
  vector: (call, evaluator) => rowOf(EMPTY_LABELS, evaluator.scalar(argument(call, 0)).slice()),
};

function smooth(call: Call, evaluator: Evaluator): Matrix {
  const [smoothing, trend] = [evaluator.scalar(argument(call, 1)), evaluator.scalar(argument(call, 2))];
  const apply = (window: Window): number => holtWinters(window, smoothing[0] as number, trend[0] as number);
  return evalRangeFunction(call, { samplesMin: 2, apply }, evaluator);
}

function argument(call: Call, index: number): Expr {
  return call.args[index] as Expr;
}

function texts(call: Call, evaluator: Evaluator): string[] {
  return call.args.slice(1).map((argument) => evaluator.text(argument));
}

/** Seconds of each step. */
function timesOf({ times }: EvalContext): Float64Array {
  return Float64Array.from({ length: times.steps }, (_, step) => timeAt(times, step) / 1000);
}

function mapCells(
  matrix: Matrix,
  context: EvalContext,
  apply: (value: number, step: number) => number,
): Matrix {
  const { values, steps } = matrix;
  for (let cell = 0; cell < values.length; cell += 1)
    values[cell] = apply(values[cell] as number, cell % steps);
  return dropNames(matrix, context);
}

function evalRangeFunction(call: Call, range: RangeFunction, evaluator: Evaluator): Matrix {
  const { context } = evaluator;
  const rangeAt = call.args.findIndex((expr) => ["range", "subquery"].includes(unwrapParens(expr).kind));
  const scalarAt = call.args.findIndex((_, index) => index !== rangeAt);
  const params = scalarAt === -1 ? undefined : evaluator.scalar(argument(call, scalarAt));
  if (call.name === "quantile_over_time" && params !== undefined) {
    checkQuantiles(params, argument(call, scalarAt).span, context);
  }
  const input = evaluator.range(argument(call, rangeAt));
  if (call.name === "rate" || call.name === "increase")
    warnAboutGauge(input, argument(call, rangeAt), range, context);
  const builder = createMatrixBuilder(input.series.length, context.times.steps);
  const window = emptyWindow(input, context);
  for (const series of input.series) {
    const { offset } = builder;
    let points = 0;
    forEachWindow(input, series, window, range.samplesMin, context, (step) => {
      context.budget.pass(window.to - window.from);
      if (params !== undefined) window.param = params[step] as number;
      builder.values[offset + step] = range.apply(window);
      builder.present[offset + step] = 1;
      points += 1;
    });
    if (points > 0) builder.commit(series.labels, series.dropName);
  }
  const matrix = builder.build();
  return range.keepsName === true ? matrix : dropNamesStrictly(matrix, context);
}

function emptyWindow({ rangeMs }: RangeInput, { dialect }: EvalContext): Window {
  const empty = new Float64Array(0);
  return {
    timestamps: empty,
    values: empty,
    from: 0,
    to: 0,
    rangeMs,
    endMs: 0,
    evalMs: 0,
    param: 0,
    dialect,
  };
}

/** Names that counters do not have deserve a remark. */
function warnAboutGauge(
  input: RangeInput,
  expr: Expr,
  { samplesMin }: RangeFunction,
  context: EvalContext,
): void {
  const name = input.series[0]?.labels.get(METRIC_NAME) ?? "";
  if (name === "" || /_(?:total|sum|count|bucket)$/.test(name)) return;
  const window = emptyWindow(input, context);
  let any = false;
  for (const series of input.series) {
    forEachWindow(input, series, window, samplesMin, context, () => {
      any = true;
    });
    if (any) break;
  }
  if (!any) return;
  context.annotations.inform(
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${goQuote(name)}`,
    expr.span,
  );
}

function absent(call: Call, matrix: Matrix, { context }: Evaluator): Matrix {
  const { steps } = context.times;
  const found = new Uint8Array(steps);
  matrix.present.forEach((present, cell) => {
    if (present === 1) found[cell % steps] = 1;
  });
  return absentRow(call, found);
}

function absentOverTime(call: Call, evaluator: Evaluator): Matrix {
  const { context } = evaluator;
  const input = evaluator.range(argument(call, 0));
  const found = new Uint8Array(context.times.steps);
  for (const series of input.series) {
    forEachWindow(input, series, emptyWindow(input, context), 1, context, (step) => {
      found[step] = 1;
    });
  }
  return absentRow(call, found);
}

function absentRow(call: Call, found: Uint8Array): Matrix {
  const present = found.map((one) => 1 - one);
  if (!present.includes(1)) return emptyMatrix(found.length);
  const row = rowOf(absentLabels(argument(call, 0)), new Float64Array(found.length).fill(1));
  return { ...row, present };
}

/** Labels that the selector pins down: as the server, a second matcher on a label mostly removes it. */
function absentLabels(expr: Expr): Labels {
  const inner = unwrapParens(expr);
  let matchers: readonly Matcher[] = [];
  if (inner.kind === "selector") ({ matchers } = inner);
  if (inner.kind === "range") ({ matchers } = inner.selector);
  const labels = new Map<string, string>();
  const pinned = new Set<string>();
  for (const { name, operator, value } of matchers) {
    if (name === METRIC_NAME) continue;
    if (operator === "=" && !pinned.has(name)) {
      labels.set(name, value);
      pinned.add(name);
    } else labels.delete(name);
  }
  return labelsOf(labels);
}

function clamp(
  call: Call,
  evaluator: Evaluator,
  lowest: Float64Array | undefined,
  highest: Float64Array | undefined,
): Matrix {
  const matrix = evaluator.vector(argument(call, 0));
  const { steps, present } = matrix;
  for (let cell = 0; cell < present.length; cell += 1) {
    const low = lowest?.[cell % steps];
    const high = highest?.[cell % steps];
    if (low !== undefined && high !== undefined && high < low) present[cell] = 0;
  }
  return mapCells(matrix, evaluator.context, (value, step) => {
    const capped = highest === undefined ? value : goMin(highest[step] as number, value);
    return lowest === undefined ? capped : goMax(lowest[step] as number, capped);
  });
}

function evalRound(call: Call, evaluator: Evaluator): Matrix {
  const nearest = call.args[1] === undefined ? undefined : evaluator.scalar(call.args[1]);
  return mapCells(evaluator.vector(argument(call, 0)), evaluator.context, (value, step) => {
    // Multiplying by the inverse keeps 0.1 and the like exact.
    const inverse = 1 / (nearest?.[step] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
}

function toScalar(matrix: Matrix): Float64Array {
  const { steps } = matrix;
  const seen = new Uint8Array(steps);
  const values = new Float64Array(steps).fill(NaN);
  matrix.present.forEach((present, cell) => {
    if (present === 0) return;
    const step = cell % steps;
    values[step] = seen[step] === 0 ? (matrix.values[cell] as number) : NaN;
    seen[step] = 1;
  });
  return values;
}

function evalTimestamp(call: Call, evaluator: Evaluator): Matrix {
  const inner = unwrapParens(argument(call, 0));
  const { context } = evaluator;
  if (inner.kind === "selector") return dropNames(evalSelector(inner, context, "time"), context);
  return mapCells(evaluator.vector(inner), context, (_, step) => timeAt(context.times, step) / 1000);
}

/** What an expression yields: numbers, rows of numbers, or a text. */
export type Value =
  | { readonly kind: "scalar"; readonly values: Float64Array }
  | { readonly kind: "vector"; readonly matrix: Matrix }
  | { readonly kind: "string"; readonly text: string };

/** The evaluation of parts, as functions and operators need it. */
export interface Evaluator {
  readonly context: EvalContext;
  scalar(expr: Expr): Float64Array;
  vector(expr: Expr): Matrix;
  range(expr: Expr): RangeInput;
  text(expr: Expr): string;
}

// More cells than this would not fit the memory that the server gives a query either.
const CELLS_MAX = 50_000_000;

/** @param context - Where and when. */
export function createEvaluator(context: EvalContext): Evaluator {
  const evaluator: Evaluator = {
    context,
    scalar(expr) {
      const value = evaluate(expr, evaluator);
      if (value.kind !== "scalar") throw new TypeError(`expected a scalar, got a ${value.kind}`);
      return value.values;
    },
    vector(expr) {
      const value = evaluate(expr, evaluator);
      if (value.kind !== "vector") throw new TypeError(`expected a vector, got a ${value.kind}`);
      return value.matrix;
    },
    range(expr) {
      const inner = unwrapParens(expr);
      if (inner.kind === "range") return evalRangeSelector(inner, context);
      if (inner.kind === "subquery") return evalSubquery(inner, context);
      throw new TypeError(`expected a range, got a ${inner.kind}`);
    },
    text(expr) {
      const inner = unwrapParens(expr);
      if (inner.kind !== "string") throw new TypeError(`expected a string, got a ${inner.kind}`);
      return inner.value;
    },
  };
  return evaluator;
}

/** Evaluates anything but a range, which only functions take. */
export function evaluate(expr: Expr, evaluator: Evaluator): Value {
  const { context } = evaluator;
  const vector = (matrix: Matrix): Value => ({ kind: "vector", matrix });
  switch (expr.kind) {
    case "number":
      return { kind: "scalar", values: new Float64Array(context.times.steps).fill(expr.value) };
    case "string":
      return { kind: "string", text: expr.value };
    case "paren":
      return evaluate(expr.expr, evaluator);
    case "selector":
      return vector(evalSelector(expr, context, "value"));
    case "unary": {
      const inner = evaluate(expr.expr, evaluator);
      if (expr.operator === "+" || inner.kind === "string") return inner;
      if (inner.kind === "scalar") return { kind: "scalar", values: inner.values.map((value) => -value) };
      return vector(negateVector(inner.matrix, context));
    }
    case "binary":
      return evalBinary(expr, evaluator);
    case "aggregate":
      return vector(evalAggregate(expr, evaluator));
    case "call":
      return evalCallExpr(expr, evaluator);
    case "range":
    case "subquery":
    default:
      throw new TypeError(`a ${expr.kind} has no value at a step`);
  }
}

function evalCallExpr(expr: Call, evaluator: Evaluator): Value {
  const result = evalCall(expr, evaluator);
  return result instanceof Float64Array
    ? { kind: "scalar", values: result }
    : { kind: "vector", matrix: result };
}

function evalBinary(expr: Binary, evaluator: Evaluator): Value {
  const left = evaluate(expr.left, evaluator);
  const right = evaluate(expr.right, evaluator);
  const { context } = evaluator;
  if (left.kind === "scalar" && right.kind === "scalar") {
    return { kind: "scalar", values: scalarWithScalar(expr.operator, left.values, right.values) };
  }
  if (left.kind === "vector" && right.kind === "scalar") {
    return { kind: "vector", matrix: vectorWithScalar(expr, left.matrix, right.values, false, context) };
  }
  if (left.kind === "scalar" && right.kind === "vector") {
    return { kind: "vector", matrix: vectorWithScalar(expr, right.matrix, left.values, true, context) };
  }
  if (left.kind !== "vector" || right.kind !== "vector" || expr.matching === undefined) {
    throw new TypeError("an operator needs numbers or vectors");
  }
  if (expr.matching.cardinality === "many-to-many") {
    return { kind: "vector", matrix: setOperation(expr.operator, expr.matching, left.matrix, right.matrix) };
  }
  return {
    kind: "vector",
    matrix: vectorWithVector(expr, expr.matching, left.matrix, right.matrix, context),
  };
}

function evalAggregate(expr: Aggregate, evaluator: Evaluator): Matrix {
  const { context } = evaluator;
  const { param, operator } = expr;
  if (param === undefined) return aggregateFold(expr, evaluator.vector(expr.expr), context);
  if (operator === "count_values") {
    return countValues(expr, evaluator.text(param), () => evaluator.vector(expr.expr), context);
  }
  const values = evaluator.scalar(param);
  const matrix = evaluator.vector(expr.expr);
  return operator === "quantile"
    ? aggregateQuantile(expr, values, matrix, param.span, context)
    : aggregateK(expr, values, matrix, context);
}

function evalSubquery(expr: Subquery, context: EvalContext): RangeInput {
  const endsMs = shiftedTimes(expr, context);
  const stepMs = expr.stepMs === 0 ? context.defaultStepMs : expr.stepMs;
  const times = subqueryTimes(endsMs, expr.rangeMs, stepMs, context.dialect);
  if (times.steps > CELLS_MAX) {
    throw new PromqlExecutionError(
      "query processing would load too many samples into memory in query execution",
    );
  }
  if (times.steps === 0) return { series: [], rangeMs: expr.rangeMs, endsMs };
  const matrix = createEvaluator({ ...context, times, isRange: true }).vector(expr.expr);
  return { series: samplesOf(matrix, times), rangeMs: expr.rangeMs, endsMs };
}
