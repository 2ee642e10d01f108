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
export function addLongDoubles(left: string, right: string): string | undefined {
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
