/** Outcomes as the `pg` client shows them: rows as objects, values in JavaScript's types. */
import { getTypeParser } from "pg-types";
import type { Outcome, OutputColumn } from "../execute/plan.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

export interface FieldInfo {
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

type ToClient = (value: Value) => unknown;

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

export function clientConverter(type: PgType): ToClient {
  return direct.get(type.oid) ?? throughText(type);
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
  readonly converters: readonly ToClient[];
}

const shapes = new WeakMap<readonly OutputColumn[], Shape>();

function shapeOf(columns: readonly OutputColumn[]): Shape {
  const known = shapes.get(columns);
  if (known !== undefined) return known;
  const shape = {
    fields: columns.map(fieldOf),
    converters: columns.map((column) => clientConverter(column.type)),
  };
  shapes.set(columns, shape);
  return shape;
}

function toObject(row: Row, { fields, converters }: Shape): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index += 1) {
    const value = row[index] ?? null;
    const name = fields[index]?.name ?? "";
    object[name] = value === null ? null : converters[index]?.(value);
  }
  return object;
}

export function toResult({ tag, rowCount, columns, rows }: Outcome): PgResult {
  const command = /^[A-Z]+/.exec(tag)?.[0] ?? "";
  if (columns === null) return { command, rowCount, fields: [], rows: [] };
  const shape = shapeOf(columns);
  return {
    command,
    rowCount: rowCount ?? null,
    fields: shape.fields,
    rows: rows.map((row) => toObject(row, shape)),
  };
}
