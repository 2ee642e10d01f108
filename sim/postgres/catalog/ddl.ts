/** Statements that change the schema: from the tree to a new catalog and what the storage has to do. */
import type { CreateIndexStatement, DropStatement, Statement } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import { missingTable } from "../execute/env.js";
import { unsupported } from "../execute/unsupported.js";
import { int8Type } from "../types/builtin.js";
import { resolveType } from "../types/names.js";
import type { PgType } from "../types/type.js";
import { alterTable, type TableRows } from "./alter-table.js";
import { type Catalog, type ForeignKeyDef, type IndexDef, referencesTo, type TableDef } from "./catalog.js";
import { createDraft, type Draft, requireFree } from "./draft.js";
import { createIndexDef } from "./index-def.js";
import { createSequenceDef, createTable } from "./tables.js";

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
