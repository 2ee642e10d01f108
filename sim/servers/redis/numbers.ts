/** Numbers as Redis 7.0 reads and writes them. */
import { RedisError, notAFloat, notAnInteger } from "./reply.js";

/**
 * The 80-bit floats that INCRBYFLOAT adds with, and exact decimal output. A value is `mantissa * 2 ** exponent`
 * with a mantissa of at most 64 bits.
 */
interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const mantissaBits = 64;

const bitLength = (value: bigint): number => value.toString(2).length;

/** `numerator / denominator`, both positive, to the nearest whole number, ties to even. */
function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** The long double nearest to a fraction. */
function round(numerator: bigint, denominator: bigint): LongDouble {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  let exponent = bitLength(size) - bitLength(denominator) - mantissaBits;
  const scaled = (power: number): bigint =>
    power < 0
      ? divideToEven(size << BigInt(-power), denominator)
      : divideToEven(size, denominator << BigInt(power));
  let mantissa = scaled(exponent);
  if (bitLength(mantissa) > mantissaBits) {
    exponent += 1;
    mantissa = scaled(exponent);
  }
  return { mantissa: negative ? -mantissa : mantissa, exponent };
}

/** @param text - A plain decimal number with an exponent of at most a few hundred; else undefined. */
function parse(text: string): LongDouble | undefined {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = parts;
  const power = Number(exponentText) - fraction.length;
  if (Math.abs(power) > 400) return undefined;
  const digits = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`);
  return power >= 0 ? round(digits * 10n ** BigInt(power), 1n) : round(digits, 10n ** BigInt(-power));
}

/** `%.<digits>f` of an exact value. */
function print({ mantissa, exponent }: LongDouble, digits: number): string {
  const size = (mantissa < 0n ? -mantissa : mantissa) * 10n ** BigInt(digits);
  const units = exponent >= 0 ? size << BigInt(exponent) : divideToEven(size, 1n << BigInt(-exponent));
  const text = units.toString().padStart(digits + 1, "0");
  const number = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return mantissa < 0n ? `-${number}` : number;
}

/** The sum of two decimal numbers with seventeen decimals, or undefined when one is out of the usual range. */
function addLongDoubles(left: string, right: string): string | undefined {
  const [a, b] = [parse(left), parse(right)];
  if (a === undefined || b === undefined) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const rounded = exponent >= 0 ? round(sum << BigInt(exponent), 1n) : round(sum, 1n << BigInt(-exponent));
  return print(rounded, 17);
}

/** `%.<digits>f` as C prints it: from the exact binary value, ties to even. */
export function toFixedExact(value: number, digits: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const size = biased === 0 ? fraction : fraction | (1n << 52n);
  const mantissa = bits >> 63n === 1n ? -size : size;
  return print({ mantissa, exponent: Math.max(1, biased) - 1075 }, digits);
}

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
