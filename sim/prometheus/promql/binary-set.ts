/** The set operators and, or, unless: they choose rows by whether the other side has a match. */
import type { Matching } from "./ast.js";
import { createMatrixBuilder, withoutEmptyRows, type Matrix } from "./matrix.js";
import { matchKey } from "./binary-vector.js";
import { mergeEqualRows } from "./names.js";

/** @param operator - `and`, `or` or `unless`. */
export function setOperation(operator: string, matching: Matching, left: Matrix, right: Matrix): Matrix {
  const { steps } = left;
  if (operator !== "or") {
    maskRows(left, matching, presenceByKey(right, matching), operator === "and");
    return left;
  }
  maskRows(right, matching, presenceByKey(left, matching), false);
  const builder = createMatrixBuilder(left.labels.length + right.labels.length, steps);
  builder.values.set(left.values);
  builder.values.set(right.values, left.values.length);
  builder.present.set(left.present);
  builder.present.set(right.present, left.present.length);
  for (const side of [left, right]) {
    side.labels.forEach((labels, row) => builder.commit(labels, side.dropName[row] === true));
  }
  return mergeEqualRows(withoutEmptyRows(builder.build()));
}

/** For each match key, at which steps any of its rows holds a value. */
function presenceByKey(matrix: Matrix, matching: Matching): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  const { steps } = matrix;
  matrix.labels.forEach((labels, row) => {
    const key = matchKey(labels, matching);
    const known = presence.get(key) ?? new Uint8Array(steps);
    presence.set(key, known);
    for (let step = 0; step < steps; step += 1)
      known[step] = (known[step] as number) | (matrix.present[row * steps + step] as number);
  });
  return presence;
}

/** Removes, in place, the cells whose match on the other side is not as wanted. */
function maskRows(
  matrix: Matrix,
  matching: Matching,
  presence: ReadonlyMap<string, Uint8Array>,
  wanted: boolean,
): void {
  const { steps, present } = matrix;
  matrix.labels.forEach((labels, row) => {
    const other = presence.get(matchKey(labels, matching));
    for (let step = 0; step < steps; step += 1) {
      if ((other?.[step] === 1) !== wanted) present[row * steps + step] = 0;
    }
  });
}
