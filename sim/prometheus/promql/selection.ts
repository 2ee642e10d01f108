/** Selectors: from stored series to rows, and to windows of samples for functions over ranges. */
import type { Labels } from "../labels/index.js";
import type { Series } from "../storage/index.js";
import type { MatrixSelector, TimeShift, VectorSelector } from "./ast.js";
import { timeAt, type EvalContext, type Times } from "./context.js";
import { createMatrixBuilder, type Matrix } from "./matrix.js";

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
