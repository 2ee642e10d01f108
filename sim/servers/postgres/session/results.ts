/** Outcomes as the `pg` client shows them. */
import { getTypeParser } from "pg-types";

import { DatabaseError } from "../database-error.js";
import type { Outcome, OutputColumn } from "../execute/execution-context.js";
import { byteaType, textType } from "../types/builtin.js";
import { printTimestamp } from "../types/temporal.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

// Rows as the `pg` client shows them: objects, with values in JavaScript's types.

type ToClient = (value: Value) => unknown;

/** What is read of a row: the column at each place, in order; undefined leaves the place out. */
export interface ReadColumn {
  readonly name: string;
  readonly type: PgType;
  /** What rows show that end before this column. @default null */
  readonly missing?: Value;
}

const direct = new Map<number, ToClient>([
  [16, (value) => value],
  [21, (value) => value],
  [23, (value) => value],
  [20, (value) => (value as bigint).toString()],
  [25, (value) => value],
  [1043, (value) => value],
  [2950, (value) => value],
  [701, (value) => value],
  [114, (value) => JSON.parse(value as string) as unknown],
  [3802, (value) => JSON.parse(value as string) as unknown],
  [1184, (value) => (Number.isFinite(value) ? new Date(Math.floor((value as number) / 1000)) : value)],
]);

/** What the client's own type parser makes of the text form. */
function throughText(type: PgType): ToClient {
  const parse = (getTypeParser as (oid: number, format: "text") => (text: string) => unknown)(
    type.oid,
    "text",
  );
  return (value) => parse(type.print(value));
}

/** @returns A function that makes an object of a row; of two columns with one name the later counts. */
export function createRowReader(
  columns: readonly (ReadColumn | undefined)[],
): (row: Row) => Record<string, unknown> {
  const read = columns.flatMap((column, place) => (column === undefined ? [] : [{ ...column, place }]));
  const places = read.map(({ place }) => place);
  const names = read.map(({ name }) => name);
  const missing = read.map((column) => column.missing ?? null);
  const converters = read.map(({ type }) => direct.get(type.oid) ?? throughText(type));
  // A copy of an object that has all its keys costs a fraction of an object that gets them one by one.
  const blank: Record<string, unknown> = {};
  for (const name of names) blank[name] = null;
  return (row) => {
    const object = { ...blank };
    for (let index = 0; index < names.length; index += 1) {
      const value = row[places[index] as number] ?? missing[index] ?? null;
      object[names[index] as string] = value === null ? null : (converters[index] as ToClient)(value);
    }
    return object;
  };
}

interface FieldInfo {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
  readonly format: "text";
}

/** The result object of `pg`. */
export interface PgResult<R = Record<string, unknown>> {
  readonly command: string;
  readonly rowCount: number | null;
  readonly fields: readonly FieldInfo[];
  readonly rows: R[];
}

/** The modifier of a type as the protocol sends it, -1 for none. */
export function typeModifier(type: PgType): number {
  const [first, second = 0] = type.modifiers ?? [];
  if (first === undefined) return -1;
  if (type.oid === 1700) return ((first << 16) | second) + 4;
  return type.category === "text" ? first + 4 : first;
}

function fieldOf({ name, type, tableId, column }: OutputColumn): FieldInfo {
  return {
    name,
    tableID: tableId,
    columnID: column,
    dataTypeID: type.oid,
    dataTypeSize: type.size,
    dataTypeModifier: typeModifier(type),
    format: "text",
  };
}

interface Shape {
  readonly fields: readonly FieldInfo[];
  readonly read: (row: Row) => Record<string, unknown>;
}

const shapes = new WeakMap<readonly OutputColumn[], Shape>();

function shapeOf(columns: readonly OutputColumn[]): Shape {
  const known = shapes.get(columns);
  if (known !== undefined) return known;
  const shape = { fields: columns.map(fieldOf), read: createRowReader(columns) };
  shapes.set(columns, shape);
  return shape;
}

export function toResult({ tag, rowCount, columns, rows }: Outcome): PgResult {
  const command = /^[A-Z]+/.exec(tag)?.[0] ?? "";
  if (columns === null) return { command, rowCount, fields: [], rows: [] };
  const shape = shapeOf(columns);
  return {
    command,
    rowCount: rowCount ?? null,
    fields: shape.fields,
    rows: rows.map(shape.read),
  };
}

// Values of a client as parameters of a statement, read the way the `pg` client sends them.

/** Text of an array as `pg` writes it. */
function arrayText(items: readonly unknown[]): string {
  const parts = items.map((item): string => {
    if (item === null || item === undefined) return "NULL";
    if (Array.isArray(item)) return arrayText(item);
    if (item instanceof Uint8Array) return `"\\\\x${Buffer.from(item).toString("hex")}"`;
    return `"${textOf(item).replace(/(["\\])/g, "\\$1")}"`;
  });
  return `{${parts.join(",")}}`;
}

interface Convertible {
  toPostgres(prepare: (value: unknown) => unknown): unknown;
}

function isConvertible(value: object): value is Convertible {
  return typeof (value as Partial<Convertible>).toPostgres === "function";
}

/** Text form of a value that is not null. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return printTimestamp(value.getTime() * 1000, true);
  if (Array.isArray(value)) return arrayText(value);
  if (value !== null && typeof value === "object") {
    return isConvertible(value) ? textOf(value.toPostgres((inner) => inner)) : JSON.stringify(value);
  }
  return String(value);
}

/** One value as a parameter of that type. @throws DatabaseError 22P02 and its kin. */
export function bindValue(value: unknown, type: PgType): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" && type.size === 4 && type.category === "number" && (value | 0) === value)
    return value;
  if (typeof value === "boolean" && type.category === "boolean") return value;
  if (value instanceof Date && type.category === "datetime" && type.size === 8) {
    const ms = value.getTime();
    if (Number.isNaN(ms))
      throw new DatabaseError(
        "22007",
        `invalid input syntax for type ${type.name}: "0NaN-NaN-NaNTNaN:NaN:NaN.NaN+NaN:NaN"`,
      );
    if (type.oid === 1184 || type.oid === 1114) return ms * 1000;
  }
  if (value instanceof Uint8Array) {
    if (type.oid === byteaType.oid) return Uint8Array.from(value);
    return type.parse(Buffer.from(value).toString("utf8"));
  }
  return type.parse(textOf(value));
}

/** @throws DatabaseError 08P01 when the count is wrong. */
export function bindParameters(values: readonly unknown[], types: readonly PgType[], name: string): Value[] {
  if (values.length !== types.length) {
    throw new DatabaseError(
      "08P01",
      `bind message supplies ${values.length} parameters, but prepared statement "${name}" requires ${types.length}`,
    );
  }
  return values.map((value, index) => bindValue(value, types[index] ?? textType));
}
