/** Sums that do not lose small terms: Kahan's method with Neumaier's improvement. */

/** A running sum and what rounding has taken from it. */
export interface KahanSum {
  sum: number;
  lost: number;
}

/** Adds one term in place. */
export function kahanAdd(total: KahanSum, term: number): void {
  const next = total.sum + term;
  if (next === Infinity || next === -Infinity) total.lost = 0;
  else if (Math.abs(total.sum) >= Math.abs(term)) total.lost += total.sum - next + term;
  else total.lost += term - next + total.sum;
  total.sum = next;
}

/** A mean that is a plain sum divided by a count, until the sum would overflow. */
export interface RunningMean extends KahanSum {
  count: number;
  /** True once the mean is kept instead of the sum. */
  incremental: boolean;
}

/** Adds one value in place. */
export function meanAdd(mean: RunningMean, value: number): void {
  mean.count += 1;
  const { count } = mean;
  if (!mean.incremental) {
    const trial: KahanSum = { sum: mean.sum, lost: mean.lost };
    kahanAdd(trial, value);
    if (count === 1 || Math.abs(trial.sum) !== Infinity) {
      mean.sum = trial.sum;
      mean.lost = trial.lost;
      return;
    }
    mean.incremental = true;
    mean.sum /= count - 1;
    mean.lost /= count - 1;
  }
  if (infinityStays(mean.sum, value)) return;
  const share = (count - 1) / count;
  mean.sum *= share;
  mean.lost *= share;
  kahanAdd(mean, value / count);
}

/** The mean of what was added. */
export function meanOf(mean: RunningMean): number {
  return mean.incremental ? mean.sum + mean.lost : mean.sum / mean.count + mean.lost / mean.count;
}

/** Whether an infinite mean keeps its value when `value` comes in. */
export function infinityStays(mean: number, value: number): boolean {
  if (Math.abs(mean) !== Infinity || Number.isNaN(value)) return false;
  return Math.abs(value) !== Infinity || mean > 0 === value > 0;
}
