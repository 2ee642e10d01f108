/** What a column type is, and how its arrays are made. */
import { DatabaseError } from "../database-error.js";
import type { Value } from "./value.js";

// The text form of arrays: `{1,NULL,"a b"}`.

function malformed(text: string, detail?: string): DatabaseError {
  const fields = detail === undefined ? {} : { detail };
  return new DatabaseError("22P02", `malformed array literal: "${text}"`, fields);
}

/** @throws DatabaseError 22P02 when the text is no array. */
function parseArrayText(text: string, element: PgType): Value {
  const source = text.trim();
  let at = 0;
  const items = (): Value[] => {
    const found: Value[] = [];
    at += 1;
    if (source[at] === "}") {
      at += 1;
      return found;
    }
    for (;;) {
      while (source[at] === " ") at += 1;
      if (source[at] === "{") found.push(items());
      else found.push(item());
      while (source[at] === " ") at += 1;
      const next = source[at];
      at += 1;
      if (next === "}") return found;
      if (next !== ",") throw malformed(text, "Unexpected end of input.");
    }
  };
  const item = (): Value => {
    let body = "";
    if (source[at] === '"') {
      at += 1;
      while (source[at] !== '"') {
        if (source[at] === "\\") at += 1;
        if (at >= source.length) throw malformed(text, "Unexpected end of input.");
        body += source[at];
        at += 1;
      }
      at += 1;
      return element.parse(body);
    }
    while (at < source.length && source[at] !== "," && source[at] !== "}") {
      if (source[at] === "\\") at += 1;
      body += source[at] ?? "";
      at += 1;
    }
    const trimmed = body.trim();
    if (trimmed === "") throw malformed(text, 'Unexpected "," character.');
    return /^null$/i.test(trimmed) ? null : element.parse(trimmed);
  };
  if (source[0] !== "{") {
    throw malformed(text, 'Array value must start with "{" or dimension information.');
  }
  const value = items();
  if (at < source.length) throw malformed(text, "Junk after closing right brace.");
  return value;
}

function printArrayText(value: readonly Value[], element: PgType): string {
  const one = (item: Value): string => {
    if (item === null) return "NULL";
    if (Array.isArray(item)) return printArrayText(item as readonly Value[], element);
    const text = element.print(item);
    const plain = text !== "" && !/[{}",\\\s]/.test(text) && !/^null$/i.test(text);
    return plain ? text : `"${text.replace(/(["\\])/g, "\\$1")}"`;
  };
  return `{${value.map(one).join(",")}}`;
}

/** Families inside which operators and implicit casts are found. */
export type TypeCategory =
  | "number"
  | "text"
  | "boolean"
  | "datetime"
  | "interval"
  | "json"
  | "array"
  | "enum"
  | "other"
  | "unknown"
  | "pseudo";

export interface PgType {
  /** As `format_type` prints it: `integer`, `timestamp with time zone`. */
  readonly name: string;
  readonly oid: number;
  readonly arrayOid: number;
  /** Bytes of a fixed-length type, -1 for the others. */
  readonly size: number;
  readonly category: TypeCategory;
  /** Length of varchar, precision and scale of numeric. */
  readonly modifiers?: readonly number[];
  /** Set for arrays. */
  readonly element?: PgType;
  /** Set for enums, in their order. */
  readonly labels?: readonly string[];
  /** Set for rows. */
  readonly fields?: ReadonlyArray<{ readonly name: string; readonly type: PgType }>;
  /** @throws DatabaseError 22P02 and its kin, never called with null. */
  parse(text: string): Value;
  print(value: Value): string;
  compare(a: Value, b: Value): number;
  /** A primitive that is equal exactly when the values are; used as a key of maps. */
  key(value: Value): string | number | bigint | boolean;
}

export function plainCompare(a: Value, b: Value): number {
  const left = a as number;
  const right = b as number;
  return left < right ? -1 : left > right ? 1 : 0;
}

const surrogate = /[\ud800-\udfff]/;

/** Order by bytes of UTF-8, as the C collation sorts. */
export function compareText(a: Value, b: Value): number {
  const left = a as string;
  const right = b as string;
  if (left === right) return 0;
  if (!surrogate.test(left) && !surrogate.test(right)) return left < right ? -1 : 1;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

const arrays = new WeakMap<PgType, PgType>();

/** The type of arrays of `element`. */
export function arrayOf(element: PgType): PgType {
  const known = arrays.get(element);
  if (known !== undefined) return known;
  // Element by element whatever the dimensions are, which count only where all elements are equal.
  const compare = (a: Value, b: Value): number => {
    const isRow = element.fields !== undefined;
    const left = isRow ? (a as readonly Value[]) : ((a as readonly Value[]).flat(6) as readonly Value[]);
    const right = isRow ? (b as readonly Value[]) : ((b as readonly Value[]).flat(6) as readonly Value[]);
    for (const [index, item] of left.entries()) {
      const other = right[index];
      if (other === undefined) return 1;
      const nulls = (item === null ? 1 : 0) - (other === null ? 1 : 0);
      if (nulls !== 0) return nulls;
      const order = item === null ? 0 : element.compare(item, other);
      if (order !== 0) return order;
    }
    if (left.length !== right.length) return left.length - right.length;
    const nesting = (value: Value): number =>
      Array.isArray(value) ? 1 + nesting((value as readonly Value[])[0] ?? null) : 0;
    return nesting(a) - nesting(b) || (b as readonly Value[]).length - (a as readonly Value[]).length;
  };
  const print = (value: Value): string => printArrayText(value as readonly Value[], element);
  const type: PgType = {
    name: `${element.name}[]`,
    oid: element.arrayOid,
    arrayOid: 0,
    size: -1,
    category: "array",
    element,
    parse: (text) => parseArrayText(text, element),
    print,
    compare,
    key: print,
  };
  arrays.set(element, type);
  return type;
}

export function invalidInput(typeName: string, text: string): DatabaseError {
  return new DatabaseError("22P02", `invalid input syntax for type ${typeName}: "${text}"`);
}
