/** Double exponential smoothing, the `holt_winters` of Prometheus 2. */
import { PromqlExecutionError } from "./context.js";
import type { Window } from "./window.js";

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
