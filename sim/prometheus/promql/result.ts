/** What a query answers. */
import { compareLabels, type Labels } from "../labels/index.js";
import { timeAt, type EvalContext, type Times } from "./context.js";
import type { Matrix } from "./matrix.js";
import type { RangeInput } from "./selection.js";

/** One series at one moment. */
export interface VectorSample {
  readonly labels: Labels;
  readonly value: number;
}

/** One series over time. */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

interface Notes {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Times are milliseconds since the epoch. */
export type QueryResult = Notes &
  (
    | { readonly type: "scalar"; readonly timeMs: number; readonly value: number }
    | { readonly type: "string"; readonly timeMs: number; readonly text: string }
    | { readonly type: "vector"; readonly timeMs: number; readonly samples: readonly VectorSample[] }
    | { readonly type: "matrix"; readonly series: readonly MatrixSeries[] }
  );

/** The rows of a matrix with one step, in its order. */
export function vectorSamples(matrix: Matrix): VectorSample[] {
  const samples: VectorSample[] = [];
  matrix.labels.forEach((labels, row) => {
    if (matrix.present[row] === 1) samples.push({ labels, value: matrix.values[row] as number });
  });
  return samples;
}

/** The rows of a matrix as series, sorted by labels. */
export function matrixSeries(matrix: Matrix, times: Times): MatrixSeries[] {
  const found: MatrixSeries[] = [];
  matrix.labels.forEach((labels, row) => {
    const timestamps: number[] = [];
    const values: number[] = [];
    for (let step = 0; step < matrix.steps; step += 1) {
      const cell = row * matrix.steps + step;
      if (matrix.present[cell] === 0) continue;
      timestamps.push(timeAt(times, step));
      values.push(matrix.values[cell] as number);
    }
    if (timestamps.length > 0) found.push({ labels, timestamps, values });
  });
  return found.sort((left, right) => compareLabels(left.labels, right.labels));
}

/** The raw samples of a range, sorted by labels. */
export function rangeSeries(input: RangeInput, context: EvalContext): MatrixSeries[] {
  const endMs = input.endsMs[0] as number;
  const startMs = endMs - input.rangeMs;
  const found: MatrixSeries[] = [];
  for (const { labels, dropName, timestamps, values, first, end } of input.series) {
    const at: number[] = [];
    const read: number[] = [];
    for (let index = first; index < end; index += 1) {
      const time = timestamps[index] as number;
      if (time > endMs || time < startMs || (context.dialect === 3 && time === startMs)) continue;
      at.push(time);
      read.push(values[index] as number);
    }
    context.budget.take(at.length);
    if (at.length > 0)
      found.push({ labels: dropName ? labels.withoutName() : labels, timestamps: at, values: read });
  }
  return found.sort((left, right) => compareLabels(left.labels, right.labels));
}
