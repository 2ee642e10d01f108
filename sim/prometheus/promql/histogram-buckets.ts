/** Arithmetic on the cumulative buckets of one classic histogram at one moment. */

export interface Bucket {
  readonly upperBound: number;
  count: number;
}

// From 2.49 on, steps this small between buckets are rounding and not a fault of the data.
const SMALL_STEP = 1e-12;

/** A quantile, and whether the buckets had to be repaired for it. */
export interface QuantileResult {
  readonly value: number;
  readonly repaired: boolean;
}

/** `histogram_quantile` of buckets in any order. */
export function bucketQuantile(
  quantile: number,
  unsorted: readonly Bucket[],
  dialect: 2 | 3,
): QuantileResult {
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
export function bucketFraction(lower: number, upper: number, unsorted: readonly Bucket[]): number {
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
