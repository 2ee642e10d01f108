/** sort, sort_desc, and their kin by label. */
import { compareLabels, type Labels } from "../labels/index.js";
import type { Call, Expr } from "./ast.js";
import type { Evaluator } from "./evaluate.js";
import { pickRows, type Matrix } from "./matrix.js";
import { mergeEqualRows } from "./names.js";

/** By value; NaN comes last in both directions. */
export function sortVector(call: Call, evaluator: Evaluator, direction: 1 | -1): Matrix {
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
export function sortByLabel(call: Call, evaluator: Evaluator, direction: 1 | -1): Matrix {
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
