/** The formulas of a comparison. Pure; every percentage is 0 when its base is 0. */
import jstat from "jstat";
import type { Significance } from "../model/index.js";

/** Share of the baseline that the candidate saves: (b - c) / b * 100. */
export function reductionPercent(baseline: number, candidate: number): number {
  return percentOf(baseline - candidate, baseline);
}

/** Growth from baseline to candidate: (c - b) / b * 100. */
export function increasePercent(baseline: number, candidate: number): number {
  return percentOf(candidate - baseline, baseline);
}

/** Share of critical processes that the candidate still sees; 100 when the baseline sees none. */
export function coveragePercent(baselineCritical: number, candidateCritical: number): number {
  return baselineCritical === 0 ? 100 : Math.min(100, percentOf(candidateCritical, baselineCritical));
}

/** @returns The mean; 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Welch's t-test of two samples, two-sided, with the Welch-Satterthwaite degrees of freedom and Cohen's d over
 * the pooled deviation.
 *
 * Samples without any spread cannot be tested by t: they are told apart with certainty when their means
 * differ, and not at all when they do not. Fewer than two values on a side tell nothing.
 */
export function welchTest(a: readonly number[], b: readonly number[]): Significance {
  const nothing = { t: 0, degrees_of_freedom: 0, p_value: 1, effect_size: 0, significant: false };
  if (a.length < 2 || b.length < 2) return nothing;
  const difference = mean(a) - mean(b);
  const errorA = variance(a) / a.length;
  const errorB = variance(b) / b.length;
  const error = errorA + errorB;
  // Squares of the smallest numbers vanish; such a spread is none.
  if (error ** 2 === 0) return difference === 0 ? nothing : { ...nothing, p_value: 0, significant: true };
  const t = difference / Math.sqrt(error);
  const freedom = error ** 2 / (errorA ** 2 / (a.length - 1) + errorB ** 2 / (b.length - 1));
  const pValue = Math.min(1, 2 * (1 - jstat.studentt.cdf(Math.abs(t), freedom)));
  const pooled = ((a.length - 1) * variance(a) + (b.length - 1) * variance(b)) / (a.length + b.length - 2);
  return {
    t,
    degrees_of_freedom: freedom,
    p_value: pValue,
    effect_size: difference / Math.sqrt(pooled),
    significant: pValue < 0.05,
  };
}

// Of a sample: divided by n - 1.
function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

function percentOf(part: number, base: number): number {
  const percent = (part / base) * 100;
  return base === 0 || !Number.isFinite(percent) ? 0 : percent;
}
