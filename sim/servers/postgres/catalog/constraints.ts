/** Constraints of `CREATE TABLE` and `ALTER TABLE`: their names, and what they add to a table. */
import { DatabaseError } from "../database-error.js";
import { asCondition, settle } from "../execute/coerce.js";
import { bareContext } from "../execute/compile.js";
import {
  compile,
  missingTable,
  unsupported,
  type CompileContext,
  type EvaluationContext,
  type Runtime,
} from "../execute/execution-context.js";
import { scopeTableOf } from "../execute/scan.js";
import type { Expr } from "../sql/ast.js";
import { walkTree } from "../sql/parse.js";
import type { ConstraintClause } from "../sql/schema-ast.js";
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
  return {
    runtime: {} as Runtime,
    parameters: [],
    rows: [row],
    tuples: [],
    aggregates: [],
    windows: [],
    grouped: null,
    kept: new Map(),
  };
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
  if (expression.type === "call") return `${expression.name}(${expression.args.map(describe).join(", ")})`;
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

function addUnique(
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
    name: name ?? draft.freeName(table.schema, base),
    unique: true,
    constraint: kind,
    expressions: columns.map((column): Expr => ({ type: "ref", name: column })),
    where: null,
  });
  return { ...target, indexes: [...target.indexes, index] };
}

function addCheck(
  draft: Draft,
  table: TableDef,
  expression: Expr,
  name: string | undefined,
  validated: boolean,
): TableDef {
  const used = new Set<string>();
  walkTree(expression, (node) => {
    if (node["type"] === "ref") used.add(String(node["name"]));
  });
  const [column] = used;
  const base =
    used.size === 1 && column !== undefined ? `${table.name}_${column}_check` : `${table.name}_check`;
  const taken = (candidate: string): boolean => table.checks.some((check) => check.name === candidate);
  let found = name ?? draft.freeName(table.schema, base);
  if (name === undefined) for (let suffix = 1; taken(found); suffix += 1) found = `${base}${suffix}`;
  const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
  asCondition(compile(expression, bareContext(draft.current(), scope)), boolType, "CHECK");
  return { ...table, checks: [...table.checks, { name: found, expression, validated }] };
}

function findReferenced(
  parent: TableDef,
  names: readonly string[],
): { columns: readonly number[]; index: IndexDef } {
  const primary = parent.indexes.find((index) => index.constraint === "primary key");
  if (names.length === 0) {
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

function addForeignKey(
  draft: Draft,
  table: TableDef,
  clause: ConstraintClause & { readonly kind: "foreign key" },
): TableDef {
  const { columns, parent: parentName } = clause;
  const local = columns.map((column) => columnIndex(table, column));
  const found = draft.table(parentName);
  const parent =
    parentName.name === table.name && (found === undefined || found.id === table.id) ? table : found;
  if (parent === undefined) throw missingTable(parentName.name);
  const referenced = findReferenced(parent, clause.parentColumns);
  if (referenced.columns.length !== local.length) {
    throw new DatabaseError("42830", "number of referencing and referenced columns for foreign key disagree");
  }
  const name = clause.name ?? draft.freeName(table.schema, `${table.name}_${columns.join("_")}_fkey`);
  for (const [at, column] of local.entries()) {
    const own = table.columns[column];
    const other = parent.columns[referenced.columns[at] ?? 0];
    if (own === undefined || other === undefined) continue;
    if (
      own.type.category === other.type.category &&
      (own.type.category !== "other" || own.type.oid === other.type.oid)
    )
      continue;
    throw new DatabaseError("42804", `foreign key constraint "${name}" cannot be implemented`, {
      detail: `Key columns "${own.name}" and "${other.name}" are of incompatible types: ${own.type.name} and ${other.type.name}.`,
    });
  }
  if (clause.onDelete === "set default" || clause.onUpdate === "set default")
    throw unsupported("ON DELETE SET DEFAULT");
  if (clause.deferrable) throw unsupported("deferrable constraints");
  const key: ForeignKeyDef = {
    name,
    tableId: table.id,
    columns: local,
    parentId: parent.id,
    parentColumns: referenced.columns,
    onDelete: clause.onDelete,
    onUpdate: clause.onUpdate,
    validated: !clause.notValid,
  };
  return { ...table, foreignKeys: [...table.foreignKeys, key] };
}

function useIndex(
  table: TableDef,
  kind: "primary key" | "unique",
  name: string,
  wanted: string | undefined,
): TableDef {
  const found = table.indexes.find((index) => index.name === name);
  if (found === undefined) throw new DatabaseError("42704", `index "${name}" does not exist`);
  if (!found.unique) throw new DatabaseError("42809", `"${name}" is not a unique index`);
  const index = { ...found, constraint: kind, name: wanted ?? name };
  const indexes = table.indexes.map((one) => (one === found ? index : one));
  const next = { ...table, indexes };
  return kind === "primary key"
    ? withNotNull(
        next,
        found.columns.flatMap((column) => column ?? []),
      )
    : next;
}

/** @returns The table with what the clause adds to it; clauses about a single column add nothing here. */
export function addConstraint(draft: Draft, table: TableDef, clause: ConstraintClause): TableDef {
  switch (clause.kind) {
    case "check":
      return addCheck(draft, table, clause.value, clause.name, !clause.notValid);
    case "foreign key":
      return addForeignKey(draft, table, clause);
    case "primary key":
    case "unique":
      if (clause.usingIndex !== undefined)
        return useIndex(table, clause.kind, clause.usingIndex, clause.name);
      return addUnique(draft, table, clause.kind, clause.columns, clause.name);
    default:
      return table;
  }
}
