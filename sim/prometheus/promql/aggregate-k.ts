/** topk and bottomk: they choose rows and keep their labels. */
import type { Aggregate } from "./ast.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import { groupRows } from "./grouping.js";
import { pickRows, type Matrix } from "./matrix.js";
import { formatGeneral } from "./number.js";

const INT64_LIMIT = 2 ** 63;

/**
 * Of equal values the one whose labels sort first is chosen. An instant query gets each group in order of
 * value, NaN last.
 *
 * @throws PromqlExecutionError when a count does not fit an integer.
 */
export function aggregateK(
  expr: Aggregate,
  counts: Float64Array,
  matrix: Matrix,
  context: EvalContext,
): Matrix {
  checkCounts(counts, context);
  const { steps } = matrix;
  const present = new Uint8Array(matrix.present.length);
  const direction = expr.operator === "topk" ? -1 : 1;
  const order: number[] = [];
  for (const { rows } of groupRows(matrix, expr.grouping, expr.without)) {
    for (let step = 0; step < steps; step += 1) {
      const valueOf = (row: number): number => matrix.values[row * steps + step] as number;
      const candidates = rows.filter((row) => matrix.present[row * steps + step] === 1);
      candidates.sort((left, right) => compareValues(valueOf(left), valueOf(right), direction));
      const wanted = Math.max(0, Math.trunc(counts[step] as number));
      for (const row of candidates.slice(0, wanted)) {
        present[row * steps + step] = 1;
        if (steps === 1) order.push(row);
      }
    }
  }
  const chosen = { ...matrix, present };
  return context.isRange || steps !== 1 ? chosen : pickRows(chosen, order);
}

function compareValues(left: number, right: number, direction: number): number {
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  if (left === right) return 0;
  return left < right ? -direction : direction;
}

function checkCounts(counts: Float64Array, { dialect }: EvalContext): void {
  for (const count of counts) {
    if (Number.isNaN(count) && dialect === 3) throw new PromqlExecutionError("Parameter value is NaN");
    if (dialect === 3 && count <= -INT64_LIMIT) {
      throw new PromqlExecutionError(`Scalar value ${formatGeneral(count)} underflows int64`);
    }
    const fits = dialect === 3 ? count < INT64_LIMIT : Math.abs(count) <= INT64_LIMIT;
    if (!fits) throw new PromqlExecutionError(`Scalar value ${formatGeneral(count)} overflows int64`);
  }
}
