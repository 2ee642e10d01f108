/** Constraints of `CREATE TABLE` and `ALTER TABLE`: their names, and what they add to a table. */
import type { Expr, TableConstraint, TableReference } from "pgsql-ast-parser";

import { DatabaseError } from "../database-error.js";
import { asCondition, settle } from "../execute/coerce.js";
import { compile } from "../execute/compile.js";
import {
  bareContext,
  missingTable,
  unsupported,
  type CompileContext,
  type EvaluationContext,
  type Runtime,
} from "../execute/execution-context.js";
import { scopeTableOf } from "../execute/scan.js";
import { primaryKeyMark, walkTree } from "../sql/parse.js";
import { boolType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import {
  encodeKey,
  type Catalog,
  type Draft,
  type ForeignKeyDef,
  type IndexDef,
  type TableDef,
} from "./catalog.js";

// Making indexes: how a row becomes a key.

export interface IndexParts {
  readonly id: number;
  readonly name: string;
  readonly unique: boolean;
  readonly constraint: IndexDef["constraint"];
  readonly expressions: readonly Expr[];
  readonly where: Expr | null;
}

// Keys and predicates depend on nothing but the row.
function rowEnv(row: Row): EvaluationContext {
  return { runtime: {} as Runtime, parameters: [], rows: [row], aggregates: [] };
}

function partReader(
  table: TableDef,
  expression: Expr,
  context: CompileContext,
): { type: PgType; column: number | null; read: (row: Row) => Value } {
  if (expression.type === "ref") {
    const column = table.columns.findIndex(
      (candidate) => candidate.name === expression.name && !candidate.dropped,
    );
    const found = table.columns[column];
    if (found !== undefined) return { type: found.type, column, read: (row) => row[column] ?? found.missing };
  }
  const compiled = settle(compile(expression, context));
  return { type: compiled.type, column: null, read: (row) => compiled.run(rowEnv(row)) };
}

function describe(expression: Expr): string {
  if (expression.type === "ref") return expression.name;
  if (expression.type === "call")
    return `${expression.function.name}(${expression.args.map(describe).join(", ")})`;
  return "(expression)";
}

export function createIndexDef(catalog: Catalog, table: TableDef, parts: IndexParts): IndexDef {
  const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
  const context = bareContext(catalog, scope);
  const readers = parts.expressions.map((expression) => partReader(table, expression, context));
  const predicate =
    parts.where === null ? null : asCondition(compile(parts.where, context), boolType, "WHERE");
  const types = readers.map((reader) => reader.type);
  const partsOf = (row: Row): readonly Value[] => readers.map((reader) => reader.read(row));
  const [only] = readers;
  const single = readers.length === 1 && only !== undefined ? only : null;
  return {
    ...parts,
    tableId: table.id,
    columns: readers.map((reader) => reader.column),
    keyText: parts.expressions.map(describe).join(", "),
    types,
    partsOf,
    keyOf(row) {
      if (predicate !== null && predicate.run(rowEnv(row)) !== true) return null;
      if (single === null) return encodeKey(types, partsOf(row));
      const value = single.read(row);
      return value === null ? null : single.type.key(value);
    },
  };
}

export function columnIndex(table: TableDef, name: string): number {
  const index = table.columns.findIndex((column) => column.name === name && !column.dropped);
  if (index < 0) throw new DatabaseError("42703", `column "${name}" does not exist`);
  return index;
}

function withNotNull(table: TableDef, columns: readonly number[]): TableDef {
  return {
    ...table,
    columns: table.columns.map((column, index) =>
      columns.includes(index) ? { ...column, notNull: true } : column,
    ),
  };
}

export function addUnique(
  draft: Draft,
  table: TableDef,
  kind: "primary key" | "unique",
  columns: readonly string[],
  name: string | undefined,
): TableDef {
  const indexes = columns.map((column) => {
    if (table.columns.some(({ name: own, dropped }) => own === column && !dropped))
      return columnIndex(table, column);
    throw new DatabaseError("42703", `column "${column}" named in key does not exist`);
  });
  if (kind === "primary key" && table.indexes.some((index) => index.constraint === "primary key")) {
    throw new DatabaseError("42P16", `multiple primary keys for table "${table.name}" are not allowed`);
  }
  const target = kind === "primary key" ? withNotNull(table, indexes) : table;
  const base = kind === "primary key" ? `${table.name}_pkey` : `${table.name}_${columns.join("_")}_key`;
  const index = createIndexDef(draft.current(), target, {
    id: draft.nextId(),
    name: name ?? draft.freeName(base),
    unique: true,
    constraint: kind,
    expressions: columns.map((column): Expr => ({ type: "ref", name: column })),
    where: null,
  });
  return { ...target, indexes: [...target.indexes, index] };
}

export function addCheck(
  draft: Draft,
  table: TableDef,
  expression: Expr,
  name: string | undefined,
): TableDef {
  const used = new Set<string>();
  walkTree(expression, (node) => {
    if (node["type"] === "ref") used.add(String(node["name"]));
  });
  const [column] = used;
  const base =
    used.size === 1 && column !== undefined ? `${table.name}_${column}_check` : `${table.name}_check`;
  const taken = (candidate: string): boolean => table.checks.some((check) => check.name === candidate);
  let found = name ?? draft.freeName(base);
  if (name === undefined) for (let suffix = 1; taken(found); suffix += 1) found = `${base}${suffix}`;
  const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
  asCondition(compile(expression, bareContext(draft.current(), scope)), boolType, "CHECK");
  return { ...table, checks: [...table.checks, { name: found, expression }] };
}

function findReferenced(
  parent: TableDef,
  names: readonly string[],
): { columns: readonly number[]; index: IndexDef } {
  const primary = parent.indexes.find((index) => index.constraint === "primary key");
  if (names.length === 0 || names[0] === primaryKeyMark) {
    if (primary === undefined)
      throw new DatabaseError("42704", `there is no primary key for referenced table "${parent.name}"`);
    return { columns: primary.columns.map((column) => column ?? 0), index: primary };
  }
  const columns = names.map((name) => columnIndex(parent, name));
  const index = parent.indexes.find(
    (candidate) =>
      candidate.unique &&
      candidate.where === null &&
      candidate.columns.length === columns.length &&
      columns.every((column) => candidate.columns.includes(column)),
  );
  if (index === undefined) {
    throw new DatabaseError(
      "42830",
      `there is no unique constraint matching given keys for referenced table "${parent.name}"`,
    );
  }
  return { columns, index };
}

export function addForeignKey(
  draft: Draft,
  table: TableDef,
  columns: readonly string[],
  reference: TableReference,
  name: string | undefined,
): TableDef {
  const local = columns.map((column) => columnIndex(table, column));
  const parentName = reference.foreignTable.name;
  const parent = parentName === table.name ? table : draft.tables.get(parentName);
  if (parent === undefined) throw missingTable(parentName);
  const referenced = findReferenced(
    parent,
    reference.foreignColumns.map((column) => column.name),
  );
  if (referenced.columns.length !== local.length) {
    throw new DatabaseError("42830", "number of referencing and referenced columns for foreign key disagree");
  }
  for (const [at, column] of local.entries()) {
    const own = table.columns[column]?.type;
    const other = parent.columns[referenced.columns[at] ?? 0]?.type;
    if (own?.category !== other?.category || (own?.category === "other" && own.oid !== other?.oid)) {
      throw new DatabaseError(
        "42804",
        `foreign key constraint "${name ?? draft.freeName(`${table.name}_${columns.join("_")}_fkey`)}" cannot be implemented`,
      );
    }
  }
  if (reference.match !== undefined && reference.match !== "simple")
    throw unsupported(`MATCH ${reference.match.toUpperCase()}`);
  if (reference.onDelete === "set default" || reference.onUpdate === "set default")
    throw unsupported("ON DELETE SET DEFAULT");
  const key: ForeignKeyDef = {
    name: name ?? draft.freeName(`${table.name}_${columns.join("_")}_fkey`),
    tableId: table.id,
    columns: local,
    parentId: parent.id,
    parentColumns: referenced.columns,
    onDelete: reference.onDelete ?? "no action",
    onUpdate: reference.onUpdate ?? "no action",
  };
  return { ...table, foreignKeys: [...table.foreignKeys, key] };
}

export function addConstraint(draft: Draft, table: TableDef, constraint: TableConstraint): TableDef {
  const name = constraint.constraintName?.name;
  if (constraint.type === "check") return addCheck(draft, table, constraint.expr, name);
  if (constraint.type === "foreign key") {
    return addForeignKey(
      draft,
      table,
      constraint.localColumns.map((column) => column.name),
      constraint,
      name,
    );
  }
  return addUnique(
    draft,
    table,
    constraint.type,
    constraint.columns.map((column) => column.name),
    name,
  );
}
