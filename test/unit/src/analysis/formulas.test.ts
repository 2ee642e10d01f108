import { expect, test } from "vitest";
import * as fc from "fast-check";
import {
  coveragePercent,
  increasePercent,
  mean,
  reductionPercent,
  welchTest,
} from "../../../../src/analysis/index.js";

test("percentages follow their formulas, and are zero over a base of zero", () => {
  expect(reductionPercent(200, 50)).toBe(75);
  expect(reductionPercent(0, 50)).toBe(0);
  expect(increasePercent(200, 250)).toBe(25);
  expect(increasePercent(0, 1)).toBe(0);
  expect(coveragePercent(4, 3)).toBe(75);
  expect(coveragePercent(0, 3)).toBe(100);
  expect(coveragePercent(2, 3)).toBe(100);
});

test("percentages are numbers for any numbers", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true }), fc.double({ min: 0, noNaN: true }), (a, b) => {
      for (const value of [reductionPercent(a, b), increasePercent(a, b), coveragePercent(a, b)]) {
        expect(Number.isFinite(value)).toBe(true);
      }
    }),
  );
});

test("Welch's test gives the values of a worked example", () => {
  // By hand: t = -3 / sqrt(2.5); the area beyond it by numerical integration.
  const result = welchTest([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]);
  expect(result.t).toBeCloseTo(-1.8974, 4);
  expect(result.degrees_of_freedom).toBeCloseTo(5.8824, 4);
  expect(result.p_value).toBeCloseTo(0.1075, 4);
  expect(result.significant).toBe(false);
  expect(result.effect_size).toBeCloseTo(-1.2, 4);
});

test("samples without spread differ for certain or not at all", () => {
  expect(welchTest([5, 5, 5], [3, 3, 3])).toMatchObject({ p_value: 0, significant: true });
  expect(welchTest([5, 5, 5], [5, 5, 5])).toMatchObject({ p_value: 1, significant: false });
  expect(welchTest([5], [3, 3])).toMatchObject({ p_value: 1, significant: false });
});

test("Welch's test does not care about sign, and stays a probability", () => {
  const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(samples, samples, (a, b) => {
      const one = welchTest(a, b);
      const other = welchTest(b, a);
      expect(one.p_value).toBeCloseTo(other.p_value, 9);
      expect(one.p_value).toBeGreaterThanOrEqual(0);
      expect(one.p_value).toBeLessThanOrEqual(1);
    }),
  );
});

test("the mean of nothing is zero", () => {
  expect(mean([])).toBe(0);
});
