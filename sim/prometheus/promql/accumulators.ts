/** Aggregations that fold values one by one: sum, avg, count, min, max, group, stddev, stdvar. */
import { infinityStays, kahanAdd, meanAdd, meanOf, type KahanSum, type RunningMean } from "./kahan.js";
import type { Dialect } from "./dialect.js";

/** Folds the values of one group at one step. */
export interface Accumulator {
  add(value: number): void;
  result(): number;
}

/** @param operator - One of the folding aggregations. */
export function createAccumulator(operator: string, dialect: Dialect): Accumulator {
  switch (operator) {
    case "sum":
      return dialect === 3 ? sum() : plainSum();
    case "avg":
      return dialect === 3 ? average() : plainAverage();
    case "count":
      return count();
    case "group":
      return { add: () => undefined, result: () => 1 };
    case "min":
      return extreme((value, best) => value < best);
    case "max":
      return extreme((value, best) => value > best);
    case "stddev":
      return variance(dialect, Math.sqrt);
    case "stdvar":
      return variance(dialect, (value) => value);
    default:
      throw new TypeError(`${operator} is not a folding aggregation`);
  }
}

function sum(): Accumulator {
  const total: KahanSum = { sum: 0, lost: 0 };
  return { add: (value) => kahanAdd(total, value), result: () => total.sum + total.lost };
}

function plainSum(): Accumulator {
  let total = 0;
  return { add: (value) => void (total += value), result: () => total };
}

function average(): Accumulator {
  const mean: RunningMean = { sum: 0, lost: 0, count: 0, incremental: false };
  return { add: (value) => meanAdd(mean, value), result: () => meanOf(mean) };
}

function plainAverage(): Accumulator {
  let mean = 0;
  let seen = 0;
  return {
    add(value) {
      seen += 1;
      if (seen === 1) mean = value;
      else if (!infinityStays(mean, value)) mean += value / seen - mean / seen;
    },
    result: () => mean,
  };
}

function count(): Accumulator {
  let seen = 0;
  return { add: () => void (seen += 1), result: () => seen };
}

function extreme(better: (value: number, best: number) => boolean): Accumulator {
  let best = NaN;
  return {
    add(value) {
      if (better(value, best) || Number.isNaN(best)) best = value;
    },
    result: () => best,
  };
}

// Welford's method. Version 2 starts from zero even where the first value is infinite.
function variance(dialect: Dialect, finish: (value: number) => number): Accumulator {
  let seen = 0;
  let mean = 0;
  let squares = 0;
  return {
    add(value) {
      seen += 1;
      if (seen === 1) {
        mean = value;
        squares = dialect === 3 && !Number.isFinite(value) ? NaN : 0;
        return;
      }
      const delta = value - mean;
      mean += delta / seen;
      squares += delta * (value - mean);
    },
    result: () => finish(squares / seen),
  };
}
