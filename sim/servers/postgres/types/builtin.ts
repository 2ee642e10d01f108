/** The built-in types, with their OIDs and text forms. */
import { DatabaseError } from "../database-error.js";
import { canonicalJson, compareJson, jsonKey, parseJson } from "./json.js";
import { compareNumeric, parseNumeric, printNumeric, type Numeric } from "./numeric.js";
import {
  intervalLength,
  parseDate,
  parseInterval,
  parseTime,
  parseTimestamp,
  printDate,
  printInterval,
  printTimeOfDay,
  printTimestamp,
  type Interval,
} from "./temporal.js";
import { compareText, invalidInput, plainCompare, type PgType, type TypeCategory } from "./type.js";
import type { Registered, Value } from "./value.js";

// Text forms of the binary number types.

function integerParser(name: string, limit: number): (text: string) => number {
  return (text) => {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidInput(name, text);
    const value = Number(text);
    if (value >= limit || value < -limit) {
      throw new DatabaseError("22003", `value "${text}" is out of range for type ${name}`);
    }
    return value;
  };
}

export const int8Limit = 2n ** 63n;

function parseInt8(text: string): bigint {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidInput("bigint", text);
  const value = BigInt(text.trim().replace(/^\+/, ""));
  if (value >= int8Limit || value < -int8Limit) {
    throw new DatabaseError("22003", `value "${text}" is out of range for type bigint`);
  }
  return value;
}

function floatParser(name: string): (text: string) => number {
  return (text) => {
    const trimmed = text.trim();
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
      const value = Number(trimmed);
      if (!Number.isFinite(value)) {
        throw new DatabaseError("22003", `"${trimmed}" is out of range for type ${name}`);
      }
      return name === "real" ? Math.fround(value) : value;
    }
    if (/^nan$/i.test(trimmed)) return NaN;
    const infinite = /^([+-]?)inf(inity)?$/i.exec(trimmed);
    if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
    throw invalidInput(name, text);
  };
}

/** Shortest digits that read back the same, with PostgreSQL's exponent form. */
function printFloat(value: Value): string {
  const number = value as number;
  if (Object.is(number, -0)) return "-0";
  const text = String(number);
  const [digits = "", exponent] = text.split("e");
  if (exponent !== undefined) {
    return `${digits}e${exponent.startsWith("-") ? "-" : "+"}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  const magnitude = Math.abs(number);
  if (magnitude >= 1e15 && Number.isFinite(number)) return withExponent(number.toExponential());
  if (magnitude < 1e-4 && magnitude > 0) return withExponent(number.toExponential());
  return text;
}

function withExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** So many significant digits; halves go to the even digit. */
function roundDigits(number: number, digits: number): number {
  const [mantissa = "", exponent = "0"] = number.toExponential(digits).split("e");
  const isHalf = mantissa.endsWith("5") && Number(`${mantissa}e${exponent}`) === number;
  const cut = mantissa.slice(0, -1);
  return isHalf && /[02468]\.?$/.test(cut)
    ? Number(`${cut}e${exponent}`)
    : Number(number.toPrecision(digits));
}

/** Shortest digits that read back as the same single-precision number. */
function printFloat4(value: Value): string {
  const number = value as number;
  if (number === 0) return printFloat(number);
  for (let digits = 6; digits <= 9; digits += 1) {
    const short = roundDigits(number, digits);
    // Halfway to the neighbour is not near enough.
    const mirrored = 2 * short - number;
    const isTie = mirrored !== number && Math.fround(mirrored) === mirrored;
    if (Math.fround(short) === number && !isTie) {
      const magnitude = Math.abs(short);
      return magnitude >= 1e6 && Number.isFinite(short)
        ? withExponent(short.toExponential())
        : printFloat(short);
    }
  }
  return printFloat(number);
}

/** NaN is above all and equal to itself. */
function compareFloat(a: Value, b: Value): number {
  const left = a as number;
  const right = b as number;
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return left < right ? -1 : left > right ? 1 : 0;
}

interface TypeParts {
  readonly size?: number;
  readonly parse: (text: string) => Value;
  readonly print?: (value: Value) => string;
  readonly compare?: (a: Value, b: Value) => number;
  readonly key?: (value: Value) => string | number | bigint | boolean;
}

function define(
  name: string,
  oid: number,
  arrayOid: number,
  category: TypeCategory,
  parts: TypeParts,
): PgType {
  return {
    name,
    oid,
    arrayOid,
    category,
    size: parts.size ?? -1,
    parse: parts.parse,
    print: parts.print ?? String,
    compare: parts.compare ?? plainCompare,
    key: parts.key ?? ((value) => value as string),
  };
}

function parseBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (word !== "") {
    if ("true".startsWith(word) || "yes".startsWith(word) || word === "on" || word === "1") return true;
    if ("false".startsWith(word) || "no".startsWith(word) || ["off", "of", "0"].includes(word)) return false;
  }
  throw invalidInput("boolean", text);
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function parseUuid(text: string): string {
  if (uuidForm.test(text)) return text;
  const hex = text
    .trim()
    .replace(/^\{(.*)\}$/, "$1")
    .replaceAll("-", "")
    .toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) throw invalidInput("uuid", text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function parseBytea(text: string): Uint8Array {
  return text.startsWith("\\x") ? parseHex(text.slice(2)) : parseEscaped(text);
}

/** @throws DatabaseError 22023 */
export function parseHex(text: string): Uint8Array {
  const digits = text.replace(/[ \t\r\n]/g, "");
  const wrong = /[^0-9a-fA-F]/u.exec(digits);
  if (wrong !== null) throw new DatabaseError("22023", `invalid hexadecimal digit: "${wrong[0]}"`);
  if (digits.length % 2 === 1)
    throw new DatabaseError("22023", "invalid hexadecimal data: odd number of digits");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The older form of bytea: bytes as text, `\\\\` and `\\123` for the others. @throws DatabaseError 22P02 */
export function parseEscaped(text: string): Uint8Array {
  const parts = text.split(/(\\[0-3][0-7]{2}|\\\\)/);
  const encoder = new TextEncoder();
  return Buffer.concat(
    parts.map((part, index) => {
      if (index % 2 === 1) return Uint8Array.of(part === "\\\\" ? 92 : Number.parseInt(part.slice(1), 8));
      if (part.includes("\\")) throw new DatabaseError("22P02", "invalid input syntax for type bytea");
      return encoder.encode(part);
    }),
  );
}

function printBytea(value: Value): string {
  return `\\x${Buffer.from(value as Uint8Array).toString("hex")}`;
}

function parseText(text: string): string {
  if (text.includes("\u0000")) {
    throw new DatabaseError("22021", 'invalid byte sequence for encoding "UTF8": 0x00');
  }
  return text;
}

const textParts = { parse: parseText, compare: compareText };
/** Names hold 63 bytes. */
export function truncateName(text: string): string {
  if (text.length < 22) return text;
  const bytes = Buffer.from(text);
  return bytes.length < 64
    ? text
    : bytes
        .subarray(0, 63)
        .toString()
        .replace(/\uFFFD$/, "");
}

function parseOid(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidInput("oid", text);
  const value = Number(text);
  if (value >= 2 ** 32 || value < -(2 ** 31))
    throw new DatabaseError("22003", `value "${text}" is out of range for type oid`);
  return value < 0 ? value + 2 ** 32 : value;
}

function parseBits(text: string): string {
  const digits = /^x/i.test(text)
    ? Array.from(text.slice(1), (digit) => {
        if (!/[0-9a-f]/i.test(digit))
          throw new DatabaseError("22P02", `"${digit}" is not a valid hexadecimal digit`);
        return Number.parseInt(digit, 16).toString(2).padStart(4, "0");
      }).join("")
    : text.replace(/^b/i, "");
  const wrong = /[^01]/u.exec(digits);
  if (wrong !== null) throw new DatabaseError("22P02", `"${wrong[0]}" is not a valid binary digit`);
  return digits;
}

const numericKey = (value: Value): string =>
  printNumeric(value as Numeric)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");

export const boolType = define("boolean", 16, 1000, "boolean", {
  size: 1,
  parse: parseBoolean,
  print: (value) => (value === true ? "t" : "f"),
});
export const int2Type = define("smallint", 21, 1005, "number", {
  size: 2,
  parse: integerParser("smallint", 2 ** 15),
});
export const int4Type = define("integer", 23, 1007, "number", {
  size: 4,
  parse: integerParser("integer", 2 ** 31),
});
export const int8Type = define("bigint", 20, 1016, "number", { size: 8, parse: parseInt8 });
export const numericType = define("numeric", 1700, 1231, "number", {
  parse: parseNumeric,
  print: (value) => printNumeric(value as Numeric),
  compare: (a, b) => compareNumeric(a as Numeric, b as Numeric),
  key: numericKey,
});
export const float4Type = define("real", 700, 1021, "number", {
  size: 4,
  parse: floatParser("real"),
  print: printFloat4,
  compare: compareFloat,
});
export const float8Type = define("double precision", 701, 1022, "number", {
  size: 8,
  parse: floatParser("double precision"),
  print: printFloat,
  compare: compareFloat,
});
export const textType = define("text", 25, 1009, "text", textParts);
export const varcharType = define("character varying", 1043, 1015, "text", textParts);
export const bpcharType = define("character", 1042, 1014, "text", {
  ...textParts,
  compare: (a, b) => compareText((a as string).trimEnd(), (b as string).trimEnd()),
  key: (value) => (value as string).trimEnd(),
});
export const nameType = define("name", 19, 1003, "text", {
  ...textParts,
  parse: (text) => truncateName(parseText(text)),
  size: 64,
});
export const uuidType = define("uuid", 2950, 2951, "other", { size: 16, parse: parseUuid });
export const byteaType = define("bytea", 17, 1001, "other", {
  parse: parseBytea,
  print: printBytea,
  compare: (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array),
  key: printBytea,
});
export const jsonType = define("json", 114, 199, "json", {
  parse: (text) => {
    parseJson(text);
    return text;
  },
});
export const jsonbType = define("jsonb", 3802, 3807, "json", {
  parse: canonicalJson,
  compare: (a, b) => (a === b ? 0 : compareJson(parseJson(a as string), parseJson(b as string))),
  key: (value) => jsonKey(value as string),
});
export const timestamptzType = define("timestamp with time zone", 1184, 1185, "datetime", {
  size: 8,
  parse: (text) => parseTimestamp(text, "timestamp with time zone", true),
  print: (value) => printTimestamp(value as number, true),
});
export const timestampType = define("timestamp without time zone", 1114, 1115, "datetime", {
  size: 8,
  parse: (text) => parseTimestamp(text, "timestamp", false),
  print: (value) => printTimestamp(value as number, false),
});
export const dateType = define("date", 1082, 1182, "datetime", {
  size: 4,
  parse: parseDate,
  print: (value) => printDate(value as number),
});
export const timeType = define("time without time zone", 1083, 1183, "datetime", {
  size: 8,
  parse: parseTime,
  print: (value) => printTimeOfDay(value as number),
});
export const intervalType = define("interval", 1186, 1187, "interval", {
  size: 16,
  parse: parseInterval,
  print: (value) => printInterval(value as Interval),
  compare: (a, b) => intervalLength(a as Interval) - intervalLength(b as Interval),
  key: (value) => intervalLength(value as Interval),
});
export const oidType = define("oid", 26, 1028, "other", { size: 4, parse: parseOid });
/** Its name is in quotes in SQL: a single byte. */
export const charType = define('"char"', 18, 1002, "text", { size: 1, parse: (text) => text.slice(0, 1) });
export const bitType = define("bit", 1560, 1561, "other", { parse: parseBits });
export const varbitType = define("bit varying", 1562, 1563, "other", { parse: parseBits });

/** Types whose values are names of things in the catalog, which casts look up; see `catalog-names.ts`. */
function registered(name: string, oid: number, arrayOid: number): PgType {
  return define(name, oid, arrayOid, "other", {
    size: 4,
    parse: (text) => ({ oid: /^\d+$/.test(text) ? Number(text) : 0, text }),
    print: (value) => (value as Registered).text,
    compare: (a, b) => (a as Registered).oid - (b as Registered).oid,
    key: (value) => (value as Registered).oid,
  });
}

export const regclassType = registered("regclass", 2205, 2210);
export const regtypeType = registered("regtype", 2206, 2211);
export const regprocType = registered("regproc", 24, 1008);
export const regnamespaceType = registered("regnamespace", 4089, 4090);
export const regroleType = registered("regrole", 4096, 4097);
export const registeredTypes: ReadonlySet<PgType> = new Set([
  regclassType,
  regtypeType,
  regprocType,
  regnamespaceType,
  regroleType,
]);
export const voidType = define("void", 2278, 0, "other", { size: 4, parse: () => "", print: () => "" });
/** A literal or parameter whose type its context decides. */
export const unknownType = define("unknown", 705, 0, "unknown", { size: -2, parse: (text) => text });

function pseudo(name: string): PgType {
  return define(name, 0, 0, "pseudo", { parse: (text) => text });
}

/** Stand for a type in the signatures of functions. */
export const anyTypes: Readonly<Record<string, PgType>> = Object.fromEntries(
  ["any", "anyelement", "anyarray", "anynonarray", "anyenum", "anycompatible", "anycompatiblearray"].map(
    (name) => [name, pseudo(name)],
  ),
);
