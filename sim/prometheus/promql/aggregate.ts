/** Aggregation operators over the rows of a vector. */
import { goQuote } from "../labels/index.js";
import type { Aggregate, Span } from "./ast.js";
import { createAccumulator } from "./accumulators.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import { isLabelName } from "./functions-label.js";
import { groupLabels, groupRows, type Group } from "./grouping.js";
import { createMatrixBuilder, type Matrix } from "./matrix.js";
import { mergeEqualRows } from "./names.js";
import { formatFixed } from "./number.js";
import { quantileOf } from "./quantile.js";
import { checkQuantiles } from "./quantile-check.js";

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
