/** How fast a counter or gauge moves: rate, increase, delta, irate, idelta. */
import type { Window } from "./window.js";

/**
 * Change over the window, extrapolated to its ends: up to 1.1 average intervals, else by half an interval, and
 * never to where a counter would be below zero.
 */
export function extrapolatedChange(window: Window, kind: "rate" | "increase" | "delta"): number {
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
export function instantChange(window: Window, kind: "irate" | "idelta"): number {
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
