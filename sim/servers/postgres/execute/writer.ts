/** Writing one row: constraints, the new row image, and the foreign keys to look at afterwards. */
import {
  encodeKey,
  type ColumnDef,
  type ForeignKeyDef,
  type IndexDef,
  type TableDef,
} from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { lockModes } from "../locks/lock-manager.js";
import type { Assignment as SetClause } from "../sql/ast.js";
import {
  createTuple,
  isAborted,
  isActive,
  isCommitted,
  isVisible,
  replacedBy,
  type RowLockMode,
  type Tuple,
} from "../storage/heap.js";
import { boolType } from "../types/builtin.js";
import { convertValue } from "../types/cast.js";
import type { Row, Value } from "../types/value.js";
import { asCondition, assignTo } from "./coerce.js";
import { bareContext, compileDefault } from "./compile.js";
import {
  compile,
  unsupported,
  createEvaluationContext,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type ExecutionContext,
  type Run,
} from "./execution-context.js";
import { lockRow } from "./row-lock.js";
import { scopeTableOf } from "./scan.js";

// NOT NULL, CHECK and UNIQUE, with the error fields PostgreSQL gives.

/** `(1, a, null)`, as details show a row. */
function printRow(table: TableDef, row: Row): string {
  const shown = table.columns.flatMap((column, index) => {
    if (column.dropped) return [];
    const value = row[index] ?? null;
    const text = value === null ? "null" : column.type.print(value);
    return [text.length > 64 ? `${text.slice(0, 64)}...` : text];
  });
  return `(${shown.join(", ")})`;
}

export function printKey(index: IndexDef, row: Row): string {
  const parts = index
    .partsOf(row)
    .map((value: Value, at) => (value === null ? "null" : (index.types[at]?.print(value) ?? "")));
  return `(${index.keyText})=(${parts.join(", ")})`;
}

type RowCheck = (row: Row, env: EvaluationContext) => void;

/** Compiles the checks of one table that need no other row. */
function compileRowChecks(table: TableDef, context: CompileContext): RowCheck {
  const place = 0;
  const scope = { tables: [scopeTableOf(table, table.name, place)], outer: null };
  const inner: CompileContext = { ...context, scope, aggregates: null, subquery: null, parameters: [] };
  const checks = table.checks.map((check): { name: string; condition: Compiled } => ({
    name: check.name,
    condition: asCondition(compile(check.expression, inner), boolType, "CHECK"),
  }));
  const required = table.columns.flatMap((column, index) =>
    column.notNull && !column.dropped ? [{ column, index }] : [],
  );
  return (row, env) => {
    for (const { column, index } of required) {
      if ((row[index] ?? null) !== null) continue;
      throw new DatabaseError(
        "23502",
        `null value in column "${column.name}" of relation "${table.name}" violates not-null constraint`,
        {
          detail: `Failing row contains ${printRow(table, row)}.`,
          schema: table.schema,
          table: table.name,
          column: column.name,
        },
      );
    }
    if (checks.length === 0) return;
    const checkEnv: EvaluationContext = { ...env, rows: [row] };
    for (const { name, condition } of checks) {
      if (condition.run(checkEnv) !== false) continue;
      throw new DatabaseError(
        "23514",
        `new row for relation "${table.name}" violates check constraint "${name}"`,
        {
          detail: `Failing row contains ${printRow(table, row)}.`,
          schema: table.schema,
          table: table.name,
          constraint: name,
        },
      );
    }
  };
}

function duplicateKey(table: TableDef, index: IndexDef, row: Row): DatabaseError {
  return new DatabaseError("23505", `duplicate key value violates unique constraint "${index.name}"`, {
    detail: `Key ${printKey(index, row)} already exists.`,
    schema: table.schema,
    table: table.name,
    constraint: index.name,
  });
}

/**
 * The live row that has the key already, after waiting for whoever is about to write or delete one.
 */
export function* findDuplicate(
  execution: ExecutionContext,
  table: TableDef,
  index: IndexDef,
  row: Row,
): Run<Tuple | null> {
  const key = index.keyOf(row);
  if (key === null) return null;
  const self = execution.xact.top;
  const heap = execution.runtime.heap(table.id);
  search: for (;;) {
    for (const tuple of heap.lookup(index, key)) {
      if (isAborted(tuple.xmin)) continue;
      if (tuple.xmin.top !== self && isActive(tuple.xmin)) {
        const wait = execution.waitForEnd(tuple.xmin);
        if (wait !== null) yield { kind: "lock", wait };
        continue search;
      }
      const writer = replacedBy(tuple);
      if (writer === null) {
        execution.runtime.noteDuplicate(index, key);
        return tuple;
      }
      if (writer.top === self || isCommitted(writer)) continue;
      const wait = execution.waitForEnd(writer);
      if (wait !== null) yield { kind: "lock", wait };
      continue search;
    }
    return null;
  }
}

// Foreign keys: the parent must exist when a child is written, and what happens to children when it goes.

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
function indexOver(table: TableDef, columns: readonly number[]): IndexDef | null {
  const matches = (index: IndexDef): boolean =>
    index.where === null &&
    index.columns.length === columns.length &&
    index.columns.every((column) => column !== null && columns.includes(column));
  return table.indexes.find((index) => index.unique && matches(index)) ?? table.indexes.find(matches) ?? null;
}

/** Visible rows of a table with those values, by an index when there is one. */
function* rowsWith(
  execution: ExecutionContext,
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

function tableOf(execution: ExecutionContext, id: number): TableDef {
  const table = execution.runtime.catalog.tablesById.get(id);
  if (table === undefined) throw new Error(`no table with id ${id}`);
  return table;
}

/** Looks for the parent of a new child row and keeps it from going away. */
function* checkParent(execution: ExecutionContext, child: TableDef, key: ForeignKeyDef, row: Row): Run<void> {
  const parent = tableOf(execution, key.parentId);
  yield* execution.lockTable(parent, lockModes.rowShare);
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
      schema: child.schema,
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
      schema: child.schema,
      table: child.name,
      constraint: key.name,
    },
  );
}

/** How the writers in dml.ts change one row of another table. */
interface ChildWriter {
  remove(execution: ExecutionContext, table: TableDef, tuple: Tuple): Run<void>;
  replace(execution: ExecutionContext, table: TableDef, tuple: Tuple, row: Row): Run<void>;
}

/** Deals with the children of a parent row that was deleted or whose key changed. `after` is null for a delete. */
function* applyToChildren(
  execution: ExecutionContext,
  key: ForeignKeyDef,
  before: Row,
  after: Row | null,
  writer: ChildWriter,
): Run<void> {
  const parent = tableOf(execution, key.parentId);
  const child = tableOf(execution, key.tableId);
  const values = valuesOf(before, key.parentColumns);
  const action = after === null ? key.onDelete : key.onUpdate;
  const isQuiet = action === "no action" || action === "restrict";
  yield* execution.lockTable(child, isQuiet ? lockModes.rowShare : lockModes.rowExclusive);
  if (values.includes(null)) return;
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

function queueParentChecks(
  execution: ExecutionContext,
  table: TableDef,
  before: Row | null,
  after: Row,
): void {
  for (const key of table.foreignKeys) {
    const unchanged =
      before !== null &&
      key.columns.every((column) => same(table, column, before[column] ?? null, after[column] ?? null));
    if (!unchanged) execution.checks.push(() => checkParent(execution.next(), table, key, after));
  }
}

function queueChildActions(
  execution: ExecutionContext,
  table: TableDef,
  before: Row,
  after: Row | null,
): void {
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
export function checkRow(
  execution: ExecutionContext,
  table: TableDef,
  row: Row,
  env: EvaluationContext,
): void {
  rowCheck(table, execution.runtime)(row, env);
}

/** Enters a version into the indexes one by one, in their order, waiting for others' claims to a key where it must. */
function* enterIndexes(
  execution: ExecutionContext,
  table: TableDef,
  tuple: Tuple,
  before: Tuple | null,
): Run<void> {
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

const generators = new WeakMap<
  TableDef,
  ReadonlyArray<{ readonly index: number; readonly value: Compiled }>
>();

/** Works out the generated columns of a row. */
function completeRow(execution: ExecutionContext, table: TableDef, row: Row, env: EvaluationContext): Row {
  let known = generators.get(table);
  if (known === undefined) {
    const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
    const context = bareContext(execution.runtime.catalog, scope);
    known = table.columns.flatMap((column, index) =>
      column.generated === null || column.dropped
        ? []
        : [{ index, value: assignTo(compile(column.generated, context), column.type, column.name) }],
    );
    generators.set(table, known);
  }
  if (known.length === 0) return row;
  const own: EvaluationContext = { ...env, rows: [row] };
  const complete = [...row];
  for (const { index, value } of known) complete[index] = value.run(own);
  return complete;
}

/** @throws DatabaseError 23502, 23514, 23505 */
export function* insertRow(
  execution: ExecutionContext,
  table: TableDef,
  values: Row,
  env: EvaluationContext,
): Run<Tuple> {
  const row = completeRow(execution, table, values, env);
  checkRow(execution, table, row, env);
  const tuple = createTuple(table.id, row, execution.xact, execution.snapshot.command);
  execution.write(table, null, tuple, "update");
  yield* enterIndexes(execution, table, tuple, null);
  queueParentChecks(execution, table, null, row);
  return tuple;
}

/** Replaces a version that is locked already. @throws DatabaseError 23502, 23514, 23505 */
export function* updateRow(
  execution: ExecutionContext,
  table: TableDef,
  before: Tuple,
  values: Row,
  env: EvaluationContext,
): Run<Tuple> {
  const row = completeRow(execution, table, values, env);
  checkRow(execution, table, row, env);
  const tuple = createTuple(table.id, row, execution.xact, execution.snapshot.command);
  execution.write(table, before, tuple, updateMode(table, before.values, row));
  yield* enterIndexes(execution, table, tuple, before);
  queueParentChecks(execution, table, before.values, row);
  queueChildActions(execution, table, before.values, row);
  return tuple;
}

/** Deletes a version that is locked already. */
export function deleteRow(execution: ExecutionContext, table: TableDef, before: Tuple): void {
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
    yield* updateRow(execution, table, result.tuple, row, createEvaluationContext(execution, []));
    yield* runChecks(execution);
  },
};

/** What has to hold once the statement is done. Cascades add to the list while it runs. */
export function* runChecks(execution: ExecutionContext): Run<void> {
  for (;;) {
    const check = execution.checks.shift();
    if (check === undefined) return;
    yield* check();
  }
}

// The `SET` list of `UPDATE` and `DO UPDATE`.

export interface Assignment {
  readonly index: number;
  readonly value: Compiled;
}

/** @throws DatabaseError 42703, 42601, 42804, 428C9 */
export function compileSets(
  sets: readonly SetClause[],
  table: TableDef,
  context: CompileContext,
): Assignment[] {
  const assignments = sets.flatMap((set) => compileSet(set, table, context));
  for (const [at, { index }] of assignments.entries()) {
    if (assignments.findIndex((other) => other.index === index) !== at) {
      throw new DatabaseError(
        "42601",
        `multiple assignments to same column "${table.columns[index]?.name ?? ""}"`,
      );
    }
  }
  return assignments;
}

function compileSet(set: SetClause, table: TableDef, context: CompileContext): Assignment[] {
  if ((set.subscripts ?? []).length > 0) throw unsupported("SET of an element of an array");
  const { values } = set;
  const targets = set.columns.map((name) => {
    const index = table.columns.findIndex((candidate) => candidate.name === name && !candidate.dropped);
    const target = table.columns[index];
    if (target === undefined) {
      const error = new DatabaseError("42703", `column "${name}" of relation "${table.name}" does not exist`);
      if (set.at !== undefined) error.placeAt(set.at);
      throw error;
    }
    return { index, target };
  });
  if (!("type" in values)) {
    return targets.map(({ index, target }, place) => {
      const value = values[place] ?? { type: "default" };
      if (value.type === "default") return { index, value: compileDefault(target, context) };
      refuseIdentity(target);
      return { index, value: assignTo(compile(value, context), target.type, target.name) };
    });
  }
  if (context.subquery === null) throw new Error("SET without a query compiler");
  const query = context.subquery(values, context);
  if (query.types.length !== targets.length) {
    throw new DatabaseError("42601", "number of columns does not match number of values");
  }
  // The first column runs the query; the others read the same row.
  let row: Row = [];
  return targets.map(({ index, target }, place) => {
    refuseIdentity(target);
    const run: Compiled["run"] = (env) => {
      if (place === 0) {
        const rows = query.run(env);
        if (rows.length > 1) {
          throw new DatabaseError("21000", "more than one row returned by a subquery used as an expression");
        }
        row = rows[0] ?? [];
      }
      return row[place] ?? null;
    };
    const type = query.types[place] ?? target.type;
    return { index, value: assignTo({ type, constant: false, run }, target.type, target.name) };
  });
}

function refuseIdentity(target: ColumnDef): void {
  const why =
    target.generated !== null
      ? "a generated column"
      : target.identity === "always"
        ? "an identity column defined as GENERATED ALWAYS"
        : null;
  if (why === null) return;
  throw new DatabaseError("428C9", `column "${target.name}" can only be updated to DEFAULT`, {
    detail: `Column "${target.name}" is ${why}.`,
  });
}
