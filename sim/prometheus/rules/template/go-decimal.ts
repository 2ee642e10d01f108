/** Decimal digits as Go prints them: of two numbers that are equally near, the even one. JavaScript takes the larger. */

/** `%.<digits>f`. */
export function toFixed(value: number, digits: number): string {
  const { sign, numerator, denominator } = fractionOf(value);
  const scaled = roundHalfEven(numerator * 10n ** BigInt(digits), denominator);
  const text = scaled.toString().padStart(digits + 1, "0");
  const point = text.length - digits;
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}

/** `%.<digits>e`, with `digits` behind the point. */
export function toExponential(value: number, digits: number): string {
  const { sign, numerator, denominator } = fractionOf(value);
  if (numerator === 0n) return `${sign}${withPoint("0".repeat(digits + 1))}e+00`;
  let exponent = Number(Math.abs(value).toExponential().split("e")[1]);
  let scaled = scaleTo(numerator, denominator, digits - exponent);
  if (scaled.toString().length > digits + 1) {
    exponent += 1;
    scaled = scaleTo(numerator, denominator, digits - exponent);
  }
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${sign}${withPoint(scaled.toString())}e${exponent < 0 ? "-" : "+"}${power}`;
}

function withPoint(digits: string): string {
  return digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`;
}

function scaleTo(numerator: bigint, denominator: bigint, power: number): bigint {
  return power >= 0
    ? roundHalfEven(numerator * 10n ** BigInt(power), denominator)
    : roundHalfEven(numerator, denominator * 10n ** BigInt(-power));
}

function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice < denominator || (twice === denominator && whole % 2n === 0n)) return whole;
  return whole + 1n;
}

/** The exact value of a finite number. */
function fractionOf(value: number): { sign: string; numerator: bigint; denominator: bigint } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const sign = raw >> 63n === 1n ? "-" : "";
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = Math.max(biased, 1) - 1075;
  return exponent >= 0
    ? { sign, numerator: mantissa << BigInt(exponent), denominator: 1n }
    : { sign, numerator: mantissa, denominator: 1n << BigInt(-exponent) };
}
