/** The statistics that a history is judged by. */
import jstat from "jstat";

/** @returns The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/**
 * The rate that lies below the true one with the given confidence: the one-sided exact interval of
 * C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
 * binomial", Biometrika 26 (1934), pages 404 to 413; as a quantile of the beta distribution, B(1 - confidence;
 * failures, runs - failures + 1).
 *
 * @param confidence - Above 0 and below 1.
 * @returns 0 when nothing failed.
 */
export function failureRateAtLeast(failures: number, runs: number, confidence: number): number {
  return failures === 0 ? 0 : jstat.beta.inv(1 - confidence, failures, runs - failures + 1);
}

/**
 * How many runs without a failure it takes to show, with the given confidence, that at most `rate` fail: the
 * smallest n with (1 - rate)^n <= 1 - confidence, the case of no failures of the same interval.
 */
export function runsToShow(rate: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - rate));
}
