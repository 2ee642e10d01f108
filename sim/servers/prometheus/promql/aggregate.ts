/** Aggregation operators over the rows of a vector. */
import { goQuote } from "../labels.js";
import type { Aggregate, Span } from "./ast.js";
import { groupLabels, groupRows, type Group } from "./binary.js";
import { PromqlExecutionError, type Dialect, type EvalContext } from "./context.js";
import {
  checkQuantiles,
  formatFixed,
  formatGeneral,
  infinityStays,
  kahanAdd,
  meanAdd,
  meanOf,
  quantileOf,
  type KahanSum,
  type RunningMean,
} from "./float-math.js";
import { isLabelName } from "./functions.js";
import { mergeEqualRows } from "./parse.js";
import { createMatrixBuilder, emptyMatrix, pickRows, type Matrix } from "./selection.js";

// Aggregations that fold values one by one: sum, avg, count, min, max, group, stddev, stdvar.

/** Folds the values of one group at one step. */
interface Accumulator {
  add(value: number): void;
  result(): number;
}

/** @param operator - One of the folding aggregations. */
function createAccumulator(operator: string, dialect: Dialect): Accumulator {
  switch (operator) {
    case "sum":
      return dialect === 3 ? sum() : plainSum();
    case "avg":
      return dialect === 3 ? average() : plainAverage();
    case "count":
      return count();
    case "group":
      return { add: () => undefined, result: () => 1 };
    case "min":
      return extreme((value, best) => value < best);
    case "max":
      return extreme((value, best) => value > best);
    case "stddev":
      return variance(dialect, Math.sqrt);
    case "stdvar":
      return variance(dialect, (value) => value);
    default:
      throw new TypeError(`${operator} is not a folding aggregation`);
  }
}

function sum(): Accumulator {
  const total: KahanSum = { sum: 0, lost: 0 };
  return { add: (value) => kahanAdd(total, value), result: () => total.sum + total.lost };
}

function plainSum(): Accumulator {
  let total = 0;
  return { add: (value) => void (total += value), result: () => total };
}

function average(): Accumulator {
  const mean: RunningMean = { sum: 0, lost: 0, count: 0, incremental: false };
  return { add: (value) => meanAdd(mean, value), result: () => meanOf(mean) };
}

function plainAverage(): Accumulator {
  let mean = 0;
  let seen = 0;
  return {
    add(value) {
      seen += 1;
      if (seen === 1) mean = value;
      else if (!infinityStays(mean, value)) mean += value / seen - mean / seen;
    },
    result: () => mean,
  };
}

function count(): Accumulator {
  let seen = 0;
  return { add: () => void (seen += 1), result: () => seen };
}

function extreme(better: (value: number, best: number) => boolean): Accumulator {
  let best = NaN;
  return {
    add(value) {
      if (better(value, best) || Number.isNaN(best)) best = value;
    },
    result: () => best,
  };
}

// Welford's method. Version 2 starts from zero even where the first value is infinite.
function variance(dialect: Dialect, finish: (value: number) => number): Accumulator {
  let seen = 0;
  let mean = 0;
  let squares = 0;
  return {
    add(value) {
      seen += 1;
      if (seen === 1) {
        mean = value;
        squares = dialect === 3 && !Number.isFinite(value) ? NaN : 0;
        return;
      }
      const delta = value - mean;
      mean += delta / seen;
      squares += delta * (value - mean);
    },
    result: () => finish(squares / seen),
  };
}

/** sum, avg, count, min, max, group, stddev and stdvar. */
export function aggregateFold(expr: Aggregate, matrix: Matrix, context: EvalContext): Matrix {
  return perGroup(expr, matrix, (values) => {
    const accumulator = createAccumulator(expr.operator, context.dialect);
    for (const value of values) accumulator.add(value);
    return accumulator.result();
  });
}

/** @param span - Of the parameter, for the warning. */
export function aggregateQuantile(
  expr: Aggregate,
  quantiles: Float64Array,
  matrix: Matrix,
  span: Span,
  context: EvalContext,
): Matrix {
  checkQuantiles(quantiles, span, context);
  return perGroup(expr, matrix, (values, step) =>
    quantileOf(quantiles[step] as number, Float64Array.from(values)),
  );
}

/** @throws PromqlExecutionError when `label` cannot name a label. */
export function countValues(
  expr: Aggregate,
  label: string,
  vector: () => Matrix,
  context: EvalContext,
): Matrix {
  const evaluated = context.dialect === 2 ? vector() : undefined;
  if (!isLabelName(label, context)) throw new PromqlExecutionError(`invalid label name ${goQuote(label)}`);
  const matrix = evaluated ?? vector();
  const grouping = expr.without ? expr.grouping : [...expr.grouping, label];
  const counts = new Map<
    string,
    { readonly row: Float64Array; readonly labels: Group["labels"]; dropName: boolean }
  >();
  const { steps } = matrix;
  matrix.labels.forEach((labels, row) => {
    for (let step = 0; step < steps; step += 1) {
      const cell = row * steps + step;
      if (matrix.present[cell] === 0) continue;
      const valued = labels.with(label, formatFixed(matrix.values[cell] as number));
      const group = groupLabels(valued, grouping, expr.without);
      const known = counts.get(group.key) ?? { row: new Float64Array(steps), labels: group, dropName: false };
      counts.set(group.key, known);
      known.row[step] = (known.row[step] as number) + 1;
      known.dropName ||= matrix.dropName[row] === true;
    }
  });
  const builder = createMatrixBuilder(counts.size, steps);
  for (const { row, labels, dropName } of counts.values()) {
    builder.values.set(row, builder.offset);
    row.forEach((count, step) => {
      builder.present[builder.offset + step] = count > 0 ? 1 : 0;
    });
    builder.commit(labels, dropName);
  }
  return mergeEqualRows(builder.build());
}

function perGroup(
  expr: Aggregate,
  matrix: Matrix,
  fold: (values: readonly number[], step: number) => number,
): Matrix {
  const groups = groupRows(matrix, expr.grouping, expr.without);
  const { steps } = matrix;
  const builder = createMatrixBuilder(groups.length, steps);
  for (const { labels, rows } of groups) {
    const { offset } = builder;
    let dropName = false;
    for (let step = 0; step < steps; step += 1) {
      const values: number[] = [];
      for (const row of rows) {
        if (matrix.present[row * steps + step] === 0) continue;
        values.push(matrix.values[row * steps + step] as number);
        if (matrix.dropName[row] === true) dropName = true;
      }
      if (values.length === 0) continue;
      builder.values[offset + step] = fold(values, step);
      builder.present[offset + step] = 1;
    }
    builder.commit(labels, dropName);
  }
  return builder.build();
}

// topk and bottomk: they choose rows and keep their labels.

const INT64_LIMIT = 2 ** 63;

/**
 * Of equal values the same ones are chosen as by the server's heap, given series in label order. An instant
 * query gets each group in order of value, NaN last.
 *
 * @throws PromqlExecutionError when a count does not fit an integer.
 */
export function aggregateK(
  expr: Aggregate,
  counts: Float64Array,
  matrix: Matrix,
  context: EvalContext,
): Matrix {
  const { steps } = matrix;
  // Without NaN and with nothing to choose version 3 does not look at the counts any closer.
  if (context.dialect === 3 && counts.every((count) => count < 1)) return emptyMatrix(steps);
  checkCounts(counts, context);
  const present = new Uint8Array(matrix.present.length);
  const direction = expr.operator === "topk" ? 1 : -1;
  const order: number[] = [];
  for (const { rows } of groupRows(matrix, expr.grouping, expr.without)) {
    for (let step = 0; step < steps; step += 1) {
      // Turned around for bottomk, so that the wanted values are always the largest.
      const valueOf = (row: number): number => direction * (matrix.values[row * steps + step] as number);
      const candidates = rows.filter((row) => matrix.present[row * steps + step] === 1);
      const chosen = largest(candidates, Math.trunc(counts[step] as number), valueOf, context.dialect);
      for (const row of chosen) present[row * steps + step] = 1;
      if (steps === 1)
        order.push(...chosen.sort((left, right) => compareDown(valueOf(left), valueOf(right))));
    }
  }
  const result = { ...matrix, present };
  return context.isRange || steps !== 1 ? result : pickRows(result, order);
}

/** The rows with the largest values, by a heap with the smallest of them on top; NaN is smaller than all. */
function largest(
  rows: readonly number[],
  count: number,
  valueOf: (row: number) => number,
  dialect: Dialect,
): number[] {
  const heap: number[] = [];
  const push = (row: number): void => {
    heap.push(row);
    siftUp(heap, valueOf);
  };
  for (const row of count < 1 ? [] : rows) {
    if (heap.length < count) {
      push(row);
      continue;
    }
    const smallest = valueOf(heap[0] as number);
    const value = valueOf(row);
    if (!(smallest < value || (Number.isNaN(smallest) && !Number.isNaN(value)))) continue;
    // Version 2 takes the smallest out before it puts the new one in, which decides between equal values.
    heap[0] = dialect === 2 && heap.length > 1 ? (heap.pop() as number) : row;
    siftDown(heap, valueOf);
    if (heap.length < count) push(row);
  }
  return heap;
}

function isLess(left: number, right: number): boolean {
  return Number.isNaN(left) || left < right;
}

function siftUp(heap: number[], valueOf: (row: number) => number): void {
  for (let at = heap.length - 1; at > 0;) {
    const parent = (at - 1) >> 1;
    if (!isLess(valueOf(heap[at] as number), valueOf(heap[parent] as number))) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function siftDown(heap: number[], valueOf: (row: number) => number): void {
  const less = (left: number, right: number): boolean =>
    isLess(valueOf(heap[left] as number), valueOf(heap[right] as number));
  for (let at = 0; ;) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const child = left + 1 < heap.length && less(left + 1, left) ? left + 1 : left;
    if (!less(child, at)) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: number[], left: number, right: number): void {
  const row = heap[left] as number;
  heap[left] = heap[right] as number;
  heap[right] = row;
}

function compareDown(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return right - left || 0;
}

function checkCounts(counts: Float64Array, { dialect }: EvalContext): void {
  const refuse = (problem: string): never => {
    throw new PromqlExecutionError(problem);
  };
  if (dialect === 2) {
    const wrong = counts.find((count) => !(Math.abs(count) <= INT64_LIMIT));
    if (wrong !== undefined) refuse(`Scalar value ${formatGeneral(wrong)} overflows int64`);
    return;
  }
  if (counts.some(Number.isNaN)) refuse("Parameter value is NaN");
  const [lowest, highest] = [Math.min(...counts), Math.max(...counts)];
  if (lowest <= -INT64_LIMIT) refuse(`Scalar value ${formatGeneral(lowest)} underflows int64`);
  if (highest >= INT64_LIMIT) refuse(`Scalar value ${formatGeneral(highest)} overflows int64`);
}
