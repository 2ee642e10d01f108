/** `CREATE TABLE` and the columns of `ALTER TABLE`. */
import type {
  ColumnConstraint,
  CreateColumnDef,
  CreateSequenceOptions,
  CreateTableStatement,
  Expr,
} from "pgsql-ast-parser";

import { DatabaseError } from "../database-error.js";
import { compileDefault } from "../execute/compile.js";
import { bareContext, unsupported } from "../execute/execution-context.js";
import { int2Type, int4Type, int8Type } from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import type { PgType } from "../types/type.js";
import { requireFree, type ColumnDef, type Draft, type SequenceDef, type TableDef } from "./catalog.js";
import { addCheck, addConstraint, addForeignKey, addUnique } from "./constraints.js";

const serials: Readonly<Record<string, PgType>> = {
  serial: int4Type,
  serial4: int4Type,
  bigserial: int8Type,
  serial8: int8Type,
  smallserial: int2Type,
  serial2: int2Type,
};

const sequenceLimits = new Map<number, bigint>([
  [21, 2n ** 15n - 1n],
  [23, 2n ** 31n - 1n],
  [20, 2n ** 63n - 1n],
]);

export function createSequenceDef(
  draft: Draft,
  name: string,
  type: PgType,
  options: CreateSequenceOptions,
  owner: SequenceDef["owner"],
): SequenceDef {
  const increment = BigInt(options.incrementBy ?? 1);
  const limit = sequenceLimits.get(type.oid) ?? 2n ** 63n - 1n;
  const min =
    typeof options.minValue === "number" ? BigInt(options.minValue) : increment > 0n ? 1n : -limit - 1n;
  const max = typeof options.maxValue === "number" ? BigInt(options.maxValue) : increment > 0n ? limit : -1n;
  const start = options.startWith === undefined ? (increment > 0n ? min : max) : BigInt(options.startWith);
  return {
    id: draft.nextId(),
    name,
    type,
    start,
    increment,
    min,
    max,
    cycle: options.cycle === "cycle",
    owner,
  };
}

function nextvalOf(sequence: string): Expr {
  return { type: "call", function: { name: "nextval" }, args: [{ type: "string", value: sequence }] };
}

interface ColumnParts {
  readonly column: ColumnDef;
  readonly sequence: { readonly options: CreateSequenceOptions; readonly name: string | undefined } | null;
}

export function buildColumn(draft: Draft, definition: CreateColumnDef): ColumnParts {
  const { dataType, constraints = [] } = definition;
  if (definition.collate) throw unsupported("COLLATE");
  const serial = dataType.kind === "array" ? undefined : serials[dataType.name.toLowerCase()];
  const type = serial ?? resolveType(dataType, (name) => draft.enums.get(name));
  const column: ColumnDef = {
    name: definition.name.name,
    type,
    notNull: serial !== undefined,
    default: null,
    identity: null,
    dropped: false,
    missing: null,
  };
  const parts: ColumnParts = {
    column,
    sequence: serial === undefined ? null : { options: {}, name: undefined },
  };
  return constraints.reduce(applyColumnConstraint, parts);
}

function applyColumnConstraint(parts: ColumnParts, constraint: ColumnConstraint): ColumnParts {
  const { column } = parts;
  switch (constraint.type) {
    case "not null":
    case "primary key":
      return { ...parts, column: { ...column, notNull: true } };
    case "default":
      return { ...parts, column: { ...column, default: constraint.default } };
    case "add generated": {
      if (constraint.expression !== undefined) throw unsupported("generated columns");
      const identity = constraint.always ?? "always";
      return {
        column: { ...column, notNull: true, identity },
        sequence: { options: constraint.sequence ?? {}, name: constraint.sequence?.name?.name },
      };
    }
    case "check":
    case "null":
    case "reference":
    case "unique":
    default:
      return parts;
  }
}

/** Checks the default and makes the sequence that the column asks for. */
export function finishColumn(draft: Draft, table: TableDef, index: number, parts: ColumnParts): TableDef {
  let { column } = parts;
  if (parts.sequence !== null) {
    const name = parts.sequence.name ?? draft.freeName(`${table.name}_${column.name}_seq`);
    draft.sequences.set(
      name,
      createSequenceDef(draft, name, column.type, parts.sequence.options, {
        tableId: table.id,
        column: index,
      }),
    );
    column = { ...column, default: nextvalOf(name) };
  }
  compileDefault(column, bareContext(draft.current()));
  return { ...table, columns: table.columns.with(index, column) };
}

/** The constraints written behind a column. */
export function applyInlineConstraints(draft: Draft, table: TableDef, definition: CreateColumnDef): TableDef {
  const name = definition.name.name;
  return (definition.constraints ?? []).reduce((current, constraint): TableDef => {
    const constraintName = constraint.constraintName?.name;
    if (constraint.type === "primary key" || constraint.type === "unique")
      return addUnique(draft, current, constraint.type, [name], constraintName);
    if (constraint.type === "check") return addCheck(draft, current, constraint.expr, constraintName);
    if (constraint.type === "reference")
      return addForeignKey(draft, current, [name], constraint, constraintName);
    return current;
  }, table);
}

/** @returns False when the table was there already and `IF NOT EXISTS` said so. */
export function createTable(draft: Draft, node: CreateTableStatement): boolean {
  const { name } = node.name;
  if (node.name.schema !== undefined && node.name.schema !== "public")
    throw unsupported(`the schema ${node.name.schema}`);
  if (node.temporary === true || (node.inherits ?? []).length > 0)
    throw unsupported("temporary and inherited tables");
  if (node.ifNotExists === true && draft.hasRelation(name)) return false;
  requireFree(draft, name);
  const definitions = node.columns.map((column) => {
    if (column.kind !== "column") throw unsupported("CREATE TABLE ... LIKE");
    return column;
  });
  const parts = definitions.map((definition) => buildColumn(draft, definition));
  for (const [at, { column }] of parts.entries()) {
    if (parts.findIndex((other) => other.column.name === column.name) !== at) {
      throw new DatabaseError("42701", `column "${column.name}" specified more than once`);
    }
  }
  let table: TableDef = {
    id: draft.nextId(),
    name,
    columns: parts.map((part) => part.column),
    indexes: [],
    checks: [],
    foreignKeys: [],
  };
  for (const [index, part] of parts.entries()) table = finishColumn(draft, table, index, part);
  for (const definition of definitions) table = applyInlineConstraints(draft, table, definition);
  for (const constraint of node.constraints ?? []) table = addConstraint(draft, table, constraint);
  draft.tables.set(name, table);
  return true;
}
