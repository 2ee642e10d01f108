/** Statements that change the schema: from the tree to a new catalog and what the storage has to do. */
import { DatabaseError } from "../database-error.js";
import { castTo, assignTo } from "../execute/coerce.js";
import { bareContext, compileDefault } from "../execute/compile.js";
import { compile, missingTable, unsupported, type EvaluationContext } from "../execute/execution-context.js";
import { compileQuery } from "../execute/query.js";
import { scopeTableOf } from "../execute/scan.js";
import type { Expr, QualifiedName, Query } from "../sql/ast.js";
import { walkTree } from "../sql/parse.js";
import type { AlterTableAction, CreateIndex, CreateView, Drop, SchemaStatement } from "../sql/schema-ast.js";
import { int8Type } from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import {
  createDraft,
  lookUp,
  relationKey,
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
  nextId(): number;
  /** Schema of the temporary tables of the session. */
  readonly temporarySchema: string;
}

/** New row images for a table: of the columns that were there, of those that come. */
export interface Rewrite {
  readonly table: TableDef;
  row(before: Row): Row;
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
        schema: table.schema,
        table: table.name,
        column: column?.name ?? "",
      },
    );
  }
}

/** An expression over one row of the table. */
function readerOf(
  draft: Draft,
  table: TableDef,
  expression: Expr,
  data: TableRows,
  type: PgType | null,
  name: string,
): (row: Row) => Value {
  const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
  const compiled = compile(expression, bareContext(draft.current(), scope));
  const value = type === null ? compiled : assignTo(compiled, type, name);
  return (row) => value.run({ ...data.env, rows: [row] });
}

interface Altered {
  readonly table: TableDef;
  /** Set when rows have to be written anew. */
  readonly rewrite?: (before: Row) => Row;
}

function addColumn(
  draft: Draft,
  table: TableDef,
  change: AlterTableAction & { kind: "add column" },
  data: TableRows,
): Altered {
  const { name } = change.column;
  if (table.columns.some((column) => column.name === name && !column.dropped)) {
    if (change.ifNotExists) return { table };
    throw new DatabaseError("42701", `column "${name}" of relation "${table.name}" already exists`);
  }
  const parts = buildColumn(draft, change.column);
  const index = table.columns.length;
  let next = finishColumn(draft, { ...table, columns: [...table.columns, parts.column] }, index, parts);
  const column = next.columns[index];
  const hasRows = [...data.rows(table.id)].length > 0;
  let rewrite: Altered["rewrite"];
  if (column !== undefined && hasRows && column.generated !== null) {
    const read = readerOf(draft, next, column.generated, data, column.type, column.name);
    rewrite = (row) => [...filled(table, row), read(filled(table, row))];
  } else if (column !== undefined && column.default !== null && hasRows) {
    const value = compileDefault(column, bareContext(draft.current()));
    if (parts.sequence !== null || !value.constant)
      rewrite = (row) => [...filled(table, row), value.run(data.env)];
    else {
      const missing: Value = value.run(data.env);
      next = withColumn(next, index, (own) => ({ ...own, missing }));
    }
  }
  if (column?.notNull === true && rewrite === undefined) requireNoNulls(next, index, data.rows(table.id));
  const done = change.column.constraints.reduce((soFar, clause) => addConstraint(draft, soFar, clause), next);
  return rewrite === undefined ? { table: done } : { table: done, rewrite };
}

/** A row image with the columns that were added since it was written. */
function filled(table: TableDef, row: Row): Row {
  return [...row, ...table.columns.slice(row.length).map(({ missing }) => missing)];
}

function setType(
  draft: Draft,
  table: TableDef,
  change: AlterTableAction & { kind: "set type" },
  data: TableRows,
): Altered {
  const index = columnIndex(table, change.column);
  const before = table.columns[index];
  if (before === undefined) throw new Error("the column vanished");
  const type = resolveType(change.type, (name) => lookUp(draft.enums, name, draft));
  const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
  const context = bareContext(draft.current(), scope);
  let convert: (row: Row) => Value;
  try {
    const source = compile(change.using ?? { type: "ref", name: change.column }, context);
    const value = change.using === null ? assignTo(source, type, change.column) : castTo(source, type);
    convert = (row) => value.run({ ...data.env, rows: [row] });
  } catch (error) {
    if (!(error instanceof DatabaseError) || (error.code !== "42804" && error.code !== "42846")) throw error;
    throw new DatabaseError(
      "42804",
      `column "${change.column}" cannot be cast automatically to type ${type.name}`,
      {
        hint: `You might need to specify "USING ${change.column}::${type.name}".`,
      },
    );
  }
  const retyped = withColumn(table, index, (column) => ({
    ...column,
    type,
    missing:
      column.missing === null ? null : convert(Array.from({ length: index + 1 }, () => column.missing)),
  }));
  const column = retyped.columns[index];
  if (column !== undefined) compileDefault(column, bareContext(draft.current()));
  const next = {
    ...retyped,
    indexes: table.indexes.map((one) =>
      one.columns.includes(index)
        ? createIndexDef(draft.current(), retyped, { ...one, id: draft.nextId() })
        : one,
    ),
  };
  return { table: next, rewrite: (row) => filled(table, row).with(index, convert(filled(table, row))) };
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
    generated: null,
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

/** Rows that are there must hold what is added. @throws DatabaseError 23514, 23503, 23502 */
function checkRows(
  draft: Draft,
  table: TableDef,
  next: TableDef,
  data: TableRows,
  names: ReadonlySet<string>,
): void {
  const added = <T extends { readonly name: string }>(items: readonly T[], before: readonly T[]): T[] =>
    items.filter((item) => names.has(item.name) || !before.some((other) => other.name === item.name));
  for (const check of added(next.checks, table.checks)) {
    if (!check.validated) continue;
    const read = readerOf(draft, next, check.expression, data, null, "");
    for (const row of data.rows(table.id)) {
      if (read(filled(next, row)) !== false) continue;
      throw new DatabaseError(
        "23514",
        `check constraint "${check.name}" of relation "${table.name}" is violated by some row`,
        {
          schema: table.schema,
          table: table.name,
          constraint: check.name,
        },
      );
    }
  }
  for (const key of added(next.foreignKeys, table.foreignKeys))
    if (key.validated) checkParents(draft, next, key, data);
  for (const [index, column] of next.columns.entries()) {
    if (column.notNull && table.columns[index]?.notNull === false)
      requireNoNulls(next, index, data.rows(table.id));
  }
}

function checkParents(draft: Draft, table: TableDef, key: ForeignKeyDef, data: TableRows): void {
  const parent = [...draft.tables.values()].find(({ id }) => id === key.parentId) ?? table;
  const textOf = (owner: TableDef, columns: readonly number[], row: Row): string | null => {
    const parts = columns.map((column) => {
      const value = filled(owner, row)[column] ?? null;
      return value === null ? null : (owner.columns[column]?.type.print(value) ?? "");
    });
    return parts.includes(null) ? null : parts.join(", ");
  };
  const known = new Set(Array.from(data.rows(parent.id), (row) => textOf(parent, key.parentColumns, row)));
  for (const row of data.rows(table.id)) {
    const text = textOf(table, key.columns, row);
    if (text === null || known.has(text)) continue;
    const names = key.columns.map((column) => table.columns[column]?.name ?? "").join(", ");
    throw new DatabaseError(
      "23503",
      `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
      {
        detail: `Key (${names})=(${text}) is not present in table "${parent.name}".`,
        schema: table.schema,
        table: table.name,
        constraint: key.name,
      },
    );
  }
}

function setIdentity(
  draft: Draft,
  table: TableDef,
  change: AlterTableAction & { kind: "add identity" },
): TableDef {
  const index = columnIndex(table, change.column);
  const column = table.columns[index];
  if (column === undefined) throw new Error("the column vanished");
  if (!column.notNull)
    throw new DatabaseError(
      "55000",
      `column "${change.column}" of relation "${table.name}" must be declared NOT NULL before identity can be added`,
    );
  return finishColumn(draft, table, index, {
    column: { ...column, identity: change.when },
    sequence: change.options,
  });
}

function applyChange(draft: Draft, table: TableDef, change: AlterTableAction, data: TableRows): Altered {
  switch (change.kind) {
    case "add column":
      return addColumn(draft, table, change, data);
    case "drop column":
      return { table: dropColumn(table, change) };
    case "set default":
    case "set not null":
    case "drop not null":
      return { table: alterColumn(draft, table, change, data) };
    case "set type":
      return setType(draft, table, change, data);
    case "add identity":
      return { table: setIdentity(draft, table, change) };
    case "drop identity": {
      const index = columnIndex(table, change.column);
      return { table: withColumn(table, index, (column) => ({ ...column, identity: null, default: null })) };
    }
    case "add constraint": {
      const next = addConstraint(draft, table, change.constraint);
      checkRows(draft, table, next, data, new Set());
      return { table: next };
    }
    case "validate constraint": {
      const validate = <T extends { readonly name: string; readonly validated: boolean }>(
        items: readonly T[],
      ): T[] => items.map((item) => (item.name === change.name ? { ...item, validated: true } : item));
      const next = { ...table, checks: validate(table.checks), foreignKeys: validate(table.foreignKeys) };
      if (![...next.checks, ...next.foreignKeys].some(({ name }) => name === change.name)) {
        throw new DatabaseError(
          "42704",
          `constraint "${change.name}" of relation "${table.name}" does not exist`,
        );
      }
      checkRows(draft, table, next, data, new Set([change.name]));
      return { table: next };
    }
    case "drop constraint":
      return { table: dropConstraint(table, change) };
    case "nothing":
      return { table };
    case "triggers":
    default:
      throw unsupported("triggers");
  }
}

/** @returns The table as it was and as it is now; null when it is missing and `IF EXISTS` said so. */
function alterTable(
  draft: Draft,
  node: SchemaStatement & { type: "alter table" },
  data: TableRows,
): { before: TableDef; after: TableDef; rewrites: Rewrite[] } | null {
  const before = draft.table(node.name);
  if (before === undefined) {
    if (node.ifExists) return null;
    if (
      node.actions.every(({ kind }) => kind === "nothing") &&
      (lookUp(draft.sequences, node.name, draft) ?? lookUp(draft.views, node.name, draft)) !== undefined
    )
      return null;
    throw missingTable(node.name.name);
  }
  let after = before;
  const rewrites: Array<(row: Row) => Row> = [];
  for (const change of node.actions) {
    const altered = applyChange(draft, after, change, data);
    after = altered.table;
    if (altered.rewrite !== undefined) rewrites.push(altered.rewrite);
    draft.put(after);
  }
  const table = after;
  const row = (image: Row): Row => rewrites.reduce((soFar, rewrite) => rewrite(soFar), image);
  return { before, after, rewrites: rewrites.length === 0 ? [] : [{ table, row }] };
}

function renamePart(draft: Draft, table: TableDef, node: SchemaStatement & { type: "rename" }): TableDef {
  if (node.kind === "column") return renameColumn(draft, table, node.part ?? "", node.to);
  const change = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
    items.map((item) => (item.name === node.part ? { ...item, name: node.to } : item));
  const next = {
    ...table,
    indexes: change(table.indexes),
    checks: change(table.checks),
    foreignKeys: change(table.foreignKeys),
  };
  const names = [...table.indexes, ...table.checks, ...table.foreignKeys].map(({ name }) => name);
  if (!names.includes(node.part ?? "")) {
    throw new DatabaseError(
      "42704",
      `constraint "${node.part ?? ""}" for table "${table.name}" does not exist`,
    );
  }
  return next;
}

function skipping(kind: string, { name }: QualifiedName): SchemaChange["notice"] {
  return { code: "00000", message: `${kind} "${name}" does not exist, skipping` };
}

/** Moves an entry to another name or schema. */
function moveEntry<T extends { readonly schema: string; readonly name: string }>(
  entries: Map<string, T>,
  entry: T,
  to: { schema: string; name: string },
): void {
  entries.delete(relationKey(entry.schema, entry.name));
  entries.set(relationKey(to.schema, to.name), { ...entry, ...to });
}

function rename(draft: Draft, node: SchemaStatement & { type: "rename" }): SchemaChange["notice"] {
  const { kind, name } = node;
  if (kind === "schema") throw unsupported("ALTER SCHEMA RENAME");
  if (kind === "type") {
    const type = lookUp(draft.enums, name, draft);
    if (type === undefined) throw new DatabaseError("42704", `type "${name.name}" does not exist`);
    throw unsupported("ALTER TYPE RENAME");
  }
  const table = draft.table(name);
  if (kind === "index") {
    for (const owner of draft.tables.values()) {
      const index = owner.indexes.find((one) => one.name === name.name);
      if (index === undefined) continue;
      requireFree(draft, owner.schema, node.to);
      draft.put({
        ...owner,
        indexes: owner.indexes.map((one) => (one === index ? { ...one, name: node.to } : one)),
      });
      return null;
    }
  }
  const entry = table ?? lookUp(draft.views, name, draft) ?? lookUp(draft.sequences, name, draft);
  if (entry === undefined) {
    if (!node.ifExists) throw missingTable(name.name);
    return skipping("relation", name);
  }
  if (node.part !== null && table !== undefined) {
    draft.put(renamePart(draft, table, node));
    return null;
  }
  requireFree(draft, entry.schema, node.to);
  moveAny(draft, entry, { schema: entry.schema, name: node.to });
  return null;
}

function moveAny(
  draft: Draft,
  entry: { readonly schema: string; readonly name: string },
  to: { schema: string; name: string },
): void {
  const key = relationKey(entry.schema, entry.name);
  const table = draft.tables.get(key);
  const view = draft.views.get(key);
  const sequence = draft.sequences.get(key);
  if (table !== undefined) moveEntry(draft.tables, table, to);
  else if (view !== undefined) moveEntry(draft.views, view, to);
  else if (sequence !== undefined) moveEntry(draft.sequences, sequence, to);
}

export interface SchemaChange {
  readonly tag: string;
  readonly catalog: Catalog;
  /** Rows to write anew, before the indexes are built. */
  readonly rewrites: readonly Rewrite[];
  /** Tables that hold the rows of a query: of `CREATE TABLE AS`. */
  readonly filled: { readonly table: TableDef; readonly query: Query } | null;
  /** Indexes to build over rows that are there. */
  readonly builtIndexes: ReadonlyArray<{ readonly table: TableDef; readonly index: IndexDef }>;
  /** Message of a NOTICE, such as for `IF NOT EXISTS`. */
  readonly notice: { readonly code: string; readonly message: string } | null;
}

/** Tables that the statement locks against everybody. */
export function lockedTables(catalog: Catalog, node: SchemaStatement): readonly TableDef[] {
  const names: QualifiedName[] = [];
  if (node.type === "alter table" || node.type === "rename" || node.type === "set schema")
    names.push(node.name);
  if (node.type === "create index") names.push(node.table);
  if (node.type === "drop" && node.kind === "table") names.push(...node.names);
  const added =
    node.type === "alter table"
      ? node.actions.flatMap((action) =>
          action.kind === "add constraint" && action.constraint.kind === "foreign key"
            ? [action.constraint.parent]
            : [],
        )
      : [];
  const referenced =
    node.type === "create table"
      ? node.elements.flatMap((element) => {
          const clauses =
            element.kind === "column"
              ? element.column.constraints
              : element.kind === "constraint"
                ? [element.constraint]
                : [];
          return clauses.flatMap((clause) => (clause.kind === "foreign key" ? [clause.parent] : []));
        })
      : [];
  return [...names, ...added, ...referenced].flatMap((name) => lookUp(catalog.tables, name, catalog) ?? []);
}

/** The name of what the statement makes, which two transactions cannot make at once. */
export function createdName(
  catalog: Catalog,
  node: SchemaStatement,
): { readonly key: string; readonly name: string; readonly isType: boolean } | null {
  switch (node.type) {
    case "create table":
    case "create table as":
      if (node.temporary) return null;
      break;
    case "create view":
    case "create sequence":
    case "create enum":
    case "create index":
      break;
    default:
      return null;
  }
  const { name } = node;
  if (name === null) return null;
  const own: QualifiedName = typeof name === "string" ? { name } : name;
  const schema = own.schema ?? catalog.searchPath.find((one) => catalog.schemas.has(one)) ?? "public";
  return {
    key: relationKey(schema, own.name),
    name: own.name,
    isType: node.type !== "create index" && node.type !== "create sequence",
  };
}

function enumType(id: number, name: string, labels: readonly string[]): PgType {
  const order = new Map(labels.map((label, index) => [label, index]));
  return {
    name,
    oid: id,
    labels,
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
  const table = draft.table(node.table);
  if (table === undefined) throw missingTable(node.table.name);
  const { method } = node;
  if (!["btree", "hash", "gin", "gist", "brin"].includes(method))
    throw unsupported(`indexes using ${method}`);
  if (method !== "btree" && node.unique)
    throw new DatabaseError("0A000", `access method "${method}" does not support unique indexes`);
  const names = node.keys.map(({ expr }) =>
    expr.type === "ref" || expr.type === "call" ? expr.name : "expr",
  );
  const name =
    node.name ?? draft.freeName(table.schema, `${table.name}_${[...names, ...node.include].join("_")}_idx`);
  if (node.ifNotExists && draft.hasRelation(table.schema, name)) return null;
  requireFree(draft, table.schema, name);
  const index = createIndexDef(draft.current(), table, {
    id: draft.nextId(),
    name,
    unique: node.unique,
    constraint: null,
    expressions: node.keys.map(({ expr }) => expr),
    where: node.where,
  });
  const next = { ...table, indexes: [...table.indexes, index] };
  draft.put(next);
  return { index, table: next };
}

// Views.

/** Tables and views that a query names. */
function readsOf(draft: Draft, query: Query): Set<number> {
  const reads = new Set<number>();
  walkTree(query, (node) => {
    if (node["type"] !== "table") return;
    const name = node["table"] as QualifiedName;
    const found = draft.table(name) ?? lookUp(draft.views, name, draft);
    if (found !== undefined) reads.add(found.id);
  });
  return reads;
}

function createView(draft: Draft, node: CreateView, catalog: Catalog): void {
  if (node.temporary) throw unsupported("temporary views");
  const schema = draft.schemaFor(node.name);
  const { name } = node.name;
  const key = relationKey(schema, name);
  const before = draft.views.get(key);
  if (before === undefined || !node.replace) requireFree(draft, schema, name);
  const { columns: found } = compileQuery(node.query, viewContext(catalog));
  const columns = found.map(({ name: own, type }, index) => ({ name: node.columns?.[index] ?? own, type }));
  for (const [index, column] of (before?.columns ?? []).entries()) {
    const next = columns[index];
    if (next === undefined) throw new DatabaseError("42P16", "cannot drop columns from view");
    if (next.name !== column.name)
      throw new DatabaseError(
        "42P16",
        `cannot change name of view column "${column.name}" to "${next.name}"`,
        {
          hint: "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
        },
      );
    if (next.type.oid !== column.type.oid)
      throw new DatabaseError(
        "42P16",
        `cannot change data type of view column "${column.name}" from ${column.type.name} to ${next.type.name}`,
      );
  }
  const id = before?.id ?? draft.nextId();
  draft.views.set(key, {
    id,
    schema,
    name,
    columns,
    query: node.query,
    text: node.text,
    reads: readsOf(draft, node.query),
  });
}

let viewContext: (catalog: Catalog) => Parameters<typeof compileQuery>[1] = (catalog) => bareContext(catalog);

/** Views need a compiler of whole queries, which the statements have. */
export function setViewContext(create: typeof viewContext): void {
  viewContext = create;
}

// `DROP`.

interface Dependent {
  readonly text: string;
  remove(): void;
}

/** What stands on a table or view: foreign keys and views, and what stands on those. */
function dependentsOf(draft: Draft, id: number, on: string, gone: ReadonlySet<number>): Dependent[] {
  const found: Dependent[] = [];
  for (const table of draft.tables.values()) {
    for (const key of table.foreignKeys) {
      if (key.parentId !== id || gone.has(table.id)) continue;
      found.push({
        text: `constraint ${key.name} on table ${table.name} depends on ${on}`,
        remove() {
          const current = draft.tables.get(relationKey(table.schema, table.name));
          if (current !== undefined)
            draft.put({
              ...current,
              foreignKeys: current.foreignKeys.filter((one) => one.name !== key.name),
            });
        },
      });
    }
  }
  for (const view of draft.views.values()) {
    if (!view.reads.has(id) || gone.has(view.id)) continue;
    found.push({
      text: `view ${view.name} depends on ${on}`,
      remove: () => void draft.views.delete(relationKey(view.schema, view.name)),
    });
    found.push(...dependentsOf(draft, view.id, `view ${view.name}`, gone));
  }
  return found;
}

function removeTable(draft: Draft, table: TableDef): void {
  draft.tables.delete(relationKey(table.schema, table.name));
  for (const [key, sequence] of draft.sequences)
    if (sequence.owner?.tableId === table.id) draft.sequences.delete(key);
}

function dropRelations(draft: Draft, node: Drop): SchemaChange["notice"] {
  const { kind } = node;
  let notice: SchemaChange["notice"] = null;
  const targets = node.names.flatMap((name) => {
    const found = kind === "table" ? draft.table(name) : lookUp(draft.views, name, draft);
    if (found !== undefined) return [found];
    if (!node.ifExists) {
      const other = kind === "table" ? lookUp(draft.views, name, draft) : draft.table(name);
      if (other !== undefined)
        throw new DatabaseError("42809", `"${name.name}" is not a ${kind}`, {
          hint: `Use DROP ${kind === "table" ? "VIEW to remove a view" : "TABLE to remove a table"}.`,
        });
      throw new DatabaseError("42P01", `${kind} "${name.name}" does not exist`);
    }
    notice = skipping(kind, name);
    return [];
  });
  const gone = new Set(targets.map(({ id }) => id));
  const dependents = targets.flatMap(({ id, name }) => dependentsOf(draft, id, `${kind} ${name}`, gone));
  if (dependents.length > 0 && !node.cascade) {
    const message =
      targets.length > 1
        ? "cannot drop desired object(s) because other objects depend on them"
        : `cannot drop ${kind} ${targets[0]?.name ?? ""} because other objects depend on it`;
    throw new DatabaseError("2BP01", message, {
      detail: dependents.map(({ text }) => text).join("\n"),
      hint: "Use DROP ... CASCADE to drop the dependent objects too.",
    });
  }
  for (const one of dependents) one.remove();
  for (const target of targets) {
    if ("indexes" in target) removeTable(draft, target);
    else draft.views.delete(relationKey(target.schema, target.name));
  }
  return cascadeNotice(dependents) ?? notice;
}

function cascadeNotice(gone: readonly Dependent[]): SchemaChange["notice"] {
  const [only] = gone;
  if (only === undefined) return null;
  const what = gone.length > 1 ? `${gone.length} other objects` : only.text.replace(/ depends on .*$/, "");
  return { code: "00000", message: `drop cascades to ${what}` };
}

function dropIndex(draft: Draft, { schema, name }: QualifiedName): boolean {
  for (const table of draft.tables.values()) {
    if (schema !== undefined && table.schema !== schema) continue;
    const index = table.indexes.find((candidate) => candidate.name === name);
    if (index === undefined) continue;
    if (index.constraint !== null) {
      throw new DatabaseError(
        "2BP01",
        `cannot drop index ${name} because constraint ${name} on table ${table.name} requires it`,
        { hint: `You can drop constraint ${name} on table ${table.name} instead.` },
      );
    }
    draft.put({ ...table, indexes: table.indexes.filter((candidate) => candidate !== index) });
    return true;
  }
  return false;
}

function dropType(draft: Draft, name: QualifiedName, cascade: boolean): boolean {
  const type = lookUp(draft.enums, name, draft);
  if (type === undefined) return false;
  for (const table of draft.tables.values()) {
    const column = table.columns.find(
      (one) => !one.dropped && (one.type.oid === type.oid || one.type.element?.oid === type.oid),
    );
    if (column === undefined) continue;
    if (cascade) throw unsupported("DROP TYPE ... CASCADE of a type in use");
    throw new DatabaseError("2BP01", `cannot drop type ${name.name} because other objects depend on it`, {
      detail: `column ${column.name} of table ${table.name} depends on type ${name.name}`,
      hint: "Use DROP ... CASCADE to drop the dependent objects too.",
    });
  }
  for (const [key, one] of draft.enums) if (one === type) draft.enums.delete(key);
  return true;
}

function dropSequence(draft: Draft, name: QualifiedName): boolean {
  const sequence = lookUp(draft.sequences, name, draft);
  if (sequence === undefined) return false;
  const owner = [...draft.tables.values()].find(({ id }) => id === sequence.owner?.tableId);
  const column = owner?.columns[sequence.owner?.column ?? -1];
  if (owner !== undefined && column !== undefined && column.default !== null) {
    throw new DatabaseError(
      "2BP01",
      `cannot drop sequence ${sequence.name} because other objects depend on it`,
      {
        detail: `default value for column ${column.name} of table ${owner.name} depends on sequence ${sequence.name}`,
        hint: "Use DROP ... CASCADE to drop the dependent objects too.",
      },
    );
  }
  return draft.sequences.delete(relationKey(sequence.schema, sequence.name));
}

function dropSchema(draft: Draft, { name }: QualifiedName, cascade: boolean): boolean {
  if (!draft.schemas.has(name)) return false;
  const inside = [...draft.tables.values(), ...draft.views.values(), ...draft.sequences.values()].filter(
    ({ schema }) => schema === name,
  );
  const tables = inside.filter((one): one is TableDef => "indexes" in one);
  const [first] = inside;
  if (first !== undefined && !cascade) {
    const kind = "indexes" in first ? "table" : "query" in first ? "view" : "sequence";
    throw new DatabaseError("2BP01", `cannot drop schema ${name} because other objects depend on it`, {
      detail: `${kind} ${name}.${first.name} depends on schema ${name}`,
      hint: "Use DROP ... CASCADE to drop the dependent objects too.",
    });
  }
  const gone = new Set(inside.map(({ id }) => id));
  for (const table of tables) {
    for (const one of dependentsOf(draft, table.id, "", gone)) one.remove();
    removeTable(draft, table);
  }
  for (const { schema, name: own } of inside) {
    draft.views.delete(relationKey(schema, own));
    draft.sequences.delete(relationKey(schema, own));
  }
  for (const key of draft.enums.keys()) if (key.startsWith(`${name}\u0000`)) draft.enums.delete(key);
  return draft.schemas.delete(name);
}

function drop(draft: Draft, node: Drop): SchemaChange["notice"] {
  const { kind } = node;
  if (kind === "table" || kind === "view") return dropRelations(draft, node);
  let notice: SchemaChange["notice"] = null;
  for (const name of node.names) {
    let found = false;
    if (kind === "index") found = dropIndex(draft, name);
    else if (kind === "sequence") found = dropSequence(draft, name);
    else if (kind === "type") found = dropType(draft, name, node.cascade);
    else if (kind === "schema") found = dropSchema(draft, name, node.cascade);
    else if (
      kind === "function" ||
      kind === "procedure" ||
      kind === "trigger" ||
      kind === "domain" ||
      kind === "materialized view" ||
      kind === "extension"
    )
      found = false;
    if (found) continue;
    if (!node.ifExists) {
      const codes: Readonly<Record<string, string>> = {
        sequence: "42P01",
        schema: "3F000",
        function: "42883",
        procedure: "42883",
        "materialized view": "42P01",
      };
      throw new DatabaseError(codes[kind] ?? "42704", `${kind} "${name.name}" does not exist`);
    }
    notice = skipping(kind, name);
  }
  return notice;
}

function alreadyThere(name: string): SchemaChange["notice"] {
  return { code: "42P07", message: `relation "${name}" already exists, skipping` };
}

function alterEnum(draft: Draft, node: SchemaStatement & { type: "alter enum" }): SchemaChange["notice"] {
  const before = lookUp(draft.enums, node.name, draft);
  if (before === undefined) throw new DatabaseError("42704", `type "${node.name.name}" does not exist`);
  const labels = [...(before.labels ?? [])];
  const place = (label: string): number => {
    const found = labels.indexOf(label);
    if (found < 0) throw new DatabaseError("22023", `"${label}" is not an existing enum label`);
    return found;
  };
  if (node.from !== undefined) {
    place(node.from);
    throw unsupported("ALTER TYPE ... RENAME VALUE");
  }
  if (labels.includes(node.label)) {
    if (!node.ifNotExists) throw new DatabaseError("42710", `enum label "${node.label}" already exists`);
    return { code: "42710", message: `enum label "${node.label}" already exists, skipping` };
  }
  const { neighbour } = node;
  labels.splice(
    neighbour === null ? labels.length : place(neighbour.label) + (neighbour.before ? 0 : 1),
    0,
    node.label,
  );
  const after = enumType(before.oid, before.name, labels);
  for (const [key, type] of draft.enums) if (type === before) draft.enums.set(key, after);
  for (const table of draft.tables.values()) {
    const columns = table.columns.map((column) =>
      column.type.oid === before.oid
        ? { ...column, type: after }
        : column.type.element?.oid === before.oid
          ? { ...column, type: arrayOf(after) }
          : column,
    );
    if (columns.some((column, index) => column !== table.columns[index])) {
      const next = { ...table, columns };
      draft.put({
        ...next,
        indexes: table.indexes.map((index) => createIndexDef(draft.current(), next, index)),
      });
    }
  }
  return null;
}

function alterSequence(
  draft: Draft,
  node: SchemaStatement & { type: "alter sequence" },
): SchemaChange["notice"] {
  const before = lookUp(draft.sequences, node.name, draft);
  if (before === undefined) {
    if (!node.ifExists) throw missingTable(node.name.name);
    return skipping("relation", node.name);
  }
  const { options } = node;
  let { owner } = before;
  if (options.ownedBy === null) owner = null;
  else if (options.ownedBy !== undefined) {
    const table = draft.table(options.ownedBy.table);
    if (table === undefined) throw missingTable(options.ownedBy.table.name);
    owner = { tableId: table.id, column: columnIndex(table, options.ownedBy.column) };
  }
  if (options.restart !== undefined) throw unsupported("ALTER SEQUENCE ... RESTART: use setval()");
  draft.sequences.set(relationKey(before.schema, before.name), {
    ...before,
    owner,
    increment: options.increment ?? before.increment,
    start: options.start ?? before.start,
    min: options.min ?? before.min,
    max: options.max ?? before.max,
    cycle: options.cycle ?? before.cycle,
  });
  return null;
}

/** Extensions whose functions are part of the simulation, or that need none. */
const extensions = new Set(["pgcrypto", "uuid-ossp", "plpgsql"]);

function setSchema(draft: Draft, node: SchemaStatement & { type: "set schema" }): void {
  const entry =
    draft.table(node.name) ??
    lookUp(draft.views, node.name, draft) ??
    lookUp(draft.sequences, node.name, draft);
  if (entry === undefined) throw missingTable(node.name.name);
  if (!draft.schemas.has(node.schema))
    throw new DatabaseError("3F000", `schema "${node.schema}" does not exist`);
  requireFree(draft, node.schema, entry.name);
  moveAny(draft, entry, { schema: node.schema, name: entry.name });
}

/** @returns Null when the table was there already and `IF NOT EXISTS` said so. */
function createTableAs(
  draft: Draft,
  node: SchemaStatement & { type: "create table as" },
  catalog: Catalog,
  data: TableRows,
): SchemaChange["filled"] {
  const { columns } = compileQuery(node.query, viewContext(catalog));
  const schema = node.temporary ? data.temporarySchema : draft.schemaFor(node.name);
  if (node.ifNotExists && draft.hasRelation(schema, node.name.name)) return null;
  requireFree(draft, schema, node.name.name);
  const table: TableDef = {
    id: draft.nextId(),
    schema,
    name: node.name.name,
    columns: columns.map(({ name, type }, index) => ({
      name: node.columns?.[index] ?? name,
      type,
      notNull: false,
      default: null,
      generated: null,
      identity: null,
      dropped: false,
      missing: null,
    })),
    indexes: [],
    checks: [],
    foreignKeys: [],
  };
  draft.put(table);
  return { table, query: node.query };
}

const refusedKinds: Readonly<Record<string, string>> = {
  "create trigger": "triggers",
  "create function": "functions of the user's own",
  "create domain": "domains",
};

const tags: Readonly<Record<string, string>> = {
  "create enum": "CREATE TYPE",
  "alter enum": "ALTER TYPE",
  rename: "ALTER TABLE",
  "set schema": "ALTER TABLE",
};

/** @throws DatabaseError for a wrong statement; SimError for what is not simulated. */
export function changeSchema(catalog: Catalog, node: SchemaStatement, data: TableRows): SchemaChange {
  const draft = createDraft(catalog, () => data.nextId());
  const builtIndexes: Array<{ table: TableDef; index: IndexDef }> = [];
  let rewrites: readonly Rewrite[] = [];
  let filledTable: SchemaChange["filled"] = null;
  let notice: SchemaChange["notice"] = null;
  let tag = tags[node.type] ?? node.type.toUpperCase();
  const build = (table: TableDef): void => {
    for (const index of table.indexes) builtIndexes.push({ table, index });
  };
  switch (node.type) {
    case "create table": {
      const table = createTable(draft, node, node.temporary ? data.temporarySchema : null);
      if (table === null) notice = alreadyThere(node.name.name);
      else build(table);
      break;
    }
    case "create table as":
      filledTable = createTableAs(draft, node, catalog, data);
      if (filledTable === null) notice = alreadyThere(node.name.name);
      else if (!node.withData) filledTable = null;
      break;
    case "create index": {
      const made = createIndex(draft, node);
      if (made === null) notice = alreadyThere(node.name ?? "");
      else builtIndexes.push(made);
      break;
    }
    case "create view":
      createView(draft, node, catalog);
      break;
    case "create sequence": {
      const schema = node.temporary ? data.temporarySchema : draft.schemaFor(node.name);
      const { name } = node.name;
      if (node.ifNotExists && draft.hasRelation(schema, name)) {
        notice = alreadyThere(name);
        break;
      }
      requireFree(draft, schema, name);
      const type =
        node.options.type === undefined ? int8Type : resolveType(node.options.type, () => undefined);
      draft.sequences.set(
        relationKey(schema, name),
        createSequenceDef(draft, schema, name, type, node.options, null),
      );
      break;
    }
    case "alter sequence":
      notice = alterSequence(draft, node);
      break;
    case "create enum": {
      const schema = draft.schemaFor(node.name);
      const { name } = node.name;
      const key = relationKey(schema, name);
      if (draft.enums.has(key)) throw new DatabaseError("42710", `type "${name}" already exists`);
      draft.enums.set(key, enumType(draft.nextId(), name, node.labels));
      break;
    }
    case "alter enum":
      notice = alterEnum(draft, node);
      break;
    case "alter table": {
      tag = `ALTER ${node.kind.toUpperCase()}`;
      const changed = alterTable(draft, node, data);
      if (changed === null) notice = skipping("relation", node.name);
      else {
        ({ rewrites } = changed);
        for (const index of changed.after.indexes) {
          if (!changed.before.indexes.some((other) => other.id === index.id))
            builtIndexes.push({ table: changed.after, index });
        }
      }
      break;
    }
    case "rename":
      if (["view", "index", "sequence", "type"].includes(node.kind)) tag = `ALTER ${node.kind.toUpperCase()}`;
      notice = rename(draft, node);
      break;
    case "set schema":
      setSchema(draft, node);
      break;
    case "drop":
      tag = `DROP ${node.kind.toUpperCase()}`;
      notice = drop(draft, node);
      break;
    case "create extension":
      if (!extensions.has(node.name)) throw unsupported(`the extension ${node.name}`);
      break;
    case "create schema":
      if (draft.schemas.has(node.name)) {
        if (!node.ifNotExists) throw new DatabaseError("42P06", `schema "${node.name}" already exists`);
        notice = { code: "42P06", message: `schema "${node.name}" already exists, skipping` };
      }
      draft.schemas.add(node.name);
      break;
    case "comment":
      break;
    case "nothing":
      ({ tag } = node);
      break;
    case "create trigger":
    case "create function":
    case "create domain":
    case "truncate":
    case "do":
    default:
      throw unsupported(refusedKinds[node.type] ?? `the statement ${node.type.toUpperCase()}`);
  }
  return { tag, catalog: draft.current(), rewrites, filled: filledTable, builtIndexes, notice };
}
