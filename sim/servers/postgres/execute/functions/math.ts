/** Arithmetic and functions of numbers. */
import { DatabaseError } from "../../database-error.js";
import { int2Type, int4Type } from "../../types/builtin.js";
import { checkBigint, checkInteger } from "../../types/cast.js";
import * as numeric from "../../types/numeric.js";
import type { Numeric } from "../../types/numeric.js";
import { roundEven } from "../../types/temporal.js";
import type { Value } from "../../types/value.js";
import { define, withInfo } from "../resolution.js";

const divisionByZero = (): DatabaseError => new DatabaseError("22012", "division by zero");
const fault = (code: string, text: string): DatabaseError => new DatabaseError(code, text);

type Table = Parameters<typeof define>[0];

/** Operators of the integer types, by the name of the type. */
function integers(name: "int2" | "int4"): Table {
  const type = name === "int2" ? int2Type : int4Type;
  const bits = name === "int2" ? 16 : 32;
  const fit = (value: number): number => checkInteger(type, value + 0);
  const wrap = (value: number): number => (bits === 16 ? (value << 16) >> 16 : value | 0);
  const both = `(${name},${name}) ${name}`;
  return {
    [`+${both}`]: (a: number, b: number) => fit(a + b),
    [`-${both}`]: (a: number, b: number) => fit(a - b),
    [`*${both}`]: (a: number, b: number) => fit(a * b),
    [`/${both}`]: (a: number, b: number) => {
      if (b === 0) throw divisionByZero();
      return fit(Math.trunc(a / b));
    },
    [`%${both}; mod${both}`]: (a: number, b: number) => {
      if (b === 0) throw divisionByZero();
      return (a % b) + 0;
    },
    [`&${both}`]: (a: number, b: number) => a & b,
    [`|${both}`]: (a: number, b: number) => a | b,
    [`#${both}`]: (a: number, b: number) => a ^ b,
    [`<<(${name},int4) ${name}`]: (a: number, b: number) => wrap(a << b),
    [`>>(${name},int4) ${name}`]: (a: number, b: number) => a >> b,
    [`~(${name}) ${name}`]: (a: number) => ~a,
    [`-(${name}) ${name}`]: (a: number) => fit(-a),
    [`+(${name}) ${name}`]: (a: number) => a,
    [`abs(${name}) ${name}; @(${name}) ${name}`]: (a: number) => fit(Math.abs(a)),
  };
}

const magnitude = (a: bigint): bigint => (a < 0n ? -a : a);
function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [magnitude(a), magnitude(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
const lcm = (a: bigint, b: bigint): bigint => (a === 0n || b === 0n ? 0n : magnitude((a / gcd(a, b)) * b));

/** A float result: an infinity that no argument was is an overflow, a zero that should be none an underflow. */
function float(single: boolean, result: number, mayBeZero: boolean, ...args: number[]): number {
  const value = single ? Math.fround(result) : result;
  if (!Number.isFinite(value) && args.every(Number.isFinite)) {
    if (Number.isNaN(value)) return value;
    throw fault("22003", "value out of range: overflow");
  }
  if (value === 0 && !mayBeZero) throw fault("22003", "value out of range: underflow");
  return value;
}

function floats(name: "float4" | "float8"): Table {
  const single = name === "float4";
  // One of each gives a double.
  const cross = (sign: string): string =>
    single ? "" : `; ${sign}(float4,float8) float8; ${sign}(float8,float4) float8`;
  const both = `(${name},${name}) ${name}`;
  return {
    [`+${both}${cross("+")}`]: (a: number, b: number) => float(single, a + b, true, a, b),
    [`-${both}${cross("-")}`]: (a: number, b: number) => float(single, a - b, true, a, b),
    [`*${both}${cross("*")}`]: (a: number, b: number) => float(single, a * b, a === 0 || b === 0, a, b),
    [`/${both}${cross("/")}`]: (a: number, b: number) => {
      if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
      return float(single, a / b, a === 0 || !Number.isFinite(b), a, b);
    },
    [`-(${name}) ${name}`]: (a: number) => -a,
    [`+(${name}) ${name}`]: (a: number) => a,
    [`abs(${name}) ${name}; @(${name}) ${name}`]: Math.abs,
  };
}

function power(a: number, b: number): number {
  if (a === 0 && b < 0) throw fault("2201F", "zero raised to a negative power is undefined");
  if (a < 0 && Number.isFinite(b) && !Number.isInteger(b) && Number.isFinite(a))
    throw fault("2201F", "a negative number raised to a non-integer power yields a complex result");
  if (a === 1 || b === 0) return 1;
  return float(false, a ** b, a === 0 || !Number.isFinite(b) || !Number.isFinite(a), a, b);
}

function logarithm(a: number, log: (value: number) => number): number {
  if (a === 0) throw fault("2201E", "cannot take logarithm of zero");
  if (a < 0) throw fault("2201E", "cannot take logarithm of a negative number");
  return log(a);
}

const inputRange = (): DatabaseError => fault("22003", "input is out of range");
const within = (test: (a: number) => boolean, run: (a: number) => number) => (a: number) => {
  if (!Number.isNaN(a) && !test(a)) throw inputRange();
  return run(a);
};
const degrees = 180 / Math.PI;

/** Trigonometry in degrees, exact where it should be. */
function sinDegrees(a: number): number {
  const turned = ((a % 360) + 360) % 360;
  const exact = new Map([
    [0, 0],
    [30, 0.5],
    [90, 1],
    [150, 0.5],
    [180, 0],
    [210, -0.5],
    [270, -1],
    [330, -0.5],
  ]).get(turned);
  return exact ?? Math.sin(a / degrees);
}
function tanDegrees(a: number): number {
  const turned = ((a % 180) + 180) % 180;
  return (
    new Map([
      [0, 0],
      [45, 1],
      [135, -1],
      [90, Infinity],
    ]).get(turned) ?? Math.tan(a / degrees)
  );
}

const isZero = ({ digits }: Numeric): boolean => digits === 0n;
const absolute = (a: Numeric): Numeric =>
  a.digits === null ? { digits: null, scale: Math.abs(a.scale) } : { ...a, digits: magnitude(a.digits) };

function factorial(n: bigint): Numeric {
  if (n < 0n) throw fault("22003", "factorial of a negative number is undefined");
  if (n > 32_177n) throw fault("22003", "value overflows numeric format");
  let product = 1n;
  for (let factor = 2n; factor <= n; factor += 1n) product *= factor;
  return { digits: product, scale: 0 };
}

/** Whole quotient. */
function divide(a: Numeric, b: Numeric): Numeric {
  if (a.digits === null || b.digits === null) return numeric.truncateNumeric(numeric.divideNumeric(a, b), 0);
  if (isZero(b)) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  const at = (value: Numeric): bigint => numeric.roundNumeric(value, scale).digits ?? 0n;
  return { digits: at(a) / at(b), scale: 0 };
}

const asNumber = (value: Value): number =>
  typeof value === "number" ? value : numeric.numericToNumber(value as Numeric);
const isNaNValue = (value: Value): boolean => Number.isNaN(asNumber(value));
const isInfiniteValue = (value: Value): boolean => Math.abs(asNumber(value)) === Infinity;

function bucket(
  order: (a: Value, b: Value) => number,
  ratio: (value: Value, from: Value, to: Value) => number,
) {
  return (value: Value, low: Value, high: Value, count: number): number => {
    if (count <= 0) throw fault("2201G", "count must be greater than zero");
    if ([value, low, high].some(isNaNValue))
      throw fault("2201G", "operand, lower bound, and upper bound cannot be NaN");
    if ([low, high].some(isInfiniteValue)) throw fault("2201G", "lower and upper bounds must be finite");
    const direction = order(high, low);
    if (direction === 0) throw fault("2201G", "lower bound cannot equal upper bound");
    if (order(value, low) * direction < 0) return 0;
    if (order(value, high) * direction >= 0) return count + 1;
    return Math.floor(ratio(value, low, high) * count + 1e-12) + 1;
  };
}
const floatOrder = (a: Value, b: Value): number => Math.sign((a as number) - (b as number));
const numericRatio = (value: Value, low: Value, high: Value): number => {
  const minus = (a: Value, b: Value): Numeric =>
    numeric.addNumeric(a as Numeric, numeric.negateNumeric(b as Numeric));
  return numeric.numericToNumber(numeric.divideNumeric(minus(value, low), minus(high, low)));
};

function uniform(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 48;
}

export const mathFunctions = define({
  ...integers("int2"),
  ...integers("int4"),
  ...floats("float4"),
  ...floats("float8"),
  "+(int8,int8) int8": (a: bigint, b: bigint) => checkBigint(a + b),
  "-(int8,int8) int8": (a: bigint, b: bigint) => checkBigint(a - b),
  "*(int8,int8) int8": (a: bigint, b: bigint) => checkBigint(a * b),
  "/(int8,int8) int8": (a: bigint, b: bigint) => {
    if (b === 0n) throw divisionByZero();
    return checkBigint(a / b);
  },
  "%(int8,int8) int8; mod(int8,int8) int8": (a: bigint, b: bigint) => {
    if (b === 0n) throw divisionByZero();
    return a % b;
  },
  "&(int8,int8) int8": (a: bigint, b: bigint) => a & b,
  "|(int8,int8) int8": (a: bigint, b: bigint) => a | b,
  "#(int8,int8) int8": (a: bigint, b: bigint) => a ^ b,
  "<<(int8,int4) int8": (a: bigint, b: number) => BigInt.asIntN(64, a << BigInt(b & 63)),
  ">>(int8,int4) int8": (a: bigint, b: number) => a >> BigInt(b & 63),
  "~(int8) int8": (a: bigint) => ~a,
  "-(int8) int8": (a: bigint) => checkBigint(-a),
  "+(int8) int8": (a: bigint) => a,
  "abs(int8) int8; @(int8) int8": (a: bigint) => checkBigint(magnitude(a)),
  "gcd(int4,int4) int4": (a: number, b: number) => checkInteger(int4Type, Number(gcd(BigInt(a), BigInt(b)))),
  "gcd(int8,int8) int8": (a: bigint, b: bigint) => checkBigint(gcd(a, b)),
  "lcm(int4,int4) int4": (a: number, b: number) => checkInteger(int4Type, Number(lcm(BigInt(a), BigInt(b)))),
  "lcm(int8,int8) int8": (a: bigint, b: bigint) => checkBigint(lcm(a, b)),
  "factorial(int8) numeric": factorial,
  "+(numeric,numeric) numeric": numeric.addNumeric,
  "-(numeric,numeric) numeric": (a: Numeric, b: Numeric) => numeric.addNumeric(a, numeric.negateNumeric(b)),
  "*(numeric,numeric) numeric": numeric.multiplyNumeric,
  "/(numeric,numeric) numeric": numeric.divideNumeric,
  "%(numeric,numeric) numeric; mod(numeric,numeric) numeric": numeric.remainderNumeric,
  "div(numeric,numeric) numeric": divide,
  "-(numeric) numeric": numeric.negateNumeric,
  "+(numeric) numeric": (a: Numeric) => a,
  "abs(numeric) numeric; @(numeric) numeric": absolute,
  "^(numeric,numeric) numeric; power(numeric,numeric) numeric; pow(numeric,numeric) numeric":
    numeric.powerNumeric,
  "^(float8,float8) float8; power(float8,float8) float8; pow(float8,float8) float8": power,
  "|/(float8) float8; sqrt(float8) float8; dsqrt(float8) float8": (a: number) => {
    if (a < 0) throw fault("2201F", "cannot take square root of a negative number");
    return Math.sqrt(a);
  },
  "sqrt(numeric) numeric": numeric.sqrtNumeric,
  "||/(float8) float8; cbrt(float8) float8": Math.cbrt,
  "exp(float8) float8": (a: number) => float(false, Math.exp(a), !Number.isFinite(a), a),
  "exp(numeric) numeric": numeric.expNumeric,
  "ln(float8) float8": (a: number) => logarithm(a, Math.log),
  "ln(numeric) numeric": numeric.lnNumeric,
  "log(float8) float8; log10(float8) float8": (a: number) => logarithm(a, Math.log10),
  "log(numeric) numeric; log10(numeric) numeric": (a: Numeric) =>
    numeric.logNumeric({ digits: 10n, scale: 0 }, a),
  "log(numeric,numeric) numeric": numeric.logNumeric,
  "round(float8) float8": roundEven,
  "round(numeric,int4?) numeric": (a: Numeric, scale = 0) => numeric.roundNumeric(a, scale),
  "trunc(float8) float8": Math.trunc,
  "trunc(numeric,int4?) numeric": (a: Numeric, scale = 0) => numeric.truncateNumeric(a, scale),
  "ceil(float8) float8; ceiling(float8) float8": Math.ceil,
  "ceil(numeric) numeric; ceiling(numeric) numeric": (a: Numeric) => numeric.floorNumeric(a, true),
  "floor(float8) float8": Math.floor,
  "floor(numeric) numeric": (a: Numeric) => numeric.floorNumeric(a),
  "sign(float8) float8": (a: number) => (a > 0 ? 1 : a < 0 ? -1 : 0),
  "sign(numeric) numeric": (a: Numeric) =>
    a.digits === null
      ? { digits: a.scale === 0 ? null : BigInt(a.scale), scale: 0 }
      : { digits: a.digits < 0n ? -1n : a.digits > 0n ? 1n : 0n, scale: 0 },
  "scale(numeric) int4": (a: Numeric) => (a.digits === null ? null : a.scale),
  "min_scale(numeric) int4": (a: Numeric) => (a.digits === null ? null : numeric.trimNumeric(a).scale),
  "trim_scale(numeric) numeric": numeric.trimNumeric,
  "gcd(numeric,numeric) numeric": (a: Numeric, b: Numeric) => {
    const scale = Math.max(a.scale, b.scale);
    return {
      digits: gcd(numeric.roundNumeric(a, scale).digits ?? 0n, numeric.roundNumeric(b, scale).digits ?? 0n),
      scale,
    };
  },
  "lcm(numeric,numeric) numeric": (a: Numeric, b: Numeric) => {
    const scale = Math.max(a.scale, b.scale);
    return {
      digits: lcm(numeric.roundNumeric(a, scale).digits ?? 0n, numeric.roundNumeric(b, scale).digits ?? 0n),
      scale,
    };
  },
  "width_bucket(float8,float8,float8,int4) int4": bucket(
    floatOrder,
    (value, low, high) => ((value as number) - (low as number)) / ((high as number) - (low as number)),
  ),
  "width_bucket(numeric,numeric,numeric,int4) int4": bucket(
    (a, b) => numeric.compareNumeric(a as Numeric, b as Numeric),
    numericRatio,
  ),
  "width_bucket(anycompatible,anycompatiblearray) int4": withInfo(
    ({ types }, value: Value, bounds: readonly Value[]) =>
      bounds.filter((bound) => (types[0]?.compare(value, bound) ?? -1) >= 0).length,
  ),
  "pi() float8": () => Math.PI,
  "degrees(float8) float8": (a: number) => float(false, a * degrees, true, a),
  "radians(float8) float8": (a: number) => a / degrees,
  "sin(float8) float8": within((a) => Number.isFinite(a), Math.sin),
  "cos(float8) float8": within((a) => Number.isFinite(a), Math.cos),
  "tan(float8) float8": within((a) => Number.isFinite(a), Math.tan),
  "cot(float8) float8": within(
    (a) => Number.isFinite(a),
    (a) => 1 / Math.tan(a),
  ),
  "asin(float8) float8": within((a) => Math.abs(a) <= 1, Math.asin),
  "acos(float8) float8": within((a) => Math.abs(a) <= 1, Math.acos),
  "atan(float8) float8": Math.atan,
  "atan2(float8,float8) float8": Math.atan2,
  "sind(float8) float8": within((a) => Number.isFinite(a), sinDegrees),
  "cosd(float8) float8": within(
    (a) => Number.isFinite(a),
    (a) => sinDegrees(a + 90),
  ),
  "tand(float8) float8": within((a) => Number.isFinite(a), tanDegrees),
  "sinh(float8) float8": Math.sinh,
  "cosh(float8) float8": Math.cosh,
  "tanh(float8) float8": Math.tanh,
  "asinh(float8) float8": Math.asinh,
  "acosh(float8) float8": within((a) => a >= 1, Math.acosh),
  "atanh(float8) float8": within((a) => Math.abs(a) <= 1, Math.atanh),
  "random() float8 volatile": withInfo(({ env }) => uniform(env.runtime.randomBytes(6))),
});
