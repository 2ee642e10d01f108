/** Walks the windows of a range over its samples. */
import type { RangeInput, RangeSeries } from "./selection.js";
import type { EvalContext } from "./context.js";
import { timeAt } from "./context.js";

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
