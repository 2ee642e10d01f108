/** Operators where a side is a scalar, and the unary minus. */
import { isComparison, type Binary } from "./ast.js";
import type { EvalContext } from "./context.js";
import { applyOperator } from "./go-math.js";
import type { Matrix } from "./matrix.js";
import { dropNames, dropNamesStrictly } from "./names.js";

/** Scalar with scalar. */
export function scalarWithScalar(operator: string, left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, step) => applyOperator(operator, value, right[step] as number));
}

/**
 * Vector with scalar. A comparison without `bool` keeps the values of the vector where it holds.
 *
 * @param swapped - True when the scalar stands on the left.
 */
export function vectorWithScalar(
  expr: Binary,
  matrix: Matrix,
  scalars: Float64Array,
  swapped: boolean,
  context: EvalContext,
): Matrix {
  const { steps, values, present } = matrix;
  const { operator, returnBool } = expr;
  const filters = isComparison(operator) && !returnBool;
  for (let cell = 0; cell < values.length; cell += 1) {
    if (present[cell] === 0) continue;
    const value = values[cell] as number;
    const scalar = scalars[cell % steps] as number;
    const result = swapped ? applyOperator(operator, scalar, value) : applyOperator(operator, value, scalar);
    if (!filters) values[cell] = result;
    else if (result === 0) present[cell] = 0;
  }
  // Version 2 forgot to drop the name here.
  const keepsName = filters || (operator === "atan2" && context.dialect === 2);
  return keepsName ? matrix : dropNames(matrix, context);
}

/** Minus each value. */
export function negateVector(matrix: Matrix, context: EvalContext): Matrix {
  const { values } = matrix;
  for (let cell = 0; cell < values.length; cell += 1) values[cell] = -(values[cell] as number);
  return dropNamesStrictly(matrix, context);
}
