/** Exact decimals with a display scale, as PostgreSQL's `numeric` keeps them. */
import { DatabaseError } from "../database-error.js";

export interface Numeric {
  /** The digits without the point; null for NaN (scale 0) and the infinities (scale 1 and -1). */
  readonly digits: bigint | null;
  /** How many of the digits stand behind the point. */
  readonly scale: number;
}

const notANumber: Numeric = { digits: null, scale: 0 };
const significantDigits = 16;
const displayScaleMax = 1000;
const wholeDigitsMax = 131_072;

const powers: bigint[] = [];
function ten(power: number): bigint {
  return (powers[power] ??= 10n ** BigInt(power));
}

function overflow(): DatabaseError {
  return new DatabaseError("22003", "value overflows numeric format");
}

function checked(value: Numeric): Numeric {
  if (value.digits !== null && value.digits.toString().length - value.scale > wholeDigitsMax)
    throw overflow();
  return value;
}

function special(value: number): Numeric {
  return Number.isNaN(value) ? notANumber : { digits: null, scale: Math.sign(value) };
}

/** @throws DatabaseError 22P02 when the text is no number. */
export function parseNumeric(text: string): Numeric {
  const trimmed = text.trim();
  const word = /^(?:nan|([+-]?)inf(?:inity)?)$/i.exec(trimmed);
  if (word !== null) {
    return word[1] === undefined ? notANumber : { digits: null, scale: word[1] === "-" ? -1 : 1 };
  }
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(trimmed);
  const whole = match?.[2] ?? "";
  const fraction = match?.[3] ?? "";
  if (match === null || whole + fraction === "") {
    throw new DatabaseError("22P02", `invalid input syntax for type numeric: "${text}"`);
  }
  const exponent = Number(match[4] ?? 0);
  if (exponent > wholeDigitsMax || exponent < -16_383 * 2) throw overflow();
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - exponent;
  if (scale < 0) {
    digits *= ten(-scale);
    scale = 0;
  }
  return checked({ digits: match[1] === "-" ? -digits : digits, scale });
}

export function printNumeric({ digits, scale }: Numeric): string {
  if (digits === null) return scale === 0 ? "NaN" : scale > 0 ? "Infinity" : "-Infinity";
  const negative = digits < 0n;
  const text = (negative ? -digits : digits).toString().padStart(scale + 1, "0");
  const point = text.length - scale;
  const body = scale === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
  return negative ? `-${body}` : body;
}

/** @param precision - Significant digits that a float becomes numeric with: 15, or 6 for `real`. */
export function numericOf(value: number | bigint, precision = 15): Numeric {
  if (typeof value === "bigint") return { digits: value, scale: 0 };
  if (!Number.isFinite(value)) return special(value);
  if (Number.isInteger(value) && Math.abs(value) < 10 ** precision)
    return { digits: BigInt(value), scale: 0 };
  if (Number.isInteger(value)) {
    // Halves go to the even neighbour, as printf has it.
    const unit = ten(BigInt(Math.abs(value)).toString().length - precision);
    const whole = BigInt(value) / unit;
    const rest = (BigInt(value) - whole * unit) * 2n;
    const size = rest < 0n ? -rest : rest;
    const isUp = size > unit || (size === unit && whole % 2n !== 0n);
    return { digits: (whole + (isUp ? (value < 0 ? -1n : 1n) : 0n)) * unit, scale: 0 };
  }
  return parseNumeric(Number(value.toPrecision(precision)).toString());
}

export function numericToNumber(value: Numeric): number {
  return Number(printNumeric(value));
}

/** Rounds half away from zero to `scale` digits behind the point (before it when negative), or pads with zeros. */
export function roundNumeric(value: Numeric, scale: number): Numeric {
  const { digits, scale: from } = value;
  if (digits === null) return value;
  if (scale < 0) {
    const whole = roundNumeric({ digits, scale: from - scale }, 0).digits ?? 0n;
    return { digits: whole * ten(-scale), scale: 0 };
  }
  if (scale >= from) return { digits: digits * ten(scale - from), scale };
  const divisor = ten(from - scale);
  const half = divisor / 2n;
  const rounded = digits < 0n ? -((-digits + half) / divisor) : (digits + half) / divisor;
  return { digits: rounded, scale };
}

/** Cuts the digits beyond `scale`. */
export function truncateNumeric(value: Numeric, scale: number): Numeric {
  const { digits, scale: from } = value;
  if (digits === null) return value;
  if (scale >= from) return roundNumeric(value, scale);
  const cut = digits / ten(from - scale);
  return scale < 0 ? { digits: cut * ten(-scale), scale: 0 } : { digits: cut, scale };
}

/** The next whole number down, or up with `up`. */
export function floorNumeric(value: Numeric, up = false): Numeric {
  if (value.digits === null) return value;
  const cut = truncateNumeric(value, 0).digits ?? 0n;
  const isWhole = cut * ten(value.scale) === value.digits;
  const away = value.digits < 0n !== up;
  return { digits: isWhole || !away ? cut : up ? cut + 1n : cut - 1n, scale: 0 };
}

function aligned(a: Numeric, b: Numeric): [bigint, bigint, number] | null {
  if (a.digits === null || b.digits === null) return null;
  const scale = Math.max(a.scale, b.scale);
  return [a.digits * ten(scale - a.scale), b.digits * ten(scale - b.scale), scale];
}

/** With a NaN or an infinity, floats say what comes out; a finite side is as good as its sign. */
function bySigns(a: Numeric, b: Numeric, apply: (a: number, b: number) => number): Numeric {
  const sign = (value: Numeric): number =>
    value.digits === null ? numericToNumber(value) : value.digits === 0n ? 0 : value.digits < 0n ? -1 : 1;
  return numericOf(apply(sign(a), sign(b)) + 0);
}

export function addNumeric(a: Numeric, b: Numeric): Numeric {
  const pair = aligned(a, b);
  if (pair === null) return bySigns(a, b, (x, y) => x + y);
  return checked({ digits: pair[0] + pair[1], scale: pair[2] });
}

export function negateNumeric({ digits, scale }: Numeric): Numeric {
  return digits === null ? { digits, scale: -scale + 0 } : { digits: -digits, scale };
}

export function multiplyNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.digits === null || b.digits === null) return bySigns(a, b, (x, y) => x * y);
  return checked({ digits: a.digits * b.digits, scale: a.scale + b.scale });
}

const divisionByZero = (): DatabaseError => new DatabaseError("22012", "division by zero");

/** Remainder with the sign of the dividend. @throws DatabaseError 22012 */
export function remainderNumeric(a: Numeric, b: Numeric): Numeric {
  if (b.digits === 0n && (a.digits !== null || a.scale !== 0)) throw divisionByZero();
  const pair = aligned(a, b);
  if (pair !== null) return { digits: pair[0] % pair[1], scale: pair[2] };
  return a.digits !== null && b.scale !== 0 ? a : notANumber;
}

/** Position of the first base-10000 digit and its value, which decide the scales of results. */
function leadingGroup(value: Numeric): { weight: number; group: number } {
  const digits = value.digits === null || value.digits < 0n ? -(value.digits ?? 0n) : value.digits;
  if (digits === 0n) return { weight: 0, group: 0 };
  const text = digits.toString();
  const magnitude = text.length - value.scale - 1;
  const weight = Math.floor(magnitude / 4);
  const groupLength = magnitude - weight * 4 + 1;
  return { weight, group: Number(text.slice(0, groupLength).padEnd(groupLength, "0")) };
}

function divideTo(a: bigint, aScale: number, b: bigint, bScale: number, scale: number): Numeric {
  const extra = scale + 1 + bScale - aScale;
  const scaled = extra >= 0 ? a * ten(extra) : a / ten(-extra);
  return roundNumeric({ digits: scaled / b, scale: scale + 1 }, scale);
}

/** Quotient with the scale that PostgreSQL's `select_div_scale` gives it. @throws DatabaseError 22012 */
export function divideNumeric(a: Numeric, b: Numeric): Numeric {
  if (b.digits === 0n && (a.digits !== null || a.scale !== 0)) throw divisionByZero();
  if (a.digits === null || b.digits === null) {
    return a.digits !== null && b.scale !== 0 ? { digits: 0n, scale: 0 } : bySigns(a, b, (x, y) => x / y);
  }
  const top = leadingGroup(a);
  const bottom = leadingGroup(b);
  const weight = top.weight - bottom.weight - (top.group <= bottom.group ? 1 : 0);
  const scale = Math.min(Math.max(significantDigits - weight * 4, a.scale, b.scale, 0), displayScaleMax);
  return checked(divideTo(a.digits, a.scale, b.digits, b.scale, scale));
}

/** NaN sorts above every number and equals itself. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  const pair = aligned(a, b);
  if (pair !== null) return pair[0] < pair[1] ? -1 : pair[0] > pair[1] ? 1 : 0;
  const rank = ({ digits, scale }: Numeric): number =>
    digits !== null ? 0 : scale === 0 ? 2 : scale > 0 ? 1 : -1;
  return rank(a) - rank(b);
}

/** The text without zeros at the end of the fraction. */
export function trimNumeric({ digits, scale }: Numeric): Numeric {
  if (digits === null) return { digits, scale };
  let [cut, left] = [digits, scale];
  while (left > 0 && cut % 10n === 0n) {
    cut /= 10n;
    left -= 1;
  }
  return { digits: cut, scale: left };
}

// Roots, powers and logarithms: computed with guard digits, shown with the scale that numeric.c chooses.

const guard = 24;
const clampScale = (scale: number, ...least: number[]): number =>
  Math.min(Math.max(Math.trunc(scale), 0, ...least), displayScaleMax);

function rootOf(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** @throws DatabaseError 2201F */
export function sqrtNumeric(value: Numeric): Numeric {
  const { digits, scale } = value;
  if (digits === null ? scale < 0 : digits < 0n)
    throw new DatabaseError("2201F", "cannot take square root of a negative number");
  if (digits === null) return value;
  const sweight = Math.trunc(((leadingGroup(value).weight + 1) * 4) / 2) - 1;
  const shown = clampScale(significantDigits - sweight, scale);
  return roundNumeric({ digits: rootOf(digits * ten(2 * shown + 2 - scale)), scale: shown + 1 }, shown);
}

/** Natural logarithm of `value`, both with `places` digits behind the point. */
function lnFixed(value: bigint, places: number): bigint {
  const one = ten(places);
  let [x, doublings] = [value, 0n];
  while (x > (one * 11n) / 10n || x < (one * 9n) / 10n) {
    x = rootOf(x * one);
    doublings += 1n;
  }
  const y = ((x - one) * one) / (x + one);
  const square = (y * y) / one;
  let [sum, term] = [y, y];
  for (let n = 3n; term !== 0n; n += 2n) {
    term = (term * square) / one;
    sum += term / n;
  }
  return (sum * 2n) << doublings;
}

function expFixed(value: bigint, places: number): bigint {
  const one = ten(places);
  let [x, squarings] = [value, 0];
  while ((x < 0n ? -x : x) * 100n > one) {
    x /= 2n;
    squarings += 1;
  }
  let [sum, term] = [one, one];
  for (let n = 1n; term !== 0n; n += 1n) {
    term = (term * x) / (one * n);
    sum += term;
  }
  for (; squarings > 0; squarings -= 1) sum = (sum * sum) / one;
  return sum;
}

function fixed({ digits, scale }: Numeric, places: number): bigint {
  const value = digits ?? 0n;
  return places >= scale ? value * ten(places - scale) : value / ten(scale - places);
}

/** Logarithm as a float, of values beyond the range of floats too. */
function roughLn({ digits, scale }: Numeric): number {
  const text = (digits ?? 1n).toString().replace("-", "");
  return Math.log(Number(`0.${text.slice(0, 17)}`)) + (text.length - scale) * Math.LN10;
}

function lnWeight(value: Numeric): number {
  const number = numericToNumber(value);
  if (number >= 0.9 && number <= 1.1) {
    const rest = addNumeric(value, { digits: -1n, scale: 0 });
    const { weight, group } = leadingGroup(rest);
    return rest.digits === 0n ? 0 : weight * 4 + Math.trunc(Math.log10(group));
  }
  return Math.trunc(Math.log10(Math.abs(roughLn(value))));
}

function checkLogarithm({ digits, scale }: Numeric): void {
  if (digits === 0n) throw new DatabaseError("2201E", "cannot take logarithm of zero");
  if (digits === null ? scale < 0 : digits < 0n)
    throw new DatabaseError("2201E", "cannot take logarithm of a negative number");
}

/** @throws DatabaseError 2201E */
export function lnNumeric(value: Numeric): Numeric {
  checkLogarithm(value);
  if (value.digits === null) return value;
  const shown = clampScale(significantDigits - lnWeight(value), value.scale);
  const places = shown + guard + value.scale;
  return roundNumeric({ digits: lnFixed(fixed(value, places), places), scale: places }, shown);
}

/** Logarithm of `value` to `base`. @throws DatabaseError 2201E, 22012 */
export function logNumeric(base: Numeric, value: Numeric): Numeric {
  checkLogarithm(base);
  checkLogarithm(value);
  if (base.digits === null || value.digits === null) {
    return base.digits !== null
      ? value
      : value.digits !== null && base.scale !== 0
        ? { digits: 0n, scale: 0 }
        : notANumber;
  }
  const shown = clampScale(significantDigits - (lnWeight(value) - lnWeight(base)), base.scale, value.scale);
  const places = shown + guard + Math.max(base.scale, value.scale);
  const bottom = lnFixed(fixed(base, places), places);
  if (bottom === 0n) throw divisionByZero();
  return divideTo(lnFixed(fixed(value, places), places), places, bottom, places, shown);
}

/** @throws DatabaseError 22003 */
export function expNumeric(value: Numeric): Numeric {
  if (value.digits === null) return value.scale < 0 ? { digits: 0n, scale: 0 } : value;
  const magnitude = numericToNumber(value) * Math.LOG10E;
  if (magnitude > wholeDigitsMax) throw overflow();
  const shown = clampScale(
    significantDigits - Math.max(-displayScaleMax, Math.min(Math.trunc(magnitude), displayScaleMax)),
    value.scale,
  );
  const places = shown + guard + Math.max(0, Math.trunc(magnitude));
  return roundNumeric({ digits: expFixed(fixed(value, places), places), scale: places }, shown);
}

/** @throws DatabaseError 2201F, 22003 */
export function powerNumeric(base: Numeric, exponent: Numeric): Numeric {
  if (base.digits === null || exponent.digits === null) {
    return numericOf(numericToNumber(base) ** numericToNumber(exponent));
  }
  const whole = trimNumeric(exponent);
  if (base.digits === 0n && exponent.digits < 0n)
    throw new DatabaseError("2201F", "zero raised to a negative power is undefined");
  if (base.digits < 0n && whole.scale > 0)
    throw new DatabaseError(
      "2201F",
      "a negative number raised to a non-integer power yields a complex result",
    );
  if (base.digits === 0n)
    return { digits: exponent.digits === 0n ? 10n ** 16n : 0n, scale: significantDigits };
  const magnitude = roughLn(base) * numericToNumber(exponent) * Math.LOG10E;
  if (magnitude > wholeDigitsMax) throw overflow();
  if (
    whole.scale === 0 &&
    whole.digits !== null &&
    whole.digits < 2n ** 31n &&
    whole.digits >= -(2n ** 31n)
  ) {
    const shown = clampScale(significantDigits, base.scale);
    if (magnitude < -shown - 10) return { digits: 0n, scale: shown };
    const power = whole.digits < 0n ? -whole.digits : whole.digits;
    const raised = { digits: base.digits ** power, scale: base.scale * Number(power) };
    if (whole.digits >= 0n) return roundNumeric(raised, shown);
    return divideTo(1n, 0, raised.digits, raised.scale, shown);
  }
  const shown = clampScale(significantDigits - Math.trunc(magnitude), base.scale, exponent.scale);
  const places = shown + guard + Math.max(0, Math.trunc(magnitude)) + base.scale + exponent.scale;
  const product = (lnFixed(fixed(base, places), places) * exponent.digits) / ten(exponent.scale);
  return roundNumeric({ digits: expFixed(product, places), scale: places }, shown);
}
