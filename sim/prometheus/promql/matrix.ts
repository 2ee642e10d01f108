/**
 * The values of many series over all steps of a query, side by side. Every expression is evaluated for all
 * steps at once; an instant query has one step.
 */
import type { Labels } from "../labels/index.js";

/** Rows are series, columns are steps; cell (row, step) is at `row * steps + step`. */
export interface Matrix {
  readonly labels: readonly Labels[];
  /** True where the metric name goes away at the end of the query (delayed name removal). */
  readonly dropName: readonly boolean[];
  readonly steps: number;
  readonly values: Float64Array;
  /** 1 where the cell holds a value. */
  readonly present: Uint8Array;
}

/** Collects rows one after the other into one allocation. */
export interface MatrixBuilder {
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** Where the cells of the next row begin. */
  readonly offset: number;
  /** Keeps the row just written and moves on. */
  commit(labels: Labels, dropName: boolean): void;
  build(): Matrix;
}

/** @param rowsMax - How many rows may be committed. */
export function createMatrixBuilder(rowsMax: number, steps: number): MatrixBuilder {
  const values = new Float64Array(rowsMax * steps);
  const present = new Uint8Array(rowsMax * steps);
  const labels: Labels[] = [];
  const dropName: boolean[] = [];
  return {
    values,
    present,
    get offset() {
      return labels.length * steps;
    },
    commit(rowLabels, rowDropName) {
      labels.push(rowLabels);
      dropName.push(rowDropName);
    },
    build() {
      const cells = labels.length * steps;
      return {
        labels,
        dropName,
        steps,
        values: values.subarray(0, cells),
        present: present.subarray(0, cells),
      };
    },
  };
}

/** A matrix without rows. */
export function emptyMatrix(steps: number): Matrix {
  return { labels: [], dropName: [], steps, values: new Float64Array(0), present: new Uint8Array(0) };
}

/** One row without labels that holds a value at every step. */
export function rowOf(labels: Labels, values: Float64Array): Matrix {
  return {
    labels: [labels],
    dropName: [false],
    steps: values.length,
    values,
    present: new Uint8Array(values.length).fill(1),
  };
}

/** The rows at the indexes given, in that order. */
export function pickRows(matrix: Matrix, rows: readonly number[]): Matrix {
  const builder = createMatrixBuilder(rows.length, matrix.steps);
  for (const row of rows) {
    const from = row * matrix.steps;
    builder.values.set(matrix.values.subarray(from, from + matrix.steps), builder.offset);
    builder.present.set(matrix.present.subarray(from, from + matrix.steps), builder.offset);
    builder.commit(matrix.labels[row] as Labels, matrix.dropName[row] === true);
  }
  return builder.build();
}

/** Leaves out the rows that hold no value at all. */
export function withoutEmptyRows(matrix: Matrix): Matrix {
  const { steps, present } = matrix;
  const rows = matrix.labels.map((_, row) => row);
  const kept = rows.filter((row) => present.subarray(row * steps, (row + 1) * steps).includes(1));
  return kept.length === rows.length ? matrix : pickRows(matrix, kept);
}
