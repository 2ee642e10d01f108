/** Evaluates a checked tree for all steps at once. */
import { unwrapParens, type Aggregate, type Binary, type Call, type Expr, type Subquery } from "./ast.js";
import { aggregateFold, aggregateQuantile, countValues } from "./aggregate.js";
import { aggregateK } from "./aggregate-k.js";
import { negateVector, scalarWithScalar, vectorWithScalar } from "./binary-scalar.js";
import { setOperation } from "./binary-set.js";
import { vectorWithVector } from "./binary-vector.js";
import { evalCall } from "./call.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import type { Matrix } from "./matrix.js";
import {
  evalRangeSelector,
  evalSelector,
  samplesOf,
  shiftedTimes,
  subqueryTimes,
  type RangeInput,
} from "./selection.js";

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
