/** Dropping metric names, and what happens when series become equal by it. */
import type { Labels } from "../labels/index.js";
import { METRIC_NAME } from "../labels/index.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import { createMatrixBuilder, withoutEmptyRows, type Matrix } from "./matrix.js";

/**
 * The rows without their names: at once, or marked for the end of the query.
 *
 * @throws PromqlExecutionError when two rows become equal and hold values at the same time.
 */
export function dropNames(matrix: Matrix, context: EvalContext): Matrix {
  if (context.delayedNameRemoval) return { ...matrix, dropName: matrix.labels.map(() => true) };
  const nameless = { ...matrix, labels: matrix.labels.map((labels) => labels.withoutName()) };
  return namesDiffer(matrix.labels) ? mergeEqualRows(nameless) : nameless;
}

/**
 * Like {@link dropNames}, but equal rows are refused even where they hold values at different times: so does the
 * server for functions over ranges and for the unary minus.
 */
export function dropNamesStrictly(matrix: Matrix, context: EvalContext): Matrix {
  if (context.delayedNameRemoval) return dropNames(matrix, context);
  const nameless = matrix.labels.map((labels) => labels.withoutName());
  if (!namesDiffer(matrix.labels)) return { ...matrix, labels: nameless };
  const full = withoutEmptyRows({ ...matrix, labels: nameless });
  if (new Set(full.labels.map(({ key }) => key)).size < full.labels.length) throw sameLabelset();
  return full;
}

/** Carries out the removals that were only marked. */
export function removeMarkedNames(matrix: Matrix): Matrix {
  if (!matrix.dropName.includes(true)) return matrix;
  const labels = matrix.labels.map((row, index) =>
    matrix.dropName[index] === true ? row.withoutName() : row,
  );
  return mergeEqualRows({ ...matrix, labels, dropName: labels.map(() => false) });
}

/** @throws PromqlExecutionError when two equal rows hold values at the same step. */
export function mergeEqualRows(matrix: Matrix): Matrix {
  const rowsByKey = new Map<string, number[]>();
  matrix.labels.forEach((labels, row) => {
    const rows = rowsByKey.get(labels.key);
    if (rows === undefined) rowsByKey.set(labels.key, [row]);
    else rows.push(row);
  });
  if (rowsByKey.size === matrix.labels.length) return matrix;
  const { steps } = matrix;
  const builder = createMatrixBuilder(rowsByKey.size, steps);
  for (const rows of rowsByKey.values()) {
    const to = builder.offset;
    for (const row of rows) {
      for (let step = 0; step < steps; step += 1) {
        const cell = row * steps + step;
        if (matrix.present[cell] === 0) continue;
        if (builder.present[to + step] === 1) {
          throw sameLabelset();
        }
        builder.present[to + step] = 1;
        builder.values[to + step] = matrix.values[cell] as number;
      }
    }
    builder.commit(
      matrix.labels[rows[0] as number] as Labels,
      rows.some((row) => matrix.dropName[row] === true),
    );
  }
  return builder.build();
}

function sameLabelset(): PromqlExecutionError {
  return new PromqlExecutionError("vector cannot contain metrics with the same labelset");
}

function namesDiffer(labels: readonly Labels[]): boolean {
  const first = labels[0]?.get(METRIC_NAME);
  return labels.some((row) => row.get(METRIC_NAME) !== first);
}
