/** Statements that change the schema: from the tree to a new catalog and what the storage has to do. */
import { DatabaseError } from "../database-error.js";
import { bareContext, compileDefault } from "../execute/compile.js";
import { missingTable, unsupported, type EvaluationContext } from "../execute/execution-context.js";
import type { AlterTableAction, CreateIndex, Drop, SchemaStatement } from "../sql/schema-ast.js";
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
import { buildColumn, createSequenceDef, createTable, finishColumn } from "./tables.js";

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
  change: AlterTableAction & { kind: "add column" },
  data: TableRows,
): TableDef {
  const { name } = change.column;
  if (table.columns.some((column) => column.name === name && !column.dropped)) {
    if (change.ifNotExists) return table;
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
  return change.column.constraints.reduce((soFar, clause) => addConstraint(draft, soFar, clause), next);
}

function dropColumn(table: TableDef, change: AlterTableAction & { kind: "drop column" }): TableDef {
  const index = table.columns.findIndex((column) => column.name === change.name && !column.dropped);
  if (index < 0) {
    if (change.ifExists) return table;
    throw new DatabaseError("42703", `column "${change.name}" of relation "${table.name}" does not exist`);
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
      (check) => !JSON.stringify(check.expression).includes(`"name":${JSON.stringify(change.name)}`),
    ),
  };
}

type ColumnChange = AlterTableAction & { readonly kind: "set default" | "set not null" | "drop not null" };

function alterColumn(draft: Draft, table: TableDef, change: ColumnChange, data: TableRows): TableDef {
  const index = columnIndex(table, change.column);
  switch (change.kind) {
    case "set default": {
      const next = withColumn(table, index, (column) => ({ ...column, default: change.value }));
      const column = next.columns[index];
      if (column !== undefined) compileDefault(column, bareContext(draft.current()));
      return next;
    }
    case "set not null":
      requireNoNulls(table, index, data.rows(table.id));
      return withColumn(table, index, (column) => ({ ...column, notNull: true }));
    case "drop not null":
    default:
      return withColumn(table, index, (column) => ({ ...column, notNull: false }));
  }
}

function dropConstraint(table: TableDef, change: AlterTableAction & { kind: "drop constraint" }): TableDef {
  const { name } = change;
  const without = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
    items.filter((item) => item.name !== name);
  const next = {
    ...table,
    indexes: without(table.indexes),
    checks: without(table.checks),
    foreignKeys: without(table.foreignKeys),
  };
  const count = (one: TableDef): number => one.indexes.length + one.checks.length + one.foreignKeys.length;
  if (count(next) === count(table) && !change.ifExists) {
    throw new DatabaseError("42704", `constraint "${name}" of relation "${table.name}" does not exist`);
  }
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

function applyChange(draft: Draft, table: TableDef, change: AlterTableAction, data: TableRows): TableDef {
  switch (change.kind) {
    case "add column":
      return addColumn(draft, table, change, data);
    case "drop column":
      return dropColumn(table, change);
    case "set default":
    case "set not null":
    case "drop not null":
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
      return dropConstraint(table, change);
    case "nothing":
      return table;
    default:
      throw unsupported(`ALTER TABLE ... ${change.kind.toUpperCase()}`);
  }
}

/** @returns The table as it was and as it is now; null when it is missing and `IF EXISTS` said so. */
function alterTable(
  draft: Draft,
  node: SchemaStatement & { type: "alter table" },
  data: TableRows,
): { before: TableDef; after: TableDef } | null {
  const before = draft.tables.get(node.name.name);
  if (before === undefined) {
    if (node.ifExists) return null;
    throw missingTable(node.name.name);
  }
  let after = before;
  for (const change of node.actions) {
    after = applyChange(draft, after, change, data);
    draft.tables.set(after.name, after);
  }
  return { before, after };
}

function rename(draft: Draft, node: SchemaStatement & { type: "rename" }): SchemaChange["notice"] {
  const table = draft.tables.get(node.name.name);
  if (table === undefined) {
    if (!node.ifExists) throw missingTable(node.name.name);
    return { code: "00000", message: `relation "${node.name.name}" does not exist, skipping` };
  }
  if (node.kind === "column") {
    draft.tables.set(table.name, renameColumn(draft, table, node.part ?? "", node.to));
    return null;
  }
  if (node.kind !== "table") throw unsupported(`ALTER ${node.kind.toUpperCase()} RENAME`);
  requireFree(draft, node.to);
  draft.tables.delete(table.name);
  draft.tables.set(node.to, { ...table, name: node.to });
  return null;
}

export interface SchemaChange {
  readonly tag: string;
  readonly catalog: Catalog;
  /** Indexes to build over rows that are there. */
  readonly builtIndexes: ReadonlyArray<{ readonly table: TableDef; readonly index: IndexDef }>;
  /** Message of a NOTICE, such as for `IF NOT EXISTS`. */
  readonly notice: { readonly code: string; readonly message: string } | null;
}

/** Tables that the statement locks against everybody. */
export function lockedTables(catalog: Catalog, node: SchemaStatement): readonly TableDef[] {
  const names: string[] = [];
  if (node.type === "alter table" || node.type === "rename") names.push(node.name.name);
  if (node.type === "create index") names.push(node.table.name);
  if (node.type === "drop" && node.kind === "table") names.push(...node.names.map(({ name }) => name));
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

function createIndex(draft: Draft, node: CreateIndex): { index: IndexDef; table: TableDef } | null {
  const table = draft.tables.get(node.table.name);
  if (table === undefined) throw missingTable(node.table.name);
  const { method } = node;
  if (!["btree", "hash", "gin"].includes(method)) throw unsupported(`indexes using ${method}`);
  if (method !== "btree" && node.unique)
    throw new DatabaseError("0A000", `access method "${method}" does not support unique indexes`);
  const names = node.keys.map(({ expr }) =>
    expr.type === "ref" || expr.type === "call" ? expr.name : "expr",
  );
  const name = node.name ?? draft.freeName(`${table.name}_${names.join("_")}_idx`);
  if (node.ifNotExists && draft.hasRelation(name)) return null;
  requireFree(draft, name);
  const index = createIndexDef(draft.current(), table, {
    id: draft.nextId(),
    name,
    unique: node.unique,
    constraint: null,
    expressions: node.keys.map(({ expr }) => expr),
    where: node.where,
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

function drop(draft: Draft, node: Drop): { readonly code: string; readonly message: string } | null {
  const { kind } = node;
  let notice: { readonly code: string; readonly message: string } | null = null;
  for (const { name } of node.names) {
    const table = draft.tables.get(name);
    let found = false;
    if (kind === "table" && table !== undefined) {
      const gone = dropTable(draft, table, node.cascade);
      notice = cascadeNotice(draft, gone) ?? notice;
      found = true;
    } else if (kind === "index") found = dropIndex(draft, name);
    else if (kind === "sequence") found = draft.sequences.delete(name);
    else if (kind === "type") found = draft.enums.delete(name);
    if (found) continue;
    if (!node.ifExists) {
      throw new DatabaseError(
        kind === "type" || kind === "index" ? "42704" : "42P01",
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
export function changeSchema(catalog: Catalog, node: SchemaStatement, data: TableRows): SchemaChange {
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
      if (made === null) notice = alreadyThere(node.name ?? "");
      else builtIndexes.push(made);
      break;
    }
    case "create sequence": {
      const { name } = node.name;
      if (node.ifNotExists && draft.hasRelation(name)) {
        notice = alreadyThere(name);
        break;
      }
      requireFree(draft, name);
      const type =
        node.options.type === undefined ? int8Type : resolveType(node.options.type, () => undefined);
      draft.sequences.set(name, createSequenceDef(draft, name, type, node.options, null));
      break;
    }
    case "create enum": {
      tag = "CREATE TYPE";
      const { name } = node.name;
      if (draft.enums.has(name)) throw new DatabaseError("42710", `type "${name}" already exists`);
      draft.enums.set(name, enumType(draft.nextId(), name, node.labels));
      break;
    }
    case "alter table": {
      const changed = alterTable(draft, node, data);
      if (changed === null)
        notice = { code: "00000", message: `relation "${node.name.name}" does not exist, skipping` };
      else {
        for (const index of changed.after.indexes) {
          if (!changed.before.indexes.some((other) => other.id === index.id))
            builtIndexes.push({ table: changed.after, index });
        }
      }
      break;
    }
    case "rename":
      tag = "ALTER TABLE";
      notice = rename(draft, node);
      break;
    case "drop":
      tag = `DROP ${node.kind.toUpperCase()}`;
      notice = drop(draft, node);
      break;
    case "create extension":
      if (!["pgcrypto", "uuid-ossp"].includes(node.name)) throw unsupported(`the extension ${node.name}`);
      break;
    case "create schema":
      if (node.name !== "public") throw unsupported("schemas other than public");
      break;
    case "comment":
      break;
    case "nothing":
      ({ tag } = node);
      break;
    default:
      throw unsupported(`the statement ${node.type.toUpperCase()}`);
  }
  return { tag, catalog: draft.current(), builtIndexes, notice };
}
