/** JSON as PostgreSQL keeps it: `json` as its text, `jsonb` as one canonical text. */
import { DatabaseError } from "../database-error.js";
import { parseNumeric, printNumeric } from "./numeric.js";

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
