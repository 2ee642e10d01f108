/** JSON as PostgreSQL keeps it: `json` as its text, `jsonb` as one canonical text. */
import { DatabaseError } from "../database-error.js";
import { compareNumeric, parseNumeric, printNumeric } from "./numeric.js";
import { compareText } from "./type.js";

/** A number keeps its digits, because `1.0` and `1` are different texts of jsonb. */
export interface JsonNumber {
  readonly digits: string;
}
export type Json = null | boolean | string | JsonNumber | Json[] | Map<string, Json>;

const encoder = new TextEncoder();

function invalid(typeName: string, detail: string): DatabaseError {
  return new DatabaseError("22P02", `invalid input syntax for type ${typeName}`, { detail });
}

interface Cursor {
  readonly text: string;
  readonly typeName: string;
  at: number;
}

const blank = /[ \t\r\n]*/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids exactly these in strings
const stringToken = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const symbolToken = /[[\]{}:,]|true|false|null/y;
const wordToken = /[A-Za-z0-9_$.+-]+|./suy;

function skipBlank(cursor: Cursor): void {
  blank.lastIndex = cursor.at;
  blank.test(cursor.text);
  cursor.at = blank.lastIndex;
}

function token(cursor: Cursor, pattern: RegExp): string | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? null;
  if (found !== null) cursor.at += found.length;
  return found;
}

/** @param expected - What should have come, as the detail says it. */
function fail(cursor: Cursor, expected: string): DatabaseError {
  if (cursor.at >= cursor.text.length) {
    return invalid(cursor.typeName, "The input string ended unexpectedly.");
  }
  const start = cursor.at;
  const known = token(cursor, stringToken) ?? token(cursor, numberToken) ?? token(cursor, symbolToken);
  const atEnd = !/[A-Za-z0-9_$]/.test(cursor.text[cursor.at] ?? "") || /^[[\]{}:,]$/.test(known ?? "");
  if (known !== null && atEnd) return invalid(cursor.typeName, `Expected ${expected}, but found "${known}".`);
  cursor.at = start;
  return invalid(cursor.typeName, `Token "${token(cursor, wordToken) ?? ""}" is invalid.`);
}

function parseValue(cursor: Cursor): Json {
  skipBlank(cursor);
  const next = cursor.text[cursor.at];
  if (next === "{") return parseObject(cursor);
  if (next === "[") return parseArray(cursor);
  if (next === '"') return parseText(cursor);
  for (const [word, value] of [
    ["true", true],
    ["false", false],
    ["null", null],
  ] as const) {
    if (cursor.text.startsWith(word, cursor.at)) {
      cursor.at += word.length;
      return value;
    }
  }
  const digits = token(cursor, numberToken);
  if (digits === null) throw fail(cursor, "JSON value");
  return { digits };
}

function parseText(cursor: Cursor, expected = "string"): string {
  const found = token(cursor, stringToken);
  if (found === null) throw fail(cursor, expected);
  const text = JSON.parse(found) as string;
  if (cursor.typeName === "json" && text.includes("\u0000") && found.includes("\\u0000")) {
    throw new DatabaseError("22P05", "unsupported Unicode escape sequence", {
      detail: "\\u0000 cannot be converted to text.",
    });
  }
  return text;
}

function parseObject(cursor: Cursor): Json {
  const entries = new Map<string, Json>();
  cursor.at += 1;
  skipBlank(cursor);
  if (cursor.text[cursor.at] === "}") {
    cursor.at += 1;
    return entries;
  }
  for (;;) {
    skipBlank(cursor);
    const key = parseText(cursor, entries.size === 0 ? 'string or "}"' : "string");
    skipBlank(cursor);
    if (cursor.text[cursor.at] !== ":") throw fail(cursor, '":"');
    cursor.at += 1;
    entries.set(key, parseValue(cursor));
    skipBlank(cursor);
    const next = cursor.text[cursor.at];
    if (next !== "," && next !== "}") throw fail(cursor, '"," or "}"');
    cursor.at += 1;
    if (next === "}") return entries;
  }
}

function parseArray(cursor: Cursor): Json {
  const items: Json[] = [];
  cursor.at += 1;
  skipBlank(cursor);
  if (cursor.text[cursor.at] === "]") {
    cursor.at += 1;
    return items;
  }
  for (;;) {
    items.push(parseValue(cursor));
    skipBlank(cursor);
    const next = cursor.text[cursor.at];
    if (next !== "," && next !== "]") throw fail(cursor, '"," or "]"');
    cursor.at += 1;
    if (next === "]") return items;
  }
}

/** @throws DatabaseError 22P02 when the text is not JSON. */
export function parseJson(text: string): Json {
  const cursor: Cursor = { text, typeName: "json", at: 0 };
  const value = parseValue(cursor);
  skipBlank(cursor);
  if (cursor.at < text.length) throw fail(cursor, "end of input");
  return value;
}

// oxlint-disable-next-line no-control-regex -- all of ASCII
const ascii = /^[\u0000-\u007f]*$/;

/** Shorter keys first, then by bytes: the order in which jsonb keeps keys. */
export function compareKeys(a: string, b: string): number {
  if (ascii.test(a) && ascii.test(b)) {
    if (a.length !== b.length) return a.length - b.length;
    if (a === b) return 0;
    return a < b ? -1 : 1;
  }
  const left = encoder.encode(a);
  const right = encoder.encode(b);
  if (left.length !== right.length) return left.length - right.length;
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

export function isJsonNumber(value: Json): value is JsonNumber {
  return value !== null && typeof value === "object" && "digits" in value;
}

/** The canonical text: sorted keys, one blank after `:` and `,`, numbers as numeric prints them. */
export function printJson(value: Json): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(printJson).join(", ")}]`;
  if (isJsonNumber(value)) return printNumeric(parseNumeric(value.digits));
  const entries = [...value.entries()].toSorted((a, b) => compareKeys(a[0], b[0]));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${printJson(item)}`).join(", ")}}`;
}

// The text that `jsonb` keeps: sorted keys, one blank after `:` and `,`, numbers as numeric prints them.

/** @throws DatabaseError 22P02 when the text is not JSON. */
export function canonicalJson(text: string): string {
  return fromCompact(text) ?? printJson(parseJson(text));
}

/**
 * Clients send what JSON.stringify makes. Such a text is read by JSON.parse, which takes a tenth of the time; whatever
 * it would not give back letter for letter (blanks, keys twice, other spellings of numbers) is read the long way.
 *
 * @returns Undefined when the text is none of these, or holds escapes or numbers with an exponent.
 */
function fromCompact(text: string): string | undefined {
  if (text.includes("\\u")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return JSON.stringify(value) === text ? print(value) : undefined;
}

function print(value: unknown): string | undefined {
  if (Array.isArray(value)) return joined("[", value.map(print), "]");
  if (typeof value === "number") {
    const digits = String(value);
    return digits.includes("e") ? undefined : digits;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort((a, b) => compareKeys(a[0], b[0]));
  return joined("{", entries.map(printEntry), "}");
}

function printEntry([key, item]: readonly [string, unknown]): string | undefined {
  const text = print(item);
  return text === undefined ? undefined : `${JSON.stringify(key)}: ${text}`;
}

function joined(open: string, parts: readonly (string | undefined)[], close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(", ")}${close}`;
}

// When two JSON values are equal, and when one contains the other.

/** A text that is the same for equal values, whatever the scale of their numbers. */
export function jsonKey(text: string): string {
  return text.includes(".") ? printKey(parseJson(text)) : text;
}

function printKey(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printKey).join(", ")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}: ${printKey(item)}`).join(", ")}}`;
  return value !== null && isJsonNumber(value)
    ? printJson(value)
        .replace(/(\.\d*?)0+$/, "$1")
        .replace(/\.$/, "")
    : printJson(value);
}

/** Whether `outer @> inner`. An array contains a bare scalar at the top level only. */
export function jsonContains(outer: Json, inner: Json, top = true): boolean {
  if (inner instanceof Map) {
    if (!(outer instanceof Map)) return false;
    for (const [key, item] of inner) {
      const own = outer.get(key);
      if (own === undefined || !jsonContains(own, item, false)) return false;
    }
    return true;
  }
  if (Array.isArray(outer)) {
    if (Array.isArray(inner)) {
      return inner.every((item) => outer.some((own) => jsonContains(own, item, false)));
    }
    return (
      top &&
      outer.some((own) => !Array.isArray(own) && !(own instanceof Map) && jsonContains(own, inner, false))
    );
  }
  return !(outer instanceof Map) && !Array.isArray(inner) && sameScalar(outer, inner);
}

function sameScalar(a: Json, b: Json): boolean {
  if (isJsonNumber(a) && isJsonNumber(b)) {
    return Number(a.digits) === Number(b.digits);
  }
  return a === b;
}

/** As messages call it. */
export function jsonKind(value: Json): "null" | "array" | "object" | "numeric" | "string" | "boolean" {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (value instanceof Map) return "object";
  return isJsonNumber(value) ? "numeric" : (typeof value as "string" | "boolean");
}

const kindOrder = ["null", "string", "numeric", "boolean", "array", "object"];

/** The order of jsonb: by kind, arrays and objects by size first; an empty array at the top comes before all. */
export function compareJson(a: Json, b: Json, top = true): number {
  const [left, right] = [jsonKind(a), jsonKind(b)];
  const isEmpty = (value: Json): boolean => top && Array.isArray(value) && value.length === 0;
  if (isEmpty(a) !== isEmpty(b)) return isEmpty(a) ? -1 : 1;
  if (left !== right) return kindOrder.indexOf(left) - kindOrder.indexOf(right);
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return a.length - b.length;
    return firstOrder(a.map((item, index) => () => compareJson(item, b[index] ?? null, false)));
  }
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return a.size - b.size;
    const sorted = (map: ReadonlyMap<string, Json>): Array<[string, Json]> =>
      [...map].sort((x, y) => compareKeys(x[0], y[0]));
    const others = sorted(b);
    return firstOrder(
      sorted(a).flatMap(([key, item], index) => {
        const [otherKey = "", other = null] = others[index] ?? [];
        return [() => compareText(key, otherKey), () => compareJson(item, other, false)];
      }),
    );
  }
  if (typeof a === "string") return compareText(a, b as string);
  if (typeof a === "boolean") return Number(a) - Number(b);
  return a === null
    ? 0
    : compareNumeric(parseNumeric((a as JsonNumber).digits), parseNumeric((b as JsonNumber).digits));
}

function firstOrder(orders: ReadonlyArray<() => number>): number {
  for (const order of orders) {
    const found = order();
    if (found !== 0) return found;
  }
  return 0;
}

/** The direct parts of a JSON text, each as it is spelled there. */
export function jsonParts(text: string): {
  readonly kind: string;
  readonly entries: ReadonlyArray<readonly [string, string]>;
} {
  const cursor: Cursor = { text, typeName: "json", at: 0 };
  skipBlank(cursor);
  const open = text[cursor.at];
  if (open !== "{" && open !== "[") return { kind: jsonKind(parseJson(text)), entries: [] };
  const entries: Array<readonly [string, string]> = [];
  cursor.at += 1;
  skipBlank(cursor);
  while (text[cursor.at] !== "}" && text[cursor.at] !== "]") {
    let key = String(entries.length);
    if (open === "{") {
      key = parseText(cursor);
      skipBlank(cursor);
      cursor.at += 1;
    }
    skipBlank(cursor);
    const from = cursor.at;
    parseValue(cursor);
    entries.push([key, text.slice(from, cursor.at)]);
    skipBlank(cursor);
    if (text[cursor.at] === ",") cursor.at += 1;
    skipBlank(cursor);
  }
  return { kind: open === "{" ? "object" : "array", entries };
}
