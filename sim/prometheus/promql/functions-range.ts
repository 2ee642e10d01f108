/** Functions over the samples of a window: sums, extremes, counters, trends. */
import { infinityStays, kahanAdd, meanAdd, meanOf, type KahanSum, type RunningMean } from "./kahan.js";
import { linearRegression } from "./regression.js";
import { quantileOf } from "./quantile.js";
import { extrapolatedChange, instantChange } from "./rate.js";
import type { Window } from "./window.js";

/** A function that gives one value for one window. */
export interface RangeFunction {
  /** Windows with fewer samples have no value. */
  readonly samplesMin: number;
  readonly keepsName?: true;
  apply(window: Window): number;
}

const plain = (apply: (window: Window) => number, samplesMin = 1): RangeFunction => ({ samplesMin, apply });

/** By name. `absent_over_time` is not here: it answers for series that do not exist. */
export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["avg_over_time", plain(average)],
  ["changes", plain((window) => countSteps(window, differs))],
  ["count_over_time", plain(({ from, to }) => to - from)],
  ["delta", plain((window) => extrapolatedChange(window, "delta"), 2)],
  ["deriv", plain((window) => linearRegression(window, window.timestamps[window.from] as number).slope, 2)],
  ["first_over_time", { ...plain(({ values, from }) => values[from] as number), keepsName: true }],
  ["idelta", plain((window) => instantChange(window, "idelta"), 2)],
  ["increase", plain((window) => extrapolatedChange(window, "increase"), 2)],
  ["irate", plain((window) => instantChange(window, "irate"), 2)],
  ["last_over_time", { ...plain(({ values, to }) => values[to - 1] as number), keepsName: true }],
  ["mad_over_time", plain(medianDeviation)],
  ["max_over_time", plain((window) => extreme(window, (value, best) => value > best))],
  ["min_over_time", plain((window) => extreme(window, (value, best) => value < best))],
  ["predict_linear", plain(predict, 2)],
  ["present_over_time", plain(() => 1)],
  ["quantile_over_time", plain(({ param, values, from, to }) => quantileOf(param, values.slice(from, to)))],
  ["rate", plain((window) => extrapolatedChange(window, "rate"), 2)],
  ["resets", plain((window) => countSteps(window, (value, before) => value < before))],
  ["stddev_over_time", plain((window) => Math.sqrt(variance(window)))],
  ["stdvar_over_time", plain(variance)],
  ["sum_over_time", plain(sum)],
  ["ts_of_first_over_time", plain(({ timestamps, from }) => (timestamps[from] as number) / 1000)],
  ["ts_of_last_over_time", plain(({ timestamps, to }) => (timestamps[to - 1] as number) / 1000)],
  ["ts_of_max_over_time", plain((window) => extremeTime(window, (value, best) => value >= best))],
  ["ts_of_min_over_time", plain((window) => extremeTime(window, (value, best) => value <= best))],
]);

function sum({ values, from, to }: Window): number {
  const total: KahanSum = { sum: 0, lost: 0 };
  for (let index = from; index < to; index += 1) kahanAdd(total, values[index] as number);
  return Math.abs(total.sum) === Infinity ? total.sum : total.sum + total.lost;
}

function average(window: Window): number {
  const { values, from, to } = window;
  if (window.dialect === 2) return averageVersion2(window);
  const mean: RunningMean = { sum: 0, lost: 0, count: 0, incremental: false };
  for (let index = from; index < to; index += 1) meanAdd(mean, values[index] as number);
  return meanOf(mean);
}

function averageVersion2({ values, from, to }: Window): number {
  const mean: KahanSum = { sum: 0, lost: 0 };
  for (let index = from; index < to; index += 1) {
    const value = values[index] as number;
    const count = index - from + 1;
    if (!infinityStays(mean.sum, value)) kahanAdd(mean, value / count - mean.sum / count);
  }
  return Math.abs(mean.sum) === Infinity ? mean.sum : mean.sum + mean.lost;
}

function extreme({ values, from, to }: Window, better: (value: number, best: number) => boolean): number {
  let best = values[from] as number;
  for (let index = from + 1; index < to; index += 1) {
    const value = values[index] as number;
    if (better(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

/** Seconds of the last sample that is extreme. */
function extremeTime(
  { timestamps, values, from, to }: Window,
  better: (value: number, best: number) => boolean,
): number {
  let at = from;
  for (let index = from; index < to; index += 1) {
    const best = values[at] as number;
    if (better(values[index] as number, best) || Number.isNaN(best)) at = index;
  }
  return (timestamps[at] as number) / 1000;
}

/** The median of the distances from the median. */
function medianDeviation({ values, from, to }: Window): number {
  const window = values.slice(from, to);
  if (window.some(Number.isNaN)) return NaN;
  const median = quantileOf(0.5, window);
  return quantileOf(
    0.5,
    window.map((value) => Math.abs(value - median)),
  );
}

function countSteps(
  { values, from, to }: Window,
  counts: (value: number, before: number) => boolean,
): number {
  let count = 0;
  for (let index = from + 1; index < to; index += 1) {
    if (counts(values[index] as number, values[index - 1] as number)) count += 1;
  }
  return count;
}

function differs(value: number, before: number): boolean {
  return value !== before && !(Number.isNaN(value) && Number.isNaN(before));
}

// Welford's method, with both sums compensated.
function variance({ values, from, to }: Window): number {
  const mean: KahanSum = { sum: 0, lost: 0 };
  const squares: KahanSum = { sum: 0, lost: 0 };
  for (let index = from; index < to; index += 1) {
    const value = values[index] as number;
    const delta = value - (mean.sum + mean.lost);
    kahanAdd(mean, delta / (index - from + 1));
    kahanAdd(squares, delta * (value - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / (to - from);
}

function predict(window: Window): number {
  const { slope, intercept } = linearRegression(window, window.evalMs);
  return slope * window.param + intercept;
}
