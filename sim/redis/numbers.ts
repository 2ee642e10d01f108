/** Numbers as Redis 7.0 reads and writes them. */
import { addLongDoubles } from "./long-double.js";
import { notAFloat, notAnInteger, RedisError } from "./reply.js";

const integerPattern = /^(?:0|-?[1-9]\d{0,18})$/;
const longMax = 2n ** 63n - 1n;
const longMin = -(2n ** 63n);

/** @returns The signed 64-bit integer that `text` spells in its only canonical form, or undefined. */
export function readLong(text: string): bigint | undefined {
  if (!integerPattern.test(text)) return undefined;
  const value = BigInt(text);
  return value > longMax || value < longMin ? undefined : value;
}

export function fitsLong(value: bigint): boolean {
  return value <= longMax && value >= longMin;
}

/** As small a JavaScript number as holds it. */
export function shrink(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Reads an index, count or time; beyond 2^53 it is rounded, which no caller can notice. */
export function readInteger(text: string, problem?: string): number {
  if (text.length < 16 && integerPattern.test(text)) return Number(text);
  const value = readLong(text);
  if (value === undefined) throw problem === undefined ? notAnInteger() : new RedisError(problem);
  return Number(value);
}

/** Reads an integer that must lie in a range. */
export function readIntegerIn(text: string, min: number, max: number, problem: string): number {
  const value = readInteger(text, problem);
  if (value < min || value > max) throw new RedisError(problem);
  return value;
}

const floatPattern = /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|0x[\da-f]+)$/i;
const infinityPattern = /^([+-]?)inf(?:inity)?$/i;

/** @returns The double that C's strtod reads from the whole text, or undefined; never NaN. */
export function readDouble(text: string): number | undefined {
  if (floatPattern.test(text)) {
    if (text.startsWith("-0x") || text.startsWith("-0X")) return -Number(text.slice(1));
    return Number(text.startsWith("+") ? text.slice(1) : text);
  }
  const infinite = infinityPattern.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === "-" ? -Infinity : Infinity;
}

export function requireDouble(text: string): number {
  const value = readDouble(text);
  if (value === undefined) throw notAFloat();
  return value;
}

/** C's `%.<digits>g`, the form of scores (17 digits, Redis 7.0) and of numbers in Lua text (14 digits). */
export function formatGeneral(value: number, digits: number): string {
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (Number.isNaN(value)) return "nan";
  if (Number.isSafeInteger(value) && Math.abs(value) < 10 ** Math.min(digits, 15)) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  const [mantissa = "", exponentText = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  const trim = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent < -4 || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${trim(mantissa)}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return trim(value.toFixed(Math.max(0, Math.min(100, digits - 1 - exponent))));
}

/** A score as a reply shows it. */
export function formatScore(score: number): string {
  return formatGeneral(score, 17);
}

/**
 * The sum as INCRBYFLOAT writes it: added in 80-bit floats, seventeen decimals, trailing zeros removed.
 *
 * @throws RedisError when an operand is no float, or the sum is not finite.
 */
export function addFloats(left: string, right: string): string {
  const leftNumber = requireDouble(left);
  const rightNumber = requireDouble(right);
  const sum = leftNumber + rightNumber;
  if (!Number.isFinite(sum)) throw new RedisError("ERR increment would produce NaN or Infinity");
  const text = addLongDoubles(left, right);
  return text === undefined ? formatGeneral(sum, 17) : text.replace(/\.?0+$/, "");
}
