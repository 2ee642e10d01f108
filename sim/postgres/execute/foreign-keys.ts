/** Foreign keys: the parent must exist when a child is written, and what happens to children when it goes. */
import type { ForeignKeyDef, IndexDef, TableDef } from "../catalog/catalog.js";
import { encodeKey } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { createTuple, isVisible, type Tuple } from "../storage/tuple.js";
import { convertValue } from "../types/cast.js";
import type { Row, Value } from "../types/value.js";
import type { Execution, Run } from "./plan.js";
import { lockRow } from "./row-lock.js";

function valuesOf(row: Row, columns: readonly number[]): readonly Value[] {
  return columns.map((column) => row[column] ?? null);
}

function printPair(table: TableDef, columns: readonly number[], values: readonly Value[]): string {
  const names = columns.map((column) => table.columns[column]?.name ?? "");
  const texts = values.map((value, index) =>
    value === null ? "null" : (table.columns[columns[index] ?? 0]?.type.print(value) ?? ""),
  );
  return `(${names.join(", ")})=(${texts.join(", ")})`;
}

/** Index over exactly these columns, in any order. */
export function indexOver(table: TableDef, columns: readonly number[]): IndexDef | null {
  const matches = (index: IndexDef): boolean =>
    index.where === null &&
    index.columns.length === columns.length &&
    index.columns.every((column) => column !== null && columns.includes(column));
  return table.indexes.find((index) => index.unique && matches(index)) ?? table.indexes.find(matches) ?? null;
}

/** Visible rows of a table with those values, by an index when there is one. */
function* rowsWith(
  execution: Execution,
  table: TableDef,
  columns: readonly number[],
  values: readonly Value[],
): Iterable<Tuple> {
  const { runtime, snapshot } = execution;
  const heap = runtime.heap(table.id);
  const index = indexOver(table, columns);
  if (index !== null) {
    const parts = index.columns.map((column) => values[columns.indexOf(column ?? -1)] ?? null);
    const key = encodeKey(index.types, parts);
    if (key === null) return;
    for (const tuple of heap.lookup(index, key)) if (isVisible(tuple, snapshot)) yield tuple;
    return;
  }
  const same = (row: Row): boolean =>
    columns.every((column, at) => {
      const value = row[column] ?? null;
      const wanted = values[at] ?? null;
      return value !== null && wanted !== null && table.columns[column]?.type.compare(value, wanted) === 0;
    });
  for (const tuple of heap.tuples) if (isVisible(tuple, snapshot) && same(tuple.values)) yield tuple;
}

function tableOf(execution: Execution, id: number): TableDef {
  const table = execution.runtime.catalog.tablesById.get(id);
  if (table === undefined) throw new Error(`no table with id ${id}`);
  return table;
}

/** Looks for the parent of a new child row and keeps it from going away. */
export function* checkParent(execution: Execution, child: TableDef, key: ForeignKeyDef, row: Row): Run<void> {
  const parent = tableOf(execution, key.parentId);
  const values = valuesOf(row, key.columns).map((value, at) => {
    const from = child.columns[key.columns[at] ?? 0]?.type;
    const to = parent.columns[key.parentColumns[at] ?? 0]?.type;
    return from === undefined || to === undefined ? value : convertValue(value, from, to);
  });
  if (values.includes(null)) return;
  for (const tuple of rowsWith(execution, parent, key.parentColumns, values)) {
    const result = yield* lockRow(execution, tuple, "key share", "wait", true, parent.name);
    if (result.kind === "locked") {
      const now = valuesOf(result.tuple.values, key.parentColumns);
      const still = now.every(
        (value, at) =>
          value !== null &&
          parent.columns[key.parentColumns[at] ?? 0]?.type.compare(value, values[at] ?? null) === 0,
      );
      if (still) return;
    }
  }
  throw new DatabaseError(
    "23503",
    `insert or update on table "${child.name}" violates foreign key constraint "${key.name}"`,
    {
      detail: `Key ${printPair(child, key.columns, valuesOf(row, key.columns))} is not present in table "${parent.name}".`,
      schema: "public",
      table: child.name,
      constraint: key.name,
    },
  );
}

function stillReferenced(
  parent: TableDef,
  child: TableDef,
  key: ForeignKeyDef,
  values: readonly Value[],
): DatabaseError {
  return new DatabaseError(
    "23503",
    `update or delete on table "${parent.name}" violates foreign key constraint "${key.name}" on table "${child.name}"`,
    {
      detail: `Key ${printPair(parent, key.parentColumns, values)} is still referenced from table "${child.name}".`,
      schema: "public",
      table: child.name,
      constraint: key.name,
    },
  );
}

/** How the writers in dml.ts change one row of another table. */
export interface ChildWriter {
  remove(execution: Execution, table: TableDef, tuple: Tuple): Run<void>;
  replace(execution: Execution, table: TableDef, tuple: Tuple, row: Row): Run<void>;
}

/** Deals with the children of a parent row that was deleted or whose key changed. `after` is null for a delete. */
export function* applyToChildren(
  execution: Execution,
  key: ForeignKeyDef,
  before: Row,
  after: Row | null,
  writer: ChildWriter,
): Run<void> {
  const parent = tableOf(execution, key.parentId);
  const child = tableOf(execution, key.tableId);
  const values = valuesOf(before, key.parentColumns);
  if (values.includes(null)) return;
  const action = after === null ? key.onDelete : key.onUpdate;
  if (action === "no action" || action === "restrict") {
    // Another row may have taken the key over.
    if (action === "no action" && [...rowsWith(execution, parent, key.parentColumns, values)].length > 0)
      return;
    for (const tuple of rowsWith(execution, child, key.columns, values)) {
      const result = yield* lockRow(execution, tuple, "key share", "wait", true, child.name);
      if (result.kind === "locked") throw stillReferenced(parent, child, key, values);
    }
    return;
  }
  const children = Array.from(rowsWith(execution, child, key.columns, values));
  for (const tuple of children) {
    if (action === "cascade" && after === null) yield* writer.remove(execution, child, tuple);
    else yield* writer.replace(execution, child, tuple, changedChild(child, key, tuple, action, after));
  }
}

function changedChild(
  child: TableDef,
  key: ForeignKeyDef,
  tuple: Tuple,
  action: string,
  after: Row | null,
): Row {
  const row = [...tuple.values];
  for (const [at, column] of key.columns.entries()) {
    row[column] = action === "cascade" && after !== null ? (after[key.parentColumns[at] ?? 0] ?? null) : null;
  }
  void child;
  return row;
}

/** A fresh version that replaces another. */
export function replacement(execution: Execution, table: TableDef, row: Row): Tuple {
  return createTuple(table.id, row, execution.xact, execution.snapshot.command);
}
