/** `ALTER TABLE`. */
import type { AlterTableStatement, TableAlteration } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import { compileDefault } from "../execute/default.js";
import { bareContext, missingTable } from "../execute/env.js";
import { unsupported } from "../execute/unsupported.js";
import type { Env } from "../execute/env.js";
import type { Row, Value } from "../types/value.js";
import type { ColumnDef, TableDef } from "./catalog.js";
import { addConstraint, columnIndex } from "./constraints.js";
import type { Draft } from "./draft.js";
import { createIndexDef } from "./index-def.js";
import { applyInlineConstraints, buildColumn, finishColumn } from "./tables.js";
import { requireFree } from "./draft.js";

/** What an alteration needs to know about the rows. */
export interface TableRows {
  /** Live rows of a table. */
  rows(tableId: number): Iterable<Row>;
  readonly env: Env;
}

function withColumn(table: TableDef, index: number, change: (column: ColumnDef) => ColumnDef): TableDef {
  return { ...table, columns: table.columns.map((column, at) => (at === index ? change(column) : column)) };
}

function requireNoNulls(table: TableDef, index: number, rows: Iterable<Row>): void {
  const column = table.columns[index];
  for (const row of rows) {
    if ((row[index] ?? column?.missing ?? null) !== null) continue;
    throw new DatabaseError(
      "23502",
      `column "${column?.name ?? ""}" of relation "${table.name}" contains null values`,
      {
        schema: "public",
        table: table.name,
        column: column?.name ?? "",
      },
    );
  }
}

function addColumn(
  draft: Draft,
  table: TableDef,
  change: TableAlteration & { type: "add column" },
  data: TableRows,
): TableDef {
  const { name } = change.column.name;
  if (table.columns.some((column) => column.name === name && !column.dropped)) {
    if (change.ifNotExists === true) return table;
    throw new DatabaseError("42701", `column "${name}" of relation "${table.name}" already exists`);
  }
  const parts = buildColumn(draft, change.column);
  const index = table.columns.length;
  let next = finishColumn(draft, { ...table, columns: [...table.columns, parts.column] }, index, parts);
  const column = next.columns[index];
  const hasRows = [...data.rows(table.id)].length > 0;
  if (column !== undefined && column.default !== null && hasRows) {
    const value = compileDefault(column, bareContext(draft.current()));
    if (parts.sequence !== null || !value.constant)
      throw unsupported("ADD COLUMN with a volatile default on a table with rows");
    const missing: Value = value.run(data.env);
    next = withColumn(next, index, (own) => ({ ...own, missing }));
  }
  if (column?.notNull === true) requireNoNulls(next, index, data.rows(table.id));
  return applyInlineConstraints(draft, next, change.column);
}

function dropColumn(table: TableDef, change: TableAlteration & { type: "drop column" }): TableDef {
  const index = table.columns.findIndex((column) => column.name === change.column.name && !column.dropped);
  if (index < 0) {
    if (change.ifExists === true) return table;
    throw new DatabaseError(
      "42703",
      `column "${change.column.name}" of relation "${table.name}" does not exist`,
    );
  }
  const dropped = withColumn(table, index, (column) => ({
    ...column,
    name: `........pg.dropped.${index + 1}........`,
    dropped: true,
    notNull: false,
    default: null,
    identity: null,
  }));
  return {
    ...dropped,
    indexes: table.indexes.filter((one) => !one.columns.includes(index)),
    foreignKeys: table.foreignKeys.filter((key) => !key.columns.includes(index)),
    checks: table.checks.filter(
      (check) => !JSON.stringify(check.expression).includes(`"name":${JSON.stringify(change.column.name)}`),
    ),
  };
}

function alterColumn(
  draft: Draft,
  table: TableDef,
  change: TableAlteration & { type: "alter column" },
  data: TableRows,
): TableDef {
  const index = columnIndex(table, change.column.name);
  const { alter } = change;
  switch (alter.type) {
    case "set default": {
      const next = withColumn(table, index, (column) => ({ ...column, default: alter.default }));
      const column = next.columns[index];
      if (column !== undefined) compileDefault(column, bareContext(draft.current()));
      return next;
    }
    case "drop default":
      return withColumn(table, index, (column) => ({ ...column, default: null }));
    case "set not null":
      requireNoNulls(table, index, data.rows(table.id));
      return withColumn(table, index, (column) => ({ ...column, notNull: true }));
    case "drop not null":
      return withColumn(table, index, (column) => ({ ...column, notNull: false }));
    case "add generated":
    case "set type":
    default:
      throw unsupported(`ALTER COLUMN ${alter.type}`);
  }
}

function dropConstraint(
  draft: Draft,
  table: TableDef,
  change: TableAlteration & { type: "drop constraint" },
): TableDef {
  const { name } = change.constraint;
  const without = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
    items.filter((item) => item.name !== name);
  const next = {
    ...table,
    indexes: without(table.indexes),
    checks: without(table.checks),
    foreignKeys: without(table.foreignKeys),
  };
  const count = (one: TableDef): number => one.indexes.length + one.checks.length + one.foreignKeys.length;
  if (count(next) === count(table) && change.ifExists !== true) {
    throw new DatabaseError("42704", `constraint "${name}" of relation "${table.name}" does not exist`);
  }
  void draft;
  return next;
}

// Expressions name columns, so indexes and checks over them follow the new name.
function renameColumn(draft: Draft, table: TableDef, from: string, to: string): TableDef {
  const index = columnIndex(table, from);
  const renamed = withColumn(table, index, (column) => ({ ...column, name: to }));
  const follow = <T>(tree: T): T =>
    JSON.parse(JSON.stringify(tree), (_, node: unknown) => {
      const ref = node as { type?: string; name?: string } | null;
      return ref !== null && typeof ref === "object" && ref.type === "ref" && ref.name === from
        ? { ...ref, name: to }
        : node;
    }) as T;
  return {
    ...renamed,
    checks: table.checks.map((check) => ({ ...check, expression: follow(check.expression) })),
    indexes: table.indexes.map((one) =>
      createIndexDef(draft.current(), renamed, {
        ...one,
        expressions: follow(one.expressions),
        where: follow(one.where),
      }),
    ),
  };
}

function checkNewConstraint(table: TableDef, next: TableDef, data: TableRows): void {
  if (next.foreignKeys.length > table.foreignKeys.length || next.checks.length > table.checks.length) {
    if ([...data.rows(table.id)].length > 0)
      throw unsupported("adding CHECK or FOREIGN KEY to a table with rows");
  }
}

function applyChange(draft: Draft, table: TableDef, change: TableAlteration, data: TableRows): TableDef {
  switch (change.type) {
    case "add column":
      return addColumn(draft, table, change, data);
    case "drop column":
      return dropColumn(table, change);
    case "alter column":
      return alterColumn(draft, table, change, data);
    case "add constraint": {
      const next = addConstraint(draft, table, change.constraint);
      checkNewConstraint(table, next, data);
      for (const [index, column] of next.columns.entries()) {
        if (column.notNull && table.columns[index]?.notNull === false)
          requireNoNulls(next, index, data.rows(table.id));
      }
      return next;
    }
    case "drop constraint":
      return dropConstraint(draft, table, change);
    case "rename column":
      return renameColumn(draft, table, change.column.name, change.to.name);
    case "rename":
      requireFree(draft, change.to.name);
      draft.tables.delete(table.name);
      return { ...table, name: change.to.name };
    case "owner":
      return table;
    case "rename constraint":
    default:
      throw unsupported(`ALTER TABLE ... ${change.type}`);
  }
}

/** @returns The table as it was and as it is now; null when it is missing and `IF EXISTS` said so. */
export function alterTable(
  draft: Draft,
  node: AlterTableStatement,
  data: TableRows,
): { before: TableDef; after: TableDef } | null {
  const before = draft.tables.get(node.table.name);
  if (before === undefined) {
    if (node.ifExists === true) return null;
    throw missingTable(node.table.name);
  }
  let after = before;
  for (const change of node.changes) {
    after = applyChange(draft, after, change, data);
    draft.tables.set(after.name, after);
  }
  return { before, after };
}
