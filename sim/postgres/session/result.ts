/** Outcomes as the `pg` client shows them. */
import type { Outcome, OutputColumn } from "../execute/plan.js";
import type { PgType } from "../types/type.js";
import type { Row } from "../types/value.js";
import { createRowReader } from "./row-reader.js";

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
