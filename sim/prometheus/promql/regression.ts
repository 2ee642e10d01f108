/** The straight line through the samples of a window, by least squares. */
import { kahanAdd, type KahanSum } from "./kahan.js";
import type { Window } from "./window.js";

/** Slope per second, and the value at `originMs`. */
export function linearRegression(window: Window, originMs: number): { slope: number; intercept: number } {
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
