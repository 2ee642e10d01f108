/** Conversions between types, and which of them happen without being asked for. */
import { DatabaseError } from "../database-error.js";
import type { Runtime } from "../execute/execution-context.js";
import * as builtin from "./builtin.js";
import { int8Limit } from "./builtin.js";
import { findRegistered } from "./catalog-names.js";
import { canonicalJson, isJsonNumber, jsonKind, parseJson } from "./json.js";
import { numericOf, numericToNumber, roundNumeric, type Numeric } from "./numeric.js";
import { dayMicros, relativeTime, roundEven, type Interval } from "./temporal.js";
import type { PgType } from "./type.js";
import type { Registered, Value } from "./value.js";

export type CastContext = "implicit" | "assignment" | "explicit";
/** @param runtime - Given where the catalog or the clock matters. */
type Convert = (value: Value, runtime?: Runtime) => Value;

const identity: Convert = (value) => value;
const numberRank = [21, 23, 20, 1700, 700, 701];

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
  const number = (value: Value): number =>
    source === 1700 ? numericToNumber(value as Numeric) : Number(value);
  if (to.oid === 701) return number;
  if (to.oid === 700) {
    return (value) => {
      const single = Math.fround(number(value));
      if (!Number.isFinite(single) && Number.isFinite(number(value)))
        throw new DatabaseError(
          "22003",
          source === 1700
            ? `"${from.print(value)}" is out of range for type real`
            : "value out of range: overflow",
        );
      return single;
    };
  }
  if (to.oid === 1700) return (value) => numericOf(value as number | bigint, source === 700 ? 6 : 15);
  const limits = (value: Numeric): bigint => {
    const { digits } = roundNumeric(value, 0);
    if (digits !== null) return digits;
    throw new DatabaseError(
      "0A000",
      `cannot convert ${value.scale === 0 ? "NaN" : "infinity"} to ${to.name}`,
    );
  };
  if (to.oid === 20) {
    return (value) => {
      if (source === 1700) return checkBigint(limits(value as Numeric));
      const rounded = roundEven(value as number);
      if (!Number.isFinite(rounded)) throw new DatabaseError("22003", "bigint out of range");
      return checkBigint(BigInt(rounded));
    };
  }
  return (value) => {
    if (source === 1700) return checkInteger(to, Number(limits(value as Numeric)));
    return checkInteger(to, (typeof value === "bigint" ? Number(value) : roundEven(value as number)) + 0);
  };
}

const dayTime: Convert = (value) =>
  Number.isFinite(value) || typeof value !== "number" ? moduloDay(value) : null;
const moduloDay: Convert = (value) => (((value as number) % dayMicros) + dayMicros) % dayMicros;
const midnight: Convert = (value) => (value as number) * dayMicros;
const dateOf: Convert = (value) =>
  Number.isFinite(value) ? Math.floor((value as number) / dayMicros) : value;
const nameCut: Convert = (value) => builtin.truncateName(value as string);
const trimmed: Convert = (value) => (value as string).replace(/ +$/, "");
const oidOf: Convert = (value) => (value as Registered).oid;
const firstByte: Convert = (value) => (value as string).slice(0, 1);
const toOid: Convert = (value) => {
  const number = Number(value);
  if (number < -(2 ** 31) || number >= 2 ** 32) throw new DatabaseError("22003", "OID out of range");
  return number < 0 ? number + 2 ** 32 : number;
};

/** pg_cast, apart from numbers: from, to, context (i, a, e) by oid. */
const table: Readonly<Record<string, readonly [context: "i" | "a" | "e", convert: Convert]>> = {
  "1082>1184": ["i", midnight],
  "1082>1114": ["i", midnight],
  "1114>1184": ["i", identity],
  "1184>1114": ["a", identity],
  "1114>1082": ["a", dateOf],
  "1184>1082": ["a", dateOf],
  "1114>1083": ["a", dayTime],
  "1184>1083": ["a", dayTime],
  "1083>1186": ["i", (value) => ({ months: 0, days: 0, microseconds: value as number })],
  "1186>1083": ["a", (value) => dayTime((value as Interval).microseconds)],
  "114>3802": ["a", (value) => canonicalJson(value as string)],
  "3802>114": ["a", identity],
  "16>23": ["e", (value) => (value === true ? 1 : 0)],
  "23>16": ["e", (value) => value !== 0],
  "25>1043": ["i", identity],
  "25>1042": ["i", identity],
  "25>19": ["i", nameCut],
  "25>18": ["a", firstByte],
  "1043>25": ["i", identity],
  "1043>1042": ["i", identity],
  "1043>19": ["i", nameCut],
  "1043>18": ["a", firstByte],
  "1042>25": ["i", trimmed],
  "1042>1043": ["i", trimmed],
  "1042>19": ["i", (value) => nameCut(trimmed(value))],
  "1042>18": ["a", firstByte],
  "19>25": ["i", identity],
  "19>1043": ["a", identity],
  "19>1042": ["a", identity],
  "18>25": ["i", identity],
  "18>1043": ["a", identity],
  "18>1042": ["a", identity],
  "18>23": ["e", (value) => (value === "" ? 0 : (((value as string).charCodeAt(0) + 128) & 255) - 128)],
  "23>18": ["e", (value) => ((value as number) === 0 ? "" : String.fromCharCode((value as number) & 255))],
  "21>26": ["i", toOid],
  "23>26": ["i", toOid],
  "20>26": ["i", toOid],
  "26>23": ["a", (value) => (value as number) | 0],
  "26>20": ["a", (value) => BigInt(value as number)],
  "1560>1562": ["i", identity],
  "1562>1560": ["i", identity],
  "1560>23": ["e", (value) => Number.parseInt(`0${value as string}`, 2) | 0],
  "1560>20": ["e", (value) => BigInt.asIntN(64, BigInt(`0b0${value as string}`))],
  "23>1560": ["e", (value) => (value as number).toString()],
  "20>1560": ["e", (value) => (value as bigint).toString()],
};
const allowed: Readonly<Record<CastContext, string>> = { implicit: "i", assignment: "ia", explicit: "iae" };

function fromJson(to: PgType): Convert {
  return (value) => {
    const json = parseJson(value as string);
    if (to.category === "boolean" && typeof json === "boolean") return json;
    if (to.category === "number" && json !== null && isJsonNumber(json)) {
      return convertValue(builtin.numericType.parse(json.digits), builtin.numericType, to);
    }
    throw new DatabaseError("22023", `cannot cast jsonb ${jsonKind(json)} to type ${to.name}`);
  };
}

/** Integers as bit strings, from the right; `length` is the modifier of the type. */
function toBits(to: PgType): Convert {
  const [length = 1] = to.modifiers ?? [];
  return (value) =>
    BigInt.asUintN(length, BigInt(value as number | bigint))
      .toString(2)
      .padStart(length, "0");
}

/** Casts to and from `regclass` and its kin, which look into the catalog. */
function registeredCast(from: PgType, to: PgType, context: CastContext): Convert | null {
  const isFrom = builtin.registeredTypes.has(from);
  if (
    isFrom &&
    (to.oid === builtin.oidType.oid || (context !== "implicit" && (to.oid === 23 || to.oid === 20)))
  )
    return to.oid === 20 ? (value) => BigInt((value as Registered).oid) : oidOf;
  if (isFrom || !builtin.registeredTypes.has(to)) return null;
  const isText = from.category === "text" || from.category === "unknown";
  if (isText && context === "implicit" && to !== builtin.regclassType && from.category === "text")
    return null;
  if (!isText && ![26, 23, 20, 21].includes(from.oid)) return null;
  return (value, runtime) => findRegistered(to, isText ? (value as string) : Number(value), runtime);
}

/** @returns How to convert, or null when there is no such cast in that context. */
export function findCast(from: PgType, to: PgType, context: CastContext): Convert | null {
  if (from.oid === to.oid && from.oid !== 0 && from.fields === undefined) return identity;
  if (from === to) return identity;
  const special = registeredCast(from, to, context);
  if (special !== null) return special;
  if (from.category === "unknown") return parsing(to);
  if (from.category === "number" && to.category === "number") {
    const widens = numberRank.indexOf(from.oid) <= numberRank.indexOf(to.oid);
    return widens || context !== "implicit" ? numberConvert(from, to) : null;
  }
  const known = table[`${from.oid}>${to.oid}`];
  if (known !== undefined && to.oid === builtin.bitType.oid && from.category === "number")
    return context === "explicit" ? toBits(to) : null;
  if (known !== undefined) return allowed[context].includes(known[0]) ? known[1] : null;
  if (to.category === "text") return context === "implicit" ? null : printConvert(from);
  if (from.category === "array" && to.category === "array") return arrayConvert(from, to, context);
  if (context !== "explicit") return null;
  if (from.category === "text") return parsing(to);
  return from.oid === builtin.jsonbType.oid && (to.category === "number" || to.category === "boolean")
    ? fromJson(to)
    : null;
}

function parsing(to: PgType): Convert {
  if (to.category !== "datetime") return (value) => to.parse(value as string);
  return (value, runtime) => {
    const now = runtime === undefined ? null : relativeTime(value as string, runtime.transactionMicros);
    if (now === null) return to.parse(value as string);
    return to.oid === 1082 ? dateOf(now) : to.oid === 1083 ? dayTime(now) : now;
  };
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
  const each = (value: Value, runtime?: Runtime): Value =>
    value === null
      ? null
      : Array.isArray(value)
        ? value.map((item: Value) => each(item, runtime))
        : convert(value, runtime);
  return each;
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
