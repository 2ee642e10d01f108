/** Selectors: from stored series to rows, and to windows of samples for functions over ranges. */
import type { Labels } from "../labels.js";
import type { Series } from "../storage.js";
import type { MatrixSelector, TimeShift, VectorSelector } from "./ast.js";
import { timeAt, type EvalContext, type Times } from "./context.js";

// The values of many series over all steps of a query, side by side. Every expression is evaluated for all
// steps at once; an instant query has one step.

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

/** The samples of one series that windows are cut from; staleness marks are gone. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  /** Samples from index `first` to `end - 1`; the arrays may hold more. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly first: number;
  readonly end: number;
}

/** What a function over a range works on. */
export interface RangeInput {
  readonly series: readonly RangeSeries[];
  readonly rangeMs: number;
  /** Where the window of a step ends. */
  readonly endsMs: Float64Array;
}

/** The moment a selector looks at, for each step. */
export function shiftedTimes(shift: TimeShift, context: EvalContext): Float64Array {
  const { times } = context;
  const shifted = new Float64Array(times.steps);
  for (let step = 0; step < times.steps; step += 1) {
    shifted[step] = pinned(shift, context, timeAt(times, step)) - shift.offsetMs;
  }
  return shifted;
}

/**
 * The newest sample of each series at each step, unless it is stale or too old.
 *
 * @param yields - What a cell holds: the sample's value, or its time in seconds.
 */
export function evalSelector(
  selector: VectorSelector,
  context: EvalContext,
  yields: "value" | "time",
): Matrix {
  const series = context.source.select(selector.matchers);
  const { steps } = context.times;
  const times = shiftedTimes(selector, context);
  if (yields === "time" && selector.at !== undefined) return timesAtPin(selector, series, context);
  // From version 3 on a sample exactly as old as the lookback is too old.
  const ageMax = context.dialect === 3 ? context.lookbackMs : context.lookbackMs + 0.5;
  context.budget.take(0);
  const builder = createMatrixBuilder(series.length, steps);
  for (const one of series) {
    const offset = builder.offset;
    const { slab, offset: first, stale, count } = one;
    const { timestamps, values } = slab;
    let after = one.firstAfter(times[0] as number);
    let points = 0;
    for (let step = 0; step < steps; step += 1) {
      const time = times[step] as number;
      while (after < count && (timestamps[first + after] as number) <= time) after += 1;
      const at = first + after - 1;
      if (after === 0 || time - (timestamps[at] as number) >= ageMax) continue;
      if (stale !== undefined && stale[after - 1] === 1) continue;
      builder.values[offset + step] =
        yields === "value" ? (values[at] as number) : (timestamps[at] as number) / 1000;
      builder.present[offset + step] = 1;
      points += 1;
    }
    if (points === 0) continue;
    context.budget.take(points);
    builder.commit(one.labels, false);
  }
  return builder.build();
}

/**
 * `timestamp(metric @ t offset d)`: the server looks at `t` without the offset, among the samples that it has loaded
 * for `t - d`.
 */
function timesAtPin(selector: VectorSelector, series: readonly Series[], context: EvalContext): Matrix {
  const { times, lookbackMs, dialect } = context;
  const { steps } = times;
  const atMs = pinned(selector, context, times.startMs);
  const loadedToMs = atMs - selector.offsetMs;
  const afterMs = Math.max(atMs, loadedToMs) - lookbackMs - (dialect === 3 ? 0 : 1);
  const builder = createMatrixBuilder(series.length, steps);
  for (const one of series) {
    const last = one.firstAfter(Math.min(atMs, loadedToMs)) - 1;
    if (last < 0 || one.timeAt(last) <= afterMs || one.isStale(last)) continue;
    const { offset } = builder;
    builder.values.fill(one.timeAt(last) / 1000, offset, offset + steps);
    builder.present.fill(1, offset, offset + steps);
    context.budget.take(steps);
    builder.commit(one.labels, false);
  }
  return builder.build();
}

/** The samples that the windows of a range selector can see. */
export function evalRangeSelector(expr: MatrixSelector, context: EvalContext): RangeInput {
  const endsMs = shiftedTimes(expr.selector, context);
  const fromMs = (endsMs[0] as number) - expr.rangeMs;
  const toMs = endsMs[endsMs.length - 1] as number;
  const series: RangeSeries[] = [];
  for (const one of context.source.select(expr.selector.matchers)) {
    const cut = cutSeries(one, fromMs, toMs);
    if (cut === undefined) continue;
    series.push(cut);
  }
  return { series, rangeMs: expr.rangeMs, endsMs };
}

/** Steps of a subquery: multiples of its step that the windows can see. */
export function subqueryTimes(endsMs: Float64Array, rangeMs: number, stepMs: number, dialect: 2 | 3): Times {
  const fromMs = (endsMs[0] as number) - rangeMs;
  let startMs = stepMs * Math.trunc(fromMs / stepMs);
  if (dialect === 3 ? startMs <= fromMs : startMs < fromMs) startMs += stepMs;
  const steps = Math.floor(((endsMs[endsMs.length - 1] as number) - startMs) / stepMs) + 1;
  return { startMs, stepMs, steps: Math.max(0, steps) };
}

/** Turns the rows of an inner query into samples. */
export function samplesOf(matrix: Matrix, times: Times): RangeSeries[] {
  return matrix.labels.map((labels, row) => {
    const timestamps = new Float64Array(times.steps);
    const values = new Float64Array(times.steps);
    let count = 0;
    for (let step = 0; step < times.steps; step += 1) {
      const cell = row * times.steps + step;
      if (matrix.present[cell] === 0) continue;
      timestamps[count] = timeAt(times, step);
      values[count] = matrix.values[cell] as number;
      count += 1;
    }
    return { labels, dropName: matrix.dropName[row] === true, timestamps, values, first: 0, end: count };
  });
}

function pinned({ at }: TimeShift, context: EvalContext, timeMs: number): number {
  if (at === "start") return context.queryStartMs;
  if (at === "end") return context.queryEndMs;
  return at ?? timeMs;
}

function cutSeries(series: Series, fromMs: number, toMs: number): RangeSeries | undefined {
  const low = series.firstAfter(fromMs - 1);
  const high = series.firstAfter(toMs);
  if (low >= high) return undefined;
  const { labels, stale, offset } = series;
  const { timestamps, values } = series.slab;
  const [first, end] = [offset + low, offset + high];
  if (stale === undefined) return { labels, dropName: false, timestamps, values, first, end };
  const fresh = (_: number, index: number): boolean => stale[low + index] === 0;
  const kept = timestamps.subarray(first, end).filter(fresh);
  return {
    labels,
    dropName: false,
    timestamps: kept,
    values: values.subarray(first, end).filter(fresh),
    first: 0,
    end: kept.length,
  };
}

// Walks the windows of a range over its samples.

/** The samples `from` to `to - 1` of a series. One object is reused for all windows. */
export interface Window {
  timestamps: Float64Array;
  values: Float64Array;
  from: number;
  to: number;
  readonly rangeMs: number;
  /** Where the window ends; it begins `rangeMs` before. */
  endMs: number;
  /** Time of the step, which differs from `endMs` under an offset. */
  evalMs: number;
  /** The scalar argument of the function at this step. */
  param: number;
  readonly dialect: 2 | 3;
}

/** Calls `visit` for each step whose window holds at least `samplesMin` samples. */
export function forEachWindow(
  input: RangeInput,
  series: RangeSeries,
  window: Window,
  samplesMin: number,
  context: EvalContext,
  visit: (step: number, window: Window) => void,
): void {
  const { timestamps, first, end } = series;
  const { endsMs, rangeMs } = input;
  window.timestamps = timestamps;
  window.values = series.values;
  // Times are whole: version 3 leaves a sample at the very beginning of the window out.
  const afterStart = context.dialect === 3 ? 1 : 0;
  let from = first;
  let to = first;
  for (let step = 0; step < endsMs.length; step += 1) {
    const endMs = endsMs[step] as number;
    const firstMs = endMs - rangeMs + afterStart;
    while (to < end && (timestamps[to] as number) <= endMs) to += 1;
    while (from < to && (timestamps[from] as number) < firstMs) from += 1;
    if (to - from < samplesMin) continue;
    window.from = from;
    window.to = to;
    window.endMs = endMs;
    window.evalMs = timeAt(context.times, step);
    visit(step, window);
  }
}
