/** Conversions between types, and which of them happen without being asked for. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "./builtin.js";
import { int8Limit } from "./builtin.js";
import { canonicalJson, isJsonNumber, parseJson } from "./json.js";
import { numericOf, numericToNumber, roundNumeric, type Numeric } from "./numeric.js";
import type { PgType } from "./type.js";
import type { Value } from "./value.js";

export type CastContext = "implicit" | "assignment" | "explicit";
type Convert = (value: Value) => Value;

const dayMicros = 86_400_000_000;
const identity: Convert = (value) => value;
const numberRank = new Map<PgType["oid"], number>([
  [21, 1],
  [23, 2],
  [20, 3],
  [1700, 4],
  [700, 5],
  [701, 6],
]);

/** Halves go to the even neighbour, as C's rint does. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function integerRange(name: string, limit: number): (value: number) => number {
  return (value) => {
    if (!(value < limit && value >= -limit)) throw new DatabaseError("22003", `${name} out of range`);
    return value;
  };
}

const integerChecks = new Map([
  [21, integerRange("smallint", 2 ** 15)],
  [23, integerRange("integer", 2 ** 31)],
]);

/** Checks the result of integer arithmetic. @throws DatabaseError 22003 */
export function checkInteger(type: PgType, value: number): number {
  return integerChecks.get(type.oid)?.(value) ?? value;
}

/** @throws DatabaseError 22003 */
export function checkBigint(value: bigint): bigint {
  if (value >= int8Limit || value < -int8Limit) {
    throw new DatabaseError("22003", "bigint out of range");
  }
  return value;
}

function numberConvert(from: PgType, to: PgType): Convert {
  const source = from.oid;
  if (to.oid === 701) return (value) => toNumber(source, value);
  if (to.oid === 700) return (value) => Math.fround(toNumber(source, value));
  if (to.oid === 1700) {
    return (value) => (source === 1700 ? value : numericOf(value as number | bigint));
  }
  if (to.oid === 20) {
    return (value) => {
      if (source === 1700) return checkBigint(roundNumeric(value as Numeric, 0).digits ?? int8Limit);
      const number = roundHalfEven(value as number);
      if (!Number.isFinite(number)) throw new DatabaseError("22003", "bigint out of range");
      return checkBigint(BigInt(number));
    };
  }
  return (value) => {
    if (source === 1700) {
      const { digits } = roundNumeric(value as Numeric, 0);
      return checkInteger(to, digits === null ? NaN : Number(digits));
    }
    return checkInteger(to, typeof value === "bigint" ? Number(value) : roundHalfEven(value as number));
  };
}

function toNumber(source: number, value: Value): number {
  return source === 1700 ? numericToNumber(value as Numeric) : Number(value);
}

const datetimeConverts: Readonly<Record<string, Convert>> = {
  "1082>1184": (value) => (value as number) * dayMicros,
  "1082>1114": (value) => (value as number) * dayMicros,
  "1114>1184": identity,
  "1184>1114": identity,
  "1114>1082": (value) => Math.floor((value as number) / dayMicros),
  "1184>1082": (value) => Math.floor((value as number) / dayMicros),
  "1114>1083": (value) => (((value as number) % dayMicros) + dayMicros) % dayMicros,
  "1184>1083": (value) => (((value as number) % dayMicros) + dayMicros) % dayMicros,
};
const implicitDatetimes = new Set(["1082>1184", "1082>1114", "1114>1184"]);

function jsonConvert(from: PgType, to: PgType): Convert | null {
  if (to.category === "json") return from.oid === 114 ? (value) => canonicalJson(value as string) : identity;
  if (to.category === "number" || to.category === "boolean") {
    return (value) => {
      const json = parseJson(value as string);
      if (to.category === "boolean" && typeof json === "boolean") return json;
      if (to.category === "number" && json !== null && isJsonNumber(json)) {
        return convertValue(builtin.numericType.parse(json.digits), builtin.numericType, to);
      }
      const kind =
        json === null
          ? "null"
          : Array.isArray(json)
            ? "array"
            : json instanceof Map
              ? "object"
              : typeof json === "object"
                ? "numeric"
                : typeof json;
      throw new DatabaseError("22023", `cannot cast jsonb ${kind} to type ${to.name}`);
    };
  }
  return null;
}

/** @returns How to convert, or null when there is no such cast in that context. */
export function findCast(from: PgType, to: PgType, context: CastContext): Convert | null {
  if (from.oid === to.oid) return identity;
  if (from.category === "unknown") return (value) => to.parse(value as string);
  if (from.category === "number" && to.category === "number") {
    const widens = (numberRank.get(from.oid) ?? 0) <= (numberRank.get(to.oid) ?? 0);
    return widens || context !== "implicit" ? numberConvert(from, to) : null;
  }
  if (from.category === "text" && to.category === "text") {
    return from.oid === builtin.bpcharType.oid ? (value) => (value as string).trimEnd() : identity;
  }
  if (to.category === "text") return context === "implicit" ? null : printConvert(from);
  const pair = `${from.oid}>${to.oid}`;
  if (from.category === "datetime" && to.category === "datetime") {
    if (context === "implicit" && !implicitDatetimes.has(pair)) return null;
    return datetimeConverts[pair] ?? null;
  }
  if (from.category === "json" && to.category === "json")
    return context === "implicit" ? null : jsonConvert(from, to);
  if (from.category === "array" && to.category === "array") return arrayConvert(from, to, context);
  return context === "explicit" ? explicitConvert(from, to) : null;
}

function printConvert(from: PgType): Convert {
  return from.oid === 16 ? (value) => (value === true ? "true" : "false") : (value) => from.print(value);
}

function arrayConvert(
  { element: from }: PgType,
  { element: to }: PgType,
  context: CastContext,
): Convert | null {
  if (from === undefined || to === undefined) return null;
  const convert = findCast(from, to, context);
  if (convert === null) return null;
  return (value) => (value as readonly Value[]).map((item) => (item === null ? null : convert(item)));
}

function explicitConvert(from: PgType, to: PgType): Convert | null {
  if (from.category === "text") return (value) => to.parse(value as string);
  if (from.oid === builtin.jsonbType.oid) return jsonConvert(from, to);
  if (from.oid === 16 && to.oid === 23) return (value) => (value === true ? 1 : 0);
  if (from.oid === 23 && to.oid === 16) return (value) => value !== 0;
  return null;
}

/** Converts a value that is known to be convertible. Null stays null. */
export function convertValue(value: Value, from: PgType, to: PgType): Value {
  if (value === null) return null;
  const convert = findCast(from, to, "explicit");
  if (convert === null) {
    throw new DatabaseError("42846", `cannot cast type ${from.name} to ${to.name}`);
  }
  return convert(value);
}
