/** Arithmetic where Go and JavaScript differ, and the operators of the language on two numbers. */
import type { Span } from "./ast.js";
import type { EvalContext } from "./context.js";

/** Go's `math.Pow`: one to any power is one, even to NaN. */
function goPow(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Infinity) return 1;
  return base ** exponent;
}

/** Go's `math.Max`: infinity beats NaN. */
export function goMax(left: number, right: number): number {
  return left === Infinity || right === Infinity ? Infinity : Math.max(left, right);
}

/** Go's `math.Min`: negative infinity beats NaN. */
export function goMin(left: number, right: number): number {
  return left === -Infinity || right === -Infinity ? -Infinity : Math.min(left, right);
}

/** The result of an arithmetic operator, or 1 and 0 for a comparison. */
export function applyOperator(operator: string, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return goPow(left, right);
    case "atan2":
      return Math.atan2(left, right);
    case "==":
      return left === right ? 1 : 0;
    case "!=":
      return left === right ? 0 : 1;
    case "<":
      return left < right ? 1 : 0;
    case ">":
      return left > right ? 1 : 0;
    case "<=":
      return left <= right ? 1 : 0;
    case ">=":
      return left >= right ? 1 : 0;
    default:
      throw new TypeError(`operator ${operator} does not work on numbers`);
  }
}

// Sums that do not lose small terms: Kahan's method with Neumaier's improvement.

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

// Numbers as Go reads and prints them.

/** As the HTTP API prints a sample: fixed, but with an exponent below 1e-6 and from 1e21 on. */
export function formatSample(value: number): string {
  return formatBetween(value, 1e-6, 1e21);
}

/** `%g` and `%v`: an exponent below 1e-4 and from 1e6 on. */
export function formatGeneral(value: number): string {
  return formatBetween(value, 1e-4, 1e6);
}

/** Never with an exponent: `strconv.FormatFloat(value, 'f', -1, 64)`. */
export function formatFixed(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const [mantissa = "", exponent] = text.split("e");
  return exponent === undefined ? text : shiftPoint(mantissa, Number(exponent));
}

/**
 * Reads a number as `strconv.ParseFloat` does: decimal, `Inf`, `NaN`, hexadecimal floats, underscores never.
 *
 * @returns Undefined when the text is no number.
 */
export function parseGoFloat(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return NaN;
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]+)$/.exec(text);
  if (hex === null) return undefined;
  return (hex[1] === "-" ? -1 : 1) * Number(`0x${hex[2] ?? ""}`);
}

function formatBetween(value: number, smallest: number, largest: number): string {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value) || (size >= smallest && size < largest))
    return formatFixed(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${mantissa}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}

function shiftPoint(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${"0".repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

// The quantile of a list of values.

/** Linear between neighbours; NaN counts as the smallest value. Sorts `values` in place. */
export function quantileOf(quantile: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(quantile)) return NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  values.sort(nanFirst);
  const rank = quantile * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (values[lower] as number) * (1 - weight) + (values[upper] as number) * weight;
}

function nanFirst(left: number, right: number): number {
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : -1;
  return Number.isNaN(right) ? 1 : left - right;
}

// The warning about a quantile that is none.

/** Warns for each quantile outside of 0 to 1. */
export function checkQuantiles(quantiles: Float64Array, span: Span, context: EvalContext): void {
  for (const quantile of quantiles) {
    if (quantile >= 0 && quantile <= 1) continue;
    context.annotations.warn(
      `quantile value should be between 0 and 1, got ${formatGeneral(quantile)}`,
      span,
    );
  }
}
