/** Functions over the samples of a window: sums, extremes, counters, trends. */
import {
  METRIC_NAME,
  RegExpSyntaxError,
  goQuote,
  isPlainLabelName,
  isUtf8,
  type AnchoredRegExp,
  type Labels,
} from "../labels.js";
import { expandTemplate } from "../../../shared/go-regexp.js";
import type { Span } from "./ast.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import {
  checkQuantiles,
  infinityStays,
  kahanAdd,
  meanAdd,
  meanOf,
  parseGoFloat,
  quantileOf,
  type KahanSum,
  type RunningMean,
} from "./float-math.js";
import { dropNames, mergeEqualRows } from "./parse.js";
import { createMatrixBuilder, type Matrix, type Window } from "./selection.js";

// The straight line through the samples of a window, by least squares.

/** Slope per second, and the value at `originMs`. */
function linearRegression(window: Window, originMs: number): { slope: number; intercept: number } {
  const { timestamps, values, from, to } = window;
  const sums: KahanSum[] = [0, 1, 2, 3].map(() => ({ sum: 0, lost: 0 }));
  const [sumX, sumY, sumXY, sumXX] = sums as [KahanSum, KahanSum, KahanSum, KahanSum];
  const first = values[from] as number;
  let constant = true;
  for (let index = from; index < to; index += 1) {
    const y = values[index] as number;
    const x = ((timestamps[index] as number) - originMs) / 1000;
    if (y !== first && index > from) constant = false;
    kahanAdd(sumX, x);
    kahanAdd(sumY, y);
    kahanAdd(sumXY, x * y);
    kahanAdd(sumXX, x * x);
  }
  if (constant) {
    return Math.abs(first) === Infinity ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: first };
  }
  const count = to - from;
  const [x, y, xy, xx] = sums.map(({ sum, lost }) => sum + lost) as [number, number, number, number];
  const slope = (xy - (x * y) / count) / (xx - (x * x) / count);
  return { slope, intercept: y / count - (slope * x) / count };
}

// How fast a counter or gauge moves: rate, increase, delta, irate, idelta.

/**
 * Change over the window, extrapolated to its ends: up to 1.1 average intervals, else by half an interval, and
 * never to where a counter would be below zero.
 */
function extrapolatedChange(window: Window, kind: "rate" | "increase" | "delta"): number {
  const { timestamps, values, from, to, rangeMs, endMs } = window;
  const isCounter = kind !== "delta";
  const first = values[from] as number;
  let change = (values[to - 1] as number) - first;
  if (isCounter) change = withResets(change, window);
  let toStart = ((timestamps[from] as number) - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - (timestamps[to - 1] as number)) / 1000;
  const sampled = ((timestamps[to - 1] as number) - (timestamps[from] as number)) / 1000;
  const average = sampled / (to - from - 1);
  const threshold = average * 1.1;
  const toZero = isCounter && change > 0 && first >= 0 ? sampled * (first / change) : Infinity;
  // Before 2.52 the cut at zero came first, and could bring the start below the threshold.
  if (window.dialect === 2) toStart = Math.min(toStart, toZero);
  if (toStart >= threshold) toStart = average / 2;
  if (window.dialect === 3) toStart = Math.min(toStart, toZero);
  if (toEnd >= threshold) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (kind === "rate") factor /= rangeMs / 1000;
  return change * factor;
}

/** Change between the last two samples, per second for `irate`. */
function instantChange(window: Window, kind: "irate" | "idelta"): number {
  const { timestamps, values, to } = window;
  const last = values[to - 1] as number;
  const before = values[to - 2] as number;
  if (kind === "idelta") return last - before;
  const change = last < before ? last : last - before;
  return change / (((timestamps[to - 1] as number) - (timestamps[to - 2] as number)) / 1000);
}

// One after the other, as the server does: their sum would be rounded differently.
function withResets(change: number, { values, from, to }: Window): number {
  let total = change;
  for (let index = from + 1; index < to; index += 1) {
    const before = values[index - 1] as number;
    if ((values[index] as number) < before) total += before;
  }
  return total;
}

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

// Arithmetic on the cumulative buckets of one classic histogram at one moment.

interface Bucket {
  readonly upperBound: number;
  count: number;
}

// From 2.49 on, steps this small between buckets are rounding and not a fault of the data.
const SMALL_STEP = 1e-12;

/** A quantile, and whether the buckets had to be repaired for it. */
interface QuantileResult {
  readonly value: number;
  readonly repaired: boolean;
}

/** `histogram_quantile` of buckets in any order. */
function bucketQuantile(quantile: number, unsorted: readonly Bucket[], dialect: 2 | 3): QuantileResult {
  const only = (value: number): QuantileResult => ({ value, repaired: false });
  if (Number.isNaN(quantile)) return only(NaN);
  if (quantile < 0) return only(-Infinity);
  if (quantile > 1) return only(Infinity);
  const buckets = mergeBuckets(unsorted);
  if (buckets.at(-1)?.upperBound !== Infinity) return only(NaN);
  const repaired = forceRising(buckets, dialect === 3 ? SMALL_STEP : 0);
  const total = buckets.at(-1)?.count ?? 0;
  if (buckets.length < 2 || total === 0) return { value: NaN, repaired };
  return { value: interpolateQuantile(quantile * total, buckets), repaired };
}

/** `histogram_fraction` of buckets in any order. */
function bucketFraction(lower: number, upper: number, unsorted: readonly Bucket[]): number {
  const buckets = mergeBuckets(unsorted);
  const total = buckets.at(-1)?.count ?? 0;
  if (buckets.at(-1)?.upperBound !== Infinity || total === 0 || Number.isNaN(lower) || Number.isNaN(upper))
    return NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets, total) - rankOf(lower, buckets, total)) / total;
}

function interpolateQuantile(rank: number, buckets: readonly Bucket[]): number {
  let at = 0;
  while (at < buckets.length - 1 && !((buckets[at] as Bucket).count >= rank)) at += 1;
  const last = buckets.length - 1;
  if (at === last) return (buckets[last - 1] as Bucket).upperBound;
  const bucket = buckets[at] as Bucket;
  if (at === 0 && bucket.upperBound <= 0) return bucket.upperBound;
  const below = at === 0 ? { upperBound: 0, count: 0 } : (buckets[at - 1] as Bucket);
  const share = (rank - below.count) / (bucket.count - below.count);
  return below.upperBound + (bucket.upperBound - below.upperBound) * share;
}

/** How many observations are estimated below a value. Buckets of infinite width are not interpolated. */
function rankOf(value: number, buckets: readonly Bucket[], total: number): number {
  let below = 0;
  let from = -Infinity;
  for (const [index, { upperBound, count }] of buckets.entries()) {
    if (from >= value) return Math.min(below, total);
    if (value < upperBound) {
      const start = index === 0 && upperBound > 0 ? 0 : from;
      if (index === 0 && value <= start) return below;
      if (start === -Infinity) return count;
      return Math.min(below + ((count - below) * (value - start)) / (upperBound - start), total);
    }
    below = count;
    from = upperBound;
  }
  return total;
}

function mergeBuckets(unsorted: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const { upperBound, count } of [...unsorted].sort((left, right) =>
    order(left.upperBound, right.upperBound),
  )) {
    const last = merged.at(-1);
    if (last?.upperBound === upperBound) last.count += count;
    else merged.push({ upperBound, count });
  }
  return merged;
}

// Infinity minus infinity is NaN, so subtraction does not order bounds.
function order(left: number, right: number): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function forceRising(buckets: Bucket[], smallStep: number): boolean {
  let repaired = false;
  let before = buckets[0]?.count ?? 0;
  for (const bucket of buckets.slice(1)) {
    const { count } = bucket;
    if (count === before) continue;
    if (nearlyEqual(before, count, smallStep)) {
      bucket.count = before;
    } else if (count < before) {
      bucket.count = before;
      repaired = true;
    } else {
      before = count;
    }
  }
  return repaired;
}

function nearlyEqual(left: number, right: number, tolerance: number): boolean {
  if (tolerance === 0) return false;
  const sum = Math.abs(left) + Math.abs(right);
  return Math.abs(left - right) / Math.min(sum, Number.MAX_VALUE) < tolerance;
}

// histogram_quantile and histogram_fraction: finds the buckets of each histogram among the series.

interface Histogram {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly buckets: { readonly row: number; readonly upperBound: number }[];
}

/** @param span - Of the quantile and of the vector, for annotations. */
export function histogramQuantile(
  quantiles: Float64Array,
  matrix: Matrix,
  spans: { readonly quantile: Span; readonly vector: Span },
  context: EvalContext,
): Matrix {
  checkQuantiles(quantiles, spans.quantile, context);
  return perHistogram(matrix, spans.vector, context, (step, buckets, name) => {
    const { value, repaired } = bucketQuantile(quantiles[step] as number, buckets, context.dialect);
    if (repaired) {
      context.annotations.inform(
        `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ${goQuote(name)}`,
        spans.vector,
      );
    }
    return value;
  });
}

/** The share of observations between two values. */
export function histogramFraction(
  lower: Float64Array,
  upper: Float64Array,
  matrix: Matrix,
  span: Span,
  context: EvalContext,
): Matrix {
  return perHistogram(matrix, span, context, (step, buckets) =>
    bucketFraction(lower[step] as number, upper[step] as number, buckets),
  );
}

function perHistogram(
  matrix: Matrix,
  span: Span,
  context: EvalContext,
  valueOf: (step: number, buckets: readonly Bucket[], name: string) => number,
): Matrix {
  const histograms = collect(matrix, span, context);
  const builder = createMatrixBuilder(histograms.length, matrix.steps);
  for (const { labels, dropName, buckets } of histograms) {
    const { offset } = builder;
    for (let step = 0; step < matrix.steps; step += 1) {
      const found: Bucket[] = [];
      for (const { row, upperBound } of buckets) {
        const cell = row * matrix.steps + step;
        if (matrix.present[cell] === 1) found.push({ upperBound, count: matrix.values[cell] as number });
      }
      if (found.length === 0) continue;
      builder.values[offset + step] = valueOf(step, found, labels.get(METRIC_NAME));
      builder.present[offset + step] = 1;
    }
    builder.commit(labels, dropName);
  }
  return dropNames(builder.build(), context);
}

function collect(matrix: Matrix, span: Span, context: EvalContext): Histogram[] {
  const histograms = new Map<string, Histogram>();
  matrix.labels.forEach((labels, row) => {
    const text = labels.get("le");
    const upperBound = parseGoFloat(text);
    if (upperBound === undefined) {
      context.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${goQuote(text)} for metric name ${goQuote(labels.get(METRIC_NAME))}`,
        span,
      );
      return;
    }
    const group = labels.without(["le"]);
    const known = histograms.get(group.key);
    if (known !== undefined) known.buckets.push({ row, upperBound });
    else histograms.set(group.key, { labels: group, dropName: false, buckets: [{ row, upperBound }] });
  });
  return [...histograms.values()];
}

// label_replace and label_join. Version 3 checks their texts before it evaluates the vector, version 2 after.

/** Sets a label to what a template makes of another label that matches. */
export function labelReplace(vector: () => Matrix, args: readonly string[], context: EvalContext): Matrix {
  const evaluated = context.dialect === 2 ? vector() : undefined;
  const [target = "", template = "", source = "", pattern = ""] = args;
  const expression = compile(pattern, context);
  if (!isLabelName(target, context)) throw invalidLabel("destination", "label_replace", target);
  return relabel(evaluated ?? vector(), target, (get) => {
    const groups = expression.groups(get(source));
    return groups === undefined ? undefined : expandTemplate(template, groups, expression.names);
  });
}

/** Sets a label to other labels, joined. */
export function labelJoin(vector: () => Matrix, args: readonly string[], context: EvalContext): Matrix {
  const evaluated = context.dialect === 2 ? vector() : undefined;
  const [target = "", separator = "", ...sources] = args;
  for (const source of sources) {
    if (!isLabelName(source, context)) throw invalidLabel("source", "label_join", source);
  }
  if (!isLabelName(target, context)) throw invalidLabel("destination", "label_join", target);
  return relabel(evaluated ?? vector(), target, (get) => sources.map(get).join(separator));
}

/** Whether a text may name a label: any UTF-8 that is not empty since version 3. */
export function isLabelName(name: string, context: Pick<EvalContext, "dialect">): boolean {
  return context.dialect === 3 ? name !== "" && isUtf8(name) : isPlainLabelName(name);
}

function relabel(
  matrix: Matrix,
  target: string,
  valueFor: (get: (name: string) => string) => string | undefined,
): Matrix {
  const dropName = [...matrix.dropName];
  const labels = matrix.labels.map((before, row) => {
    const value = valueFor((name) => before.get(name));
    if (value === undefined) return before;
    if (target === METRIC_NAME) dropName[row] = false;
    return before.with(target, value);
  });
  return mergeEqualRows({ ...matrix, labels, dropName });
}

function compile(pattern: string, context: EvalContext): AnchoredRegExp {
  try {
    return context.expressions.compile(pattern);
  } catch (error) {
    if (!(error instanceof RegExpSyntaxError)) throw error;
    throw new PromqlExecutionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

function invalidLabel(which: string, where: string, name: string): PromqlExecutionError {
  return new PromqlExecutionError(`invalid ${which} label name in ${where}(): ${name}`);
}

// Functions of one value: arithmetic and trigonometry.

/** Functions applied to each value of a vector. */
export const MATH_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map<
  string,
  (value: number) => number
>([
  ["abs", Math.abs],
  ["acos", Math.acos],
  ["acosh", Math.acosh],
  ["asin", Math.asin],
  ["asinh", Math.asinh],
  ["atan", Math.atan],
  ["atanh", Math.atanh],
  ["ceil", Math.ceil],
  ["cos", Math.cos],
  ["cosh", Math.cosh],
  ["deg", (value) => (value * 180) / Math.PI],
  ["exp", Math.exp],
  ["floor", Math.floor],
  ["ln", Math.log],
  ["log10", Math.log10],
  ["log2", Math.log2],
  ["rad", (value) => (value * Math.PI) / 180],
  ["sgn", Math.sign],
  ["sin", Math.sin],
  ["sinh", Math.sinh],
  ["sqrt", Math.sqrt],
  ["tan", Math.tan],
  ["tanh", Math.tanh],
]);

// Functions of a time in seconds since the epoch, in UTC.

/** A moment: its date in a range that JavaScript knows, and the years to add to that. */
interface Moment {
  readonly date: Date;
  readonly yearsToAdd: number;
}

/** By name. Without argument they take the evaluation time. */
export const DATE_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map(
  Object.entries({
    day_of_month: ({ date }: Moment) => date.getUTCDate(),
    day_of_week: ({ date }: Moment) => date.getUTCDay(),
    day_of_year: ({ date }: Moment) =>
      (startOfDay(date) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000 + 1,
    days_in_month: ({ date }: Moment) =>
      new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
    hour: ({ date }: Moment) => date.getUTCHours(),
    minute: ({ date }: Moment) => date.getUTCMinutes(),
    month: ({ date }: Moment) => date.getUTCMonth() + 1,
    year: ({ date, yearsToAdd }: Moment) => date.getUTCFullYear() + yearsToAdd,
  }).map(([name, part]) => [name, (seconds: number) => part(momentOf(seconds))]),
);

const DATE_SECONDS_MAX = 8.64e12;
const INT64_MIN = -(2n ** 63n);
// Go counts from this year, in an unsigned number that wraps around.
const FIRST_YEAR = -292_277_022_399;
const EPOCH_SECONDS = 62_135_596_800n + 9_223_371_966_579_724_800n;
// After 400 years the calendar repeats, weekdays included. 2001 stands in that cycle where the first year does.
const CYCLE_SECONDS = 12_622_780_800n;

function momentOf(seconds: number): Moment {
  if (Math.abs(seconds) < DATE_SECONDS_MAX)
    return { date: new Date(Math.trunc(seconds) * 1000), yearsToAdd: 0 };
  // What no 64-bit integer holds becomes the smallest one, as it does in Go.
  const fits = seconds >= -(2 ** 63) && seconds < 2 ** 63;
  const absolute = BigInt.asUintN(64, (fits ? BigInt(Math.trunc(seconds)) : INT64_MIN) + EPOCH_SECONDS);
  const date = new Date(Date.UTC(2001, 0, 1) + Number(absolute % CYCLE_SECONDS) * 1000);
  return { date, yearsToAdd: FIRST_YEAR - 2001 + Number(absolute / CYCLE_SECONDS) * 400 };
}

function startOfDay(date: Date): number {
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
}

// Double exponential smoothing, the `holt_winters` of Prometheus 2.

/** @throws PromqlExecutionError when a factor is not between 0 and 1. */
export function holtWinters({ values, from, to }: Window, smoothing: number, trend: number): number {
  requireFactor("smoothing", "sf", smoothing);
  requireFactor("trend", "tf", trend);
  let before = 0;
  let level = values[from] as number;
  let slope = (values[from + 1] as number) - level;
  for (let index = from + 1; index < to; index += 1) {
    if (index > from + 1) slope = trend * (level - before) + (1 - trend) * slope;
    const next = smoothing * (values[index] as number) + (1 - smoothing) * (level + slope);
    before = level;
    level = next;
  }
  return level;
}

function requireFactor(what: string, short: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw new PromqlExecutionError(
    `invalid ${what} factor. Expected: 0 < ${short} < 1, got: ${value.toFixed(6)}`,
  );
}
