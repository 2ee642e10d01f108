import { assert, integer, property } from "fast-check";
import { expect, test } from "vitest";

import { failureRateAtLeast, median, runsToShow } from "../../../../../sim/scenarios/history/trends.js";

test("the median is the middle, or between the two middle ones", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7]), median([])]).toEqual([2, 2.5, 7, Number.NaN]);
});

test("the bound agrees with closed forms: all failed, and none failed", () => {
  for (const runs of [1, 2, 7, 50]) {
    expect(failureRateAtLeast(runs, runs, 0.95)).toBeCloseTo(0.05 ** (1 / runs), 10);
    expect(failureRateAtLeast(0, runs, 0.95)).toBe(0);
  }
});

test("at the bound, as many failures or more come by chance exactly as seldom as the confidence says", () => {
  assert(
    property(integer({ min: 1, max: 120 }), integer({ min: 1, max: 120 }), (a, b) => {
      const runs = Math.max(a, b);
      const failures = Math.min(a, b);
      const bound = failureRateAtLeast(failures, runs, 0.95);
      expect(tail(failures, runs, bound)).toBeCloseTo(0.05, 6);
    }),
  );
});

test("runs without a failure show a rate once so many would seldom pass by chance", () => {
  expect(runsToShow(0.05, 0.95)).toBe(59);
  expect(0.95 ** 59).toBeLessThanOrEqual(0.05);
  expect(0.95 ** 58).toBeGreaterThan(0.05);
});

// The probability of `failures` or more in `runs`, each failing with probability `rate`.
function tail(failures: number, runs: number, rate: number): number {
  let sum = 0;
  for (let k = failures; k <= runs; k++) {
    let logTerm = k * Math.log(rate) + (k === runs ? 0 : (runs - k) * Math.log(1 - rate));
    for (let i = 1; i <= k; i++) logTerm += Math.log((runs - k + i) / i);
    sum += Math.exp(logTerm);
  }
  return sum;
}
