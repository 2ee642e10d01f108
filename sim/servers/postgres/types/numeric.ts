/** Exact decimals with a display scale, as PostgreSQL's `numeric` keeps them. */
import { DatabaseError } from "../database-error.js";

export interface Numeric {
  /** The digits without the point; `null` stands for NaN. */
  readonly digits: bigint | null;
  /** How many of the digits stand behind the point. */
  readonly scale: number;
}

const notANumber: Numeric = { digits: null, scale: 0 };
const divisionSignificantDigits = 16;

/** @throws DatabaseError 22P02 when the text is no number. */
export function parseNumeric(text: string): Numeric {
  const trimmed = text.trim();
  if (/^nan$/i.test(trimmed)) return notANumber;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(trimmed);
  const whole = match?.[2] ?? "";
  const fraction = match?.[3] ?? "";
  if (match === null || whole + fraction === "") {
    throw new DatabaseError("22P02", `invalid input syntax for type numeric: "${text}"`);
  }
  const exponent = Number(match[4] ?? 0);
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - exponent;
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  return { digits: match[1] === "-" ? -digits : digits, scale };
}

export function printNumeric({ digits, scale }: Numeric): string {
  if (digits === null) return "NaN";
  const negative = digits < 0n;
  const text = (negative ? -digits : digits).toString().padStart(scale + 1, "0");
  const point = text.length - scale;
  const body = scale === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
  return negative ? `-${body}` : body;
}

export function numericOf(value: number | bigint): Numeric {
  if (typeof value === "bigint") return { digits: value, scale: 0 };
  if (Number.isInteger(value)) return { digits: BigInt(value), scale: 0 };
  // A float becomes numeric through its shortest text of at most 15 digits.
  return parseNumeric(Number(value.toPrecision(15)).toString());
}

export function numericToNumber(value: Numeric): number {
  return Number(printNumeric(value));
}

/** Rounds half away from zero to `scale` digits behind the point, or pads with zeros. */
export function roundNumeric({ digits, scale: from }: Numeric, scale: number): Numeric {
  if (digits === null) return notANumber;
  if (scale >= from) return { digits: digits * 10n ** BigInt(scale - from), scale };
  const divisor = 10n ** BigInt(from - scale);
  const half = divisor / 2n;
  const rounded = digits < 0n ? -((-digits + half) / divisor) : (digits + half) / divisor;
  return { digits: rounded, scale };
}

function aligned(a: Numeric, b: Numeric): [bigint, bigint, number] | null {
  if (a.digits === null || b.digits === null) return null;
  const scale = Math.max(a.scale, b.scale);
  return [a.digits * 10n ** BigInt(scale - a.scale), b.digits * 10n ** BigInt(scale - b.scale), scale];
}

export function addNumeric(a: Numeric, b: Numeric): Numeric {
  const pair = aligned(a, b);
  return pair === null ? notANumber : { digits: pair[0] + pair[1], scale: pair[2] };
}

export function negateNumeric({ digits, scale }: Numeric): Numeric {
  return { digits: digits === null ? null : -digits, scale };
}

export function multiplyNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.digits === null || b.digits === null) return notANumber;
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

/** Remainder with the sign of the dividend. @throws DatabaseError 22012 */
export function remainderNumeric(a: Numeric, b: Numeric): Numeric {
  const pair = aligned(a, b);
  if (pair === null) return notANumber;
  if (pair[1] === 0n) throw new DatabaseError("22012", "division by zero");
  return { digits: pair[0] % pair[1], scale: pair[2] };
}

/** Position of the first base-10000 digit and its value, which decide the scale of a quotient. */
function leadingGroup(value: Numeric): { weight: number; group: number } {
  const digits = value.digits === null || value.digits < 0n ? -(value.digits ?? 0n) : value.digits;
  if (digits === 0n) return { weight: 0, group: 0 };
  const text = digits.toString();
  const magnitude = text.length - value.scale - 1;
  const weight = Math.floor(magnitude / 4);
  const groupLength = magnitude - weight * 4 + 1;
  return { weight, group: Number(text.slice(0, groupLength).padEnd(groupLength, "0")) };
}

/** Quotient with the scale that PostgreSQL's `select_div_scale` gives it. @throws DatabaseError 22012 */
export function divideNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.digits === null || b.digits === null) return notANumber;
  if (b.digits === 0n) throw new DatabaseError("22012", "division by zero");
  const top = leadingGroup(a);
  const bottom = leadingGroup(b);
  const weight = top.weight - bottom.weight - (top.group <= bottom.group ? 1 : 0);
  const scale = Math.max(divisionSignificantDigits - weight * 4, a.scale, b.scale, 0);
  const extra = scale + 1 + b.scale - a.scale;
  const scaled = extra >= 0 ? a.digits * 10n ** BigInt(extra) : a.digits / 10n ** BigInt(-extra);
  return roundNumeric({ digits: scaled / b.digits, scale: scale + 1 }, scale);
}

/** NaN sorts above every number and equals itself. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  const pair = aligned(a, b);
  if (pair !== null) return pair[0] < pair[1] ? -1 : pair[0] > pair[1] ? 1 : 0;
  return (a.digits === null ? 1 : 0) - (b.digits === null ? 1 : 0);
}
