/** topk and bottomk: they choose rows and keep their labels. */
import type { Aggregate } from "./ast.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import type { Dialect } from "./dialect.js";
import { groupRows } from "./grouping.js";
import { emptyMatrix, pickRows, type Matrix } from "./matrix.js";
import { formatGeneral } from "./number.js";

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
