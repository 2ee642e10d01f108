/** Writing one row: constraints, the new row image, and the foreign keys to look at afterwards. */
import type { IndexDef, TableDef } from "../catalog/catalog.js";
import { createTuple, type RowLockMode, type Tuple } from "../storage/tuple.js";
import type { Row, Value } from "../types/value.js";
import { duplicateKey, findDuplicate, type RowCheck } from "./constraints.js";
import { bareContext, type CompileContext, type Env } from "./env.js";
import { compileRowChecks } from "./constraints.js";
import { applyToChildren, checkParent, type ChildWriter } from "./foreign-keys.js";
import { createEnv, type Execution, type Run } from "./plan.js";
import { lockRow } from "./row-lock.js";

const checksOf = new WeakMap<TableDef, RowCheck>();

function rowCheck(table: TableDef, context: Pick<CompileContext, "catalog">): RowCheck {
  const known = checksOf.get(table);
  if (known !== undefined) return known;
  const check = compileRowChecks(table, bareContext(context.catalog));
  checksOf.set(table, check);
  return check;
}

function same(table: TableDef, column: number, a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  return table.columns[column]?.type.compare(a, b) === 0;
}

function keyChanged(index: IndexDef, before: Row, after: Row): boolean {
  return index.keyOf(before) !== index.keyOf(after);
}

/** An update that leaves every key alone lets foreign keys look at the row meanwhile. */
export function updateMode(table: TableDef, before: Row, after: Row): RowLockMode {
  const touchesKey = table.indexes.some(
    (index) =>
      index.unique &&
      index.where === null &&
      !index.columns.includes(null) &&
      keyChanged(index, before, after),
  );
  return touchesKey ? "update" : "no key update";
}

function queueParentChecks(execution: Execution, table: TableDef, before: Row | null, after: Row): void {
  for (const key of table.foreignKeys) {
    const unchanged =
      before !== null &&
      key.columns.every((column) => same(table, column, before[column] ?? null, after[column] ?? null));
    if (!unchanged) execution.checks.push(() => checkParent(execution.next(), table, key, after));
  }
}

function queueChildActions(execution: Execution, table: TableDef, before: Row, after: Row | null): void {
  for (const key of execution.references(table.id)) {
    const unchanged =
      after !== null &&
      key.parentColumns.every((column) => same(table, column, before[column] ?? null, after[column] ?? null));
    if (!unchanged) {
      execution.checks.push(() =>
        applyToChildren(execution.next({ fresh: true }), key, before, after, childWriter),
      );
    }
  }
}

/** What a row must fulfil by itself. @throws DatabaseError 23502, 23514 */
export function checkRow(execution: Execution, table: TableDef, row: Row, env: Env): void {
  rowCheck(table, execution.runtime)(row, env);
}

/** Enters a version into the indexes one by one, in their order, waiting for others' claims to a key where it must. */
function* enterIndexes(execution: Execution, table: TableDef, tuple: Tuple, before: Tuple | null): Run<void> {
  const heap = execution.runtime.heap(table.id);
  const row = tuple.values;
  for (const index of table.indexes) {
    if (index.unique && (before === null || keyChanged(index, before.values, row))) {
      const duplicate = yield* findDuplicate(execution, table, index, row);
      if (duplicate !== null) throw duplicateKey(table, index, row);
    }
    heap.enter(tuple, index);
  }
}

/** @throws DatabaseError 23502, 23514, 23505 */
export function* insertRow(execution: Execution, table: TableDef, row: Row, env: Env): Run<Tuple> {
  checkRow(execution, table, row, env);
  const tuple = createTuple(table.id, row, execution.xact, execution.snapshot.command);
  execution.write(table, null, tuple, "update");
  yield* enterIndexes(execution, table, tuple, null);
  queueParentChecks(execution, table, null, row);
  return tuple;
}

/** Replaces a version that is locked already. @throws DatabaseError 23502, 23514, 23505 */
export function* updateRow(
  execution: Execution,
  table: TableDef,
  before: Tuple,
  row: Row,
  env: Env,
): Run<Tuple> {
  checkRow(execution, table, row, env);
  const tuple = createTuple(table.id, row, execution.xact, execution.snapshot.command);
  execution.write(table, before, tuple, updateMode(table, before.values, row));
  yield* enterIndexes(execution, table, tuple, before);
  queueParentChecks(execution, table, before.values, row);
  queueChildActions(execution, table, before.values, row);
  return tuple;
}

/** Deletes a version that is locked already. */
export function deleteRow(execution: Execution, table: TableDef, before: Tuple): void {
  execution.write(table, before, null, "update");
  queueChildActions(execution, table, before.values, null);
}

const childWriter: ChildWriter = {
  *remove(execution, table, tuple) {
    const result = yield* lockRow(execution, tuple, "update", "wait", false, table.name);
    if (result.kind !== "locked") return;
    deleteRow(execution, table, result.tuple);
    yield* runChecks(execution);
  },
  *replace(execution, table, tuple, row) {
    const mode = updateMode(table, tuple.values, row);
    const result = yield* lockRow(execution, tuple, mode, "wait", false, table.name);
    if (result.kind !== "locked") return;
    yield* updateRow(execution, table, result.tuple, row, createEnv(execution, []));
    yield* runChecks(execution);
  },
};

/** What has to hold once the statement is done. Cascades add to the list while it runs. */
export function* runChecks(execution: Execution): Run<void> {
  for (;;) {
    const check = execution.checks.shift();
    if (check === undefined) return;
    yield* check();
  }
}
