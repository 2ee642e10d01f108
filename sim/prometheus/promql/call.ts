/** Calls of functions: evaluates the arguments and hands them to the function. */
import { EMPTY_LABELS, goQuote, labelsOf, METRIC_NAME, type Labels, type Matcher } from "../labels/index.js";
import { unwrapParens, type Call, type Expr } from "./ast.js";
import { PromqlExecutionError, timeAt, type EvalContext } from "./context.js";
import type { Evaluator } from "./evaluate.js";
import { histogramFraction, histogramQuantile } from "./functions-histogram.js";
import { labelJoin, labelReplace } from "./functions-label.js";
import { DATE_FUNCTIONS } from "./functions-date.js";
import { MATH_FUNCTIONS } from "./functions-math.js";
import { holtWinters } from "./holt-winters.js";
import { RANGE_FUNCTIONS, type RangeFunction } from "./functions-range.js";
import { goMax, goMin } from "./go-math.js";
import { createMatrixBuilder, emptyMatrix, rowOf, type Matrix } from "./matrix.js";
import { dropNames, dropNamesStrictly } from "./names.js";
import { checkQuantiles } from "./quantile-check.js";
import { evalSelector, type RangeInput } from "./selection.js";
import { sortByLabel, sortVector } from "./functions-sort.js";
import { forEachWindow, type Window } from "./window.js";

/** Evaluates one call; a scalar comes as an array. */
export function evalCall(call: Call, evaluator: Evaluator): Matrix | Float64Array {
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
