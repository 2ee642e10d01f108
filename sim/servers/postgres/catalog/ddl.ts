/** Statements that change the schema: from the tree to a new catalog and what the storage has to do. */
import type {
  AlterTableStatement,
  CreateIndexStatement,
  DropStatement,
  Statement,
  TableAlteration,
} from "pgsql-ast-parser";

import { DatabaseError } from "../database-error.js";
import { compileDefault } from "../execute/compile.js";
import {
  bareContext,
  missingTable,
  unsupported,
  type EvaluationContext,
} from "../execute/execution-context.js";
import { int8Type } from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import {
  createDraft,
  referencesTo,
  requireFree,
  type Catalog,
  type ColumnDef,
  type Draft,
  type ForeignKeyDef,
  type IndexDef,
  type TableDef,
} from "./catalog.js";
import { addConstraint, columnIndex, createIndexDef } from "./constraints.js";
import {
  applyInlineConstraints,
  buildColumn,
  createSequenceDef,
  createTable,
  finishColumn,
} from "./tables.js";

// `ALTER TABLE`.

/** What an alteration needs to know about the rows. */
export interface TableRows {
  /** Live rows of a table. */
  rows(tableId: number): Iterable<Row>;
  readonly env: EvaluationContext;
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
function alterTable(
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

export interface SchemaChange {
  readonly tag: string;
  readonly catalog: Catalog;
  /** Indexes to build over rows that are there. */
  readonly builtIndexes: ReadonlyArray<{ readonly table: TableDef; readonly index: IndexDef }>;
  /** Message of a NOTICE, such as for `IF NOT EXISTS`. */
  readonly notice: { readonly code: string; readonly message: string } | null;
}

const schemaStatements = new Set([
  "create table",
  "create index",
  "create sequence",
  "create enum",
  "alter table",
  "alter enum",
  "drop table",
  "drop index",
  "drop sequence",
  "drop type",
  "create extension",
  "comment",
  "create schema",
  "alter sequence",
]);

export function isSchemaStatement(node: Statement): boolean {
  return schemaStatements.has(node.type);
}

/** Tables that the statement locks against everybody. */
export function lockedTables(catalog: Catalog, node: Statement): readonly TableDef[] {
  const names: string[] = [];
  if (node.type === "alter table") names.push(node.table.name);
  if (node.type === "create index") names.push(node.table.name);
  if (node.type === "drop table") names.push(...node.names.map(({ name }) => name));
  return names.flatMap((name) => catalog.tables.get(name) ?? []);
}

function enumType(id: number, name: string, labels: readonly string[]): PgType {
  const order = new Map(labels.map((label, index) => [label, index]));
  return {
    name,
    oid: id,
    arrayOid: id + 1_000_000,
    size: 4,
    category: "enum",
    parse(text) {
      if (!order.has(text))
        throw new DatabaseError("22P02", `invalid input value for enum ${name}: "${text}"`);
      return text;
    },
    print: String,
    compare: (a, b) => (order.get(a as string) ?? 0) - (order.get(b as string) ?? 0),
    key: (value) => value as string,
  };
}

function createIndex(draft: Draft, node: CreateIndexStatement): { index: IndexDef; table: TableDef } | null {
  const table = draft.tables.get(node.table.name);
  if (table === undefined) throw missingTable(node.table.name);
  const using = node.using?.name ?? "btree";
  if (using !== "btree" && using !== "hash" && using !== "gin") throw unsupported(`indexes using ${using}`);
  if (using === "gin" && node.unique === true)
    throw new DatabaseError("0A000", 'access method "gin" does not support unique indexes');
  const names = node.expressions.map(({ expression }) =>
    expression.type === "ref"
      ? expression.name
      : expression.type === "call"
        ? expression.function.name
        : "expr",
  );
  const name = node.indexName?.name ?? draft.freeName(`${table.name}_${names.join("_")}_idx`);
  if (node.ifNotExists === true && draft.hasRelation(name)) return null;
  requireFree(draft, name);
  const index = createIndexDef(draft.current(), table, {
    id: draft.nextId(),
    name,
    unique: node.unique === true,
    constraint: null,
    expressions: node.expressions.map(({ expression }) => expression),
    where: node.where ?? null,
  });
  const next = { ...table, indexes: [...table.indexes, index] };
  draft.tables.set(table.name, next);
  return { index, table: next };
}

function dropTable(draft: Draft, table: TableDef, cascade: boolean): readonly ForeignKeyDef[] {
  const children = referencesTo(draft.current(), table.id).filter((key) => key.tableId !== table.id);
  const [first] = children;
  if (first !== undefined && !cascade) {
    const child = [...draft.tables.values()].find((candidate) => candidate.id === first.tableId);
    throw new DatabaseError("2BP01", `cannot drop table ${table.name} because other objects depend on it`, {
      detail: `constraint ${first.name} on table ${child?.name ?? ""} depends on table ${table.name}`,
      hint: "Use DROP ... CASCADE to drop the dependent objects too.",
    });
  }
  for (const [name, other] of draft.tables) {
    draft.tables.set(name, {
      ...other,
      foreignKeys: other.foreignKeys.filter((key) => key.parentId !== table.id),
    });
  }
  draft.tables.delete(table.name);
  for (const [name, sequence] of draft.sequences)
    if (sequence.owner?.tableId === table.id) draft.sequences.delete(name);
  return children;
}

function cascadeNotice(draft: Draft, gone: readonly ForeignKeyDef[]): SchemaChange["notice"] {
  const [only] = gone;
  if (only === undefined) return null;
  const child = [...draft.tables.values()].find((table) => table.id === only.tableId);
  const what =
    gone.length > 1
      ? `${gone.length} other objects`
      : `constraint ${only.name} on table ${child?.name ?? ""}`;
  return { code: "00000", message: `drop cascades to ${what}` };
}

function dropIndex(draft: Draft, name: string): boolean {
  for (const table of draft.tables.values()) {
    const index = table.indexes.find((candidate) => candidate.name === name);
    if (index === undefined) continue;
    if (index.constraint !== null) {
      throw new DatabaseError(
        "2BP01",
        `cannot drop index ${name} because constraint ${name} on table ${table.name} requires it`,
        {
          hint: `You can drop constraint ${name} on table ${table.name} instead.`,
        },
      );
    }
    draft.tables.set(table.name, {
      ...table,
      indexes: table.indexes.filter((candidate) => candidate !== index),
    });
    return true;
  }
  return false;
}

function drop(draft: Draft, node: DropStatement): { readonly code: string; readonly message: string } | null {
  const kind = node.type.slice("drop ".length);
  let notice: { readonly code: string; readonly message: string } | null = null;
  for (const { name } of node.names) {
    const table = draft.tables.get(name);
    let found = false;
    if (node.type === "drop table" && table !== undefined) {
      const gone = dropTable(draft, table, node.cascade === "cascade");
      notice = cascadeNotice(draft, gone) ?? notice;
      found = true;
    } else if (node.type === "drop index") found = dropIndex(draft, name);
    else if (node.type === "drop sequence") found = draft.sequences.delete(name);
    else if (node.type === "drop type") found = draft.enums.delete(name);
    if (found) continue;
    if (node.ifExists !== true) {
      throw new DatabaseError(
        kind === "table" ? "42P01" : kind === "type" ? "42704" : kind === "index" ? "42704" : "42P01",
        `${kind} "${name}" does not exist`,
      );
    }
    notice = { code: "00000", message: `${kind} "${name}" does not exist, skipping` };
  }
  return notice;
}

function alreadyThere(name: string): SchemaChange["notice"] {
  return { code: "42P07", message: `relation "${name}" already exists, skipping` };
}

/** @throws DatabaseError for a wrong statement; SimError for what is not simulated. */
export function changeSchema(catalog: Catalog, node: Statement, data: TableRows): SchemaChange {
  const draft = createDraft(catalog);
  const builtIndexes: Array<{ table: TableDef; index: IndexDef }> = [];
  let notice: SchemaChange["notice"] = null;
  let tag = node.type.toUpperCase();
  switch (node.type) {
    case "create table":
      if (!createTable(draft, node)) notice = alreadyThere(node.name.name);
      break;
    case "create index": {
      const made = createIndex(draft, node);
      if (made === null) notice = alreadyThere(node.indexName?.name ?? "");
      else builtIndexes.push(made);
      break;
    }
    case "create sequence": {
      if (node.ifNotExists === true && draft.hasRelation(node.name.name)) {
        notice = alreadyThere(node.name.name);
        break;
      }
      requireFree(draft, node.name.name);
      const type = node.options.as === undefined ? int8Type : resolveType(node.options.as, () => undefined);
      draft.sequences.set(node.name.name, createSequenceDef(draft, node.name.name, type, node.options, null));
      break;
    }
    case "create enum": {
      tag = "CREATE TYPE";
      if (draft.enums.has(node.name.name))
        throw new DatabaseError("42710", `type "${node.name.name}" already exists`);
      draft.enums.set(
        node.name.name,
        enumType(
          draft.nextId(),
          node.name.name,
          node.values.map(({ value }) => value),
        ),
      );
      break;
    }
    case "alter table": {
      const changed = alterTable(draft, node, data);
      if (changed === null)
        notice = { code: "00000", message: `relation "${node.table.name}" does not exist, skipping` };
      else {
        for (const index of changed.after.indexes) {
          if (!changed.before.indexes.some((other) => other.id === index.id))
            builtIndexes.push({ table: changed.after, index });
        }
      }
      break;
    }
    case "drop table":
    case "drop index":
    case "drop sequence":
    case "drop type":
      notice = drop(draft, node);
      break;
    case "create extension":
      if (!["pgcrypto", "uuid-ossp"].includes(node.extension.name))
        throw unsupported(`the extension ${node.extension.name}`);
      break;
    case "create schema":
      if (node.name.name !== "public") throw unsupported("schemas other than public");
      break;
    case "comment":
      break;
    case "alter enum":
    case "alter index":
    case "alter sequence":
    case "begin":
    case "commit":
    case "create composite type":
    case "create function":
    case "create materialized view":
    case "create view":
    case "deallocate":
    case "delete":
    case "do":
    case "drop function":
    case "drop trigger":
    case "insert":
    case "prepare":
    case "raise":
    case "refresh materialized view":
    case "rollback":
    case "select":
    case "set":
    case "set names":
    case "set timezone":
    case "show":
    case "start transaction":
    case "tablespace":
    case "truncate table":
    case "union":
    case "union all":
    case "update":
    case "values":
    case "with":
    case "with recursive":
    default:
      throw unsupported(`the statement ${node.type.toUpperCase()}`);
  }
  return { tag, catalog: draft.current(), builtIndexes, notice };
}
