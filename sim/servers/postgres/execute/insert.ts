/** `INSERT`, with `ON CONFLICT` and `RETURNING`. */
import type { ColumnDef, IndexDef, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type { ConflictTarget, Expr, Insert, Query } from "../sql/ast.js";
import { isVisible, type Tuple } from "../storage/heap.js";
import { boolType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { asCondition, assignTo } from "./coerce.js";
import { compileDefault } from "./compile.js";
import {
  compile,
  findTable,
  unsupported,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type ExecutionContext,
  type Outcome,
  type Plan,
  type Run,
} from "./execution-context.js";
import { compileOutputs } from "./output.js";
import { lockRow } from "./row-lock.js";
import { scopeTableOf, withMissing } from "./scan.js";
import {
  checkRow,
  compileSets,
  findDuplicate,
  insertRow,
  runChecks,
  updateRow,
  type Assignment,
} from "./writer.js";

// Which unique indexes an `ON CONFLICT` clause means.

interface Arbiters {
  readonly indexes: readonly IndexDef[];
}

/** Whether two expressions are written alike, wherever they stand. */
function sameExpression(a: Expr | null, b: Expr | null): boolean {
  const plain = (node: Expr | null): string =>
    JSON.stringify(node, (key, value: unknown) => (key === "at" ? undefined : value));
  return plain(a) === plain(b);
}

function keyMatches(index: IndexDef, table: TableDef, wanted: readonly Expr[]): boolean {
  if (index.columns.length !== wanted.length) return false;
  return index.expressions.every((indexed) =>
    wanted.some(
      (expression) =>
        sameExpression(indexed, expression) ||
        (indexed.type === "ref" &&
          expression.type === "ref" &&
          indexed.name === expression.name &&
          table.columns.some((column) => column.name === indexed.name)),
    ),
  );
}

/** @throws DatabaseError 42P10 when no unique index fits, 42704 for an unknown constraint. */
function findArbiters(target: ConflictTarget | null, table: TableDef): Arbiters {
  const unique = table.indexes.filter((index) => index.unique);
  if (target === null) return { indexes: unique };
  const { constraint, keys, where } = target;
  if (constraint !== undefined) {
    const found = unique.filter((index) => index.name === constraint && index.constraint !== null);
    if (found.length === 0) {
      throw new DatabaseError("42704", `constraint "${constraint}" for table "${table.name}" does not exist`);
    }
    return { indexes: found };
  }
  for (const expression of keys) {
    if (
      expression.type === "ref" &&
      !table.columns.some((column) => column.name === expression.name && !column.dropped)
    ) {
      throw new DatabaseError("42703", `column "${expression.name}" does not exist`);
    }
  }
  const fitting = unique.filter((index) => keyMatches(index, table, keys));
  const whole = fitting.filter((index) => index.where === null);
  if (whole.length > 0) return { indexes: whole };
  const partial = fitting.filter((index) => where !== undefined && sameExpression(index.where, where));
  if (partial.length > 0) return { indexes: partial };
  throw new DatabaseError(
    "42P10",
    "there is no unique or exclusion constraint matching the ON CONFLICT specification",
  );
}

interface Source {
  /** Rows with a value for each target column. */
  rows(env: EvaluationContext): Iterable<readonly Value[]>;
}

function targetColumns(table: TableDef, node: Insert): number[] {
  const names = node.columns;
  if (names === null) {
    return table.columns.flatMap((column, index) => (column.dropped ? [] : [index]));
  }
  const found = names.map((name) => {
    const index = table.columns.findIndex((column) => column.name === name && !column.dropped);
    if (index < 0)
      throw new DatabaseError("42703", `column "${name}" of relation "${table.name}" does not exist`);
    return index;
  });
  for (const [at, index] of found.entries()) {
    if (found.indexOf(index) !== at) {
      throw new DatabaseError(
        "42701",
        `column "${table.columns[index]?.name ?? ""}" specified more than once`,
      );
    }
  }
  return found;
}

function checkIdentity(column: ColumnDef, node: Insert): void {
  if (column.generated !== null) {
    throw new DatabaseError("428C9", `cannot insert a non-DEFAULT value into column "${column.name}"`, {
      detail: `Column "${column.name}" is a generated column.`,
    });
  }
  if (column.identity !== "always" || node.overriding === "system") return;
  throw new DatabaseError("428C9", `cannot insert a non-DEFAULT value into column "${column.name}"`, {
    detail: `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`,
    hint: "Use OVERRIDING SYSTEM VALUE to override.",
  });
}

/** One compiled value for each column of each row. */
function compileValues(
  rows: ReadonlyArray<readonly Expr[]>,
  targets: readonly number[],
  table: TableDef,
  node: Insert,
  context: CompileContext,
): Source {
  const compiled = rows.map((row) => {
    if (row.length > targets.length)
      throw new DatabaseError("42601", "INSERT has more expressions than target columns");
    if (row.length < targets.length && node.columns !== null)
      throw new DatabaseError("42601", "INSERT has more target columns than expressions");
    return row.map((item, at): Compiled => {
      const column = table.columns[targets[at] ?? 0];
      if (column === undefined) throw new Error("target column vanished");
      if (item.type === "default") return compileDefault(column, context);
      checkIdentity(column, node);
      return assignTo(compile(item, context), column.type, column.name);
    });
  });
  return { rows: (env) => compiled.map((row) => row.map((value) => value.run(env))) };
}

/** A bare list of rows: parameters in it take the types of the columns, and `DEFAULT` may stand in it. */
function plainRows(source: Query | null): ReadonlyArray<readonly Expr[]> | null {
  if (source === null) return [[]];
  const isPlain =
    source.type === "values" &&
    source.orderBy.length === 0 &&
    source.limit === undefined &&
    source.offset === undefined &&
    source.with === undefined;
  return isPlain ? source.rows : null;
}

function compileQuery(
  source: Query,
  targets: readonly number[],
  table: TableDef,
  node: Insert,
  context: CompileContext,
): Source {
  if (context.subquery === null) throw new Error("INSERT without a query compiler");
  const wanted = targets.map((index) => table.columns[index]?.type as PgType);
  const query = context.subquery(source, context, wanted);
  if (query.types.length > targets.length)
    throw new DatabaseError("42601", "INSERT has more expressions than target columns");
  if (query.types.length < targets.length && node.columns !== null)
    throw new DatabaseError("42601", "INSERT has more target columns than expressions");
  let current: Row = [];
  const values = query.types.map((type, at) => {
    const column = table.columns[targets[at] ?? 0];
    if (column === undefined) throw new Error("target column vanished");
    checkIdentity(column, node);
    return assignTo({ type, constant: false, run: () => current[at] ?? null }, column.type, column.name);
  });
  return {
    *rows(env) {
      for (const row of query.run(env)) {
        current = row;
        yield values.map((value) => value.run(env));
      }
    },
  };
}

interface Conflict {
  readonly arbiters: Arbiters;
  /** Null for DO NOTHING. */
  readonly update: { readonly sets: readonly Assignment[]; readonly where: Compiled | null } | null;
}

function compileConflict(node: Insert, table: TableDef, context: CompileContext): Conflict | null {
  const { conflict } = node;
  if (conflict === undefined) return null;
  const arbiters = findArbiters(conflict.target, table);
  if (conflict.update === null) return { arbiters, update: null };
  const { set, where } = conflict.update;
  return {
    arbiters,
    update: {
      sets: compileSets(set, table, context),
      where: where === undefined ? null : asCondition(compile(where, context), boolType, "WHERE"),
    },
  };
}

export function compileInsert(
  node: Insert,
  base: CompileContext,
): {
  target: Pick<Plan, "columns"> & { table: TableDef };
  run(execution: ExecutionContext, env: EvaluationContext): Run<Outcome>;
} {
  if (node.overriding === "user") throw unsupported("OVERRIDING USER VALUE");
  const table = findTable(base.catalog, node.table);
  const targetPlace = base.places.count;
  const excludedPlace = targetPlace + 1;
  base.places.count += 2;
  const target = scopeTableOf(table, node.alias ?? node.table.name, targetPlace);
  const excluded = scopeTableOf(table, "excluded", excludedPlace);
  const targets = targetColumns(table, node);
  const rows = plainRows(node.source);
  const source =
    rows === null
      ? compileQuery(node.source as Query, targets, table, node, base)
      : compileValues(rows, targets, table, node, base);
  const defaults = table.columns.flatMap((column, index) => {
    if (column.dropped || targets.includes(index)) return [];
    return [{ index, value: compileDefault(column, base) }];
  });
  const width = table.columns.length;
  const unset = targets.map((index) => ({
    index,
    value: (): Compiled => compileDefault(table.columns[index] ?? neverColumn(), base),
  }));
  const conflict = compileConflict(node, table, {
    ...base,
    scope: { tables: [target, excluded], outer: base.scope },
  });
  const outputs = node.returning
    ? compileOutputs(
        node.returning,
        { ...base, scope: { tables: [target], outer: base.scope } },
        new Map([[targetPlace, table.id]]),
      )
    : null;
  // One list for all executions: results are remembered by it.
  const columns = outputs?.map((output) => output.column) ?? null;
  const build = (values: readonly Value[], env: EvaluationContext): Row => {
    const row: Value[] = Array.from({ length: width }, () => null);
    for (const [at, value] of values.entries()) row[targets[at] ?? 0] = value;
    for (const { index, value } of unset.slice(values.length)) row[index] = value().run(env);
    for (const { index, value } of defaults) row[index] = value.run(env);
    return row;
  };

  function* run(execution: ExecutionContext, env: EvaluationContext): Run<Outcome> {
    const returned: Row[] = [];
    let count = 0;
    for (const values of source.rows(env)) {
      const row = build(values, env);
      const written = yield* writeOne(execution, env, row);
      if (written === null) continue;
      count += 1;
      if (outputs === null) continue;
      env.rows[targetPlace] = written.values;
      env.tuples[targetPlace] = written;
      returned.push(outputs.map((output) => output.value.run(env)));
    }
    yield* runChecks(execution);
    return {
      tag: `INSERT 0 ${count}`,
      rowCount: count,
      columns,
      rows: returned,
    };
  }

  function* writeOne(execution: ExecutionContext, env: EvaluationContext, row: Row): Run<Tuple | null> {
    if (conflict === null) return yield* insertRow(execution, tableOf(), row, env);
    checkRow(execution, tableOf(), row, env);
    for (;;) {
      const existing = yield* findConflict(execution, conflict.arbiters, tableOf(), row);
      if (existing === null) return yield* insertRow(execution, tableOf(), row, env);
      requireVisible(execution, existing);
      if (conflict.update === null) return null;
      const result = yield* updateExisting(execution, env, tableOf(), existing, row, conflict.update, [
        targetPlace,
        excludedPlace,
      ]);
      if (result !== "again") return result;
    }
  }
  const tableOf = (): TableDef => table;

  return { target: { table, columns }, run };
}

function neverColumn(): never {
  throw new Error("target column vanished");
}

function* findConflict(
  execution: ExecutionContext,
  arbiters: Arbiters,
  table: TableDef,
  row: Row,
): Run<Tuple | null> {
  for (const index of arbiters.indexes) {
    const found = yield* findDuplicate(execution, table, index, row);
    if (found !== null) return found;
  }
  return null;
}

/** A repeatable transaction may not act on a row it cannot see. */
function requireVisible(execution: ExecutionContext, tuple: Tuple): void {
  if (!execution.repeatable || tuple.xmin.top === execution.xact.top || isVisible(tuple, execution.snapshot))
    return;
  throw new DatabaseError("40001", "could not serialize access due to concurrent update");
}

function* updateExisting(
  execution: ExecutionContext,
  env: EvaluationContext,
  table: TableDef,
  existing: Tuple,
  row: Row,
  update: NonNullable<Conflict["update"]>,
  [targetPlace, excludedPlace]: readonly [target: number, excluded: number],
): Run<Tuple | null | "again"> {
  if (existing.xmin.top === execution.xact.top && existing.cmin === execution.snapshot.command) {
    throw new DatabaseError("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time", {
      hint: "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
    });
  }
  const touchesKey = update.sets.some(({ index }) =>
    table.indexes.some((one) => one.unique && one.where === null && one.columns.includes(index)),
  );
  const locked = yield* lockRow(
    execution,
    existing,
    touchesKey ? "update" : "no key update",
    "wait",
    true,
    table.name,
  );
  if (locked.kind !== "locked" || locked.moved) return "again";
  env.rows[targetPlace] = withMissing(table, locked.tuple);
  env.rows[excludedPlace] = row;
  if (update.where !== null && update.where.run(env) !== true) return null;
  const next = [...withMissing(table, locked.tuple)];
  for (const { index, value } of update.sets) next[index] = value.run(env);
  return yield* updateRow(execution, table, locked.tuple, next, env);
}
