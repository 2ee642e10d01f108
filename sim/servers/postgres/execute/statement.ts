/** From a parsed statement to a plan: own execution for statements on one table, pg-mem for general queries. */
import type { Catalog, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { lockModes } from "../locks/lock-manager.js";
import type { Call, Delete, Query, QueryStatement, Select, Update } from "../sql/ast.js";
import { walkTree, type ParsedStatement } from "../sql/parse.js";
import type { Tuple } from "../storage/heap.js";
import { textType, voidType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { tryCoerce } from "./coerce.js";
import { compile } from "./compile.js";
import {
  createEvaluationContext,
  emptyScope,
  findTable,
  runAtOnce,
  unsupported,
  type CompileContext,
  type CompiledSubquery,
  type EvaluationContext,
  type ExecutionContext,
  type Outcome,
  type Plan,
  type Run,
  type Wait,
} from "./execution-context.js";
import { compileInsert } from "./insert.js";
import { compileOutputs, type Output } from "./output.js";
import { lockRow } from "./row-lock.js";
import { functionTable, type FunctionDef } from "./scalar-functions.js";
import { compileScan, scopeTableOf, withMissing, type Scan } from "./scan.js";
import { compileSelect, isSimpleSelect, selected, type CompiledSelect } from "./select.js";
import { compileSets, deleteRow, runChecks, updateMode, updateRow } from "./writer.js";

// Columns such as `pg_advisory_lock(1)` and `pg_sleep(1)`, which must wait before they have a value.

interface WaitingColumn {
  readonly index: number;
  readonly waits: (values: readonly Value[], env: EvaluationContext) => Wait | null;
  readonly args: (env: EvaluationContext) => readonly Value[];
}

/** Columns such as `pg_advisory_lock(1)`, which must wait before they have a value. */
function findWaitingColumns(node: Query, context: CompileContext): WaitingColumn[] {
  if (node.type !== "select" || node.from.length > 0) return [];
  return node.targets.flatMap(({ expr }, index): WaitingColumn[] => {
    if (expr.type !== "call") return [];
    for (const def of functionTable.get(expr.name) ?? []) {
      const args = matchArguments(
        def,
        expr.args.map((argument) => compile(argument, context)),
      );
      if (def.wait != null && args !== null) {
        return [{ index, waits: def.wait, args: (env) => args.map((argument) => argument.run(env)) }];
      }
    }
    return [];
  });
}

function matchArguments(
  def: FunctionDef,
  args: readonly ReturnType<typeof compile>[],
): ReturnType<typeof compile>[] | null {
  if (args.length !== def.args.length) return null;
  const converted = args.map((argument, index) =>
    tryCoerce(argument, def.args[index] ?? argument.type, "implicit"),
  );
  return converted.every((argument) => argument !== null) ? converted : null;
}

/** `SELECT pg_advisory_lock(...)` and the like: the wait first, then an empty value in that column. */
function compileWaiting(node: Select, waiting: readonly WaitingColumn[], context: CompileContext): Plan {
  const plain = compileSelect(
    {
      ...node,
      targets: node.targets.map((target, index) =>
        waiting.some((one) => one.index === index)
          ? {
              alias: target.alias ?? (target.expr as Call).name,
              expr: { type: "cast", operand: { type: "string", value: "" }, to: { name: "text" } },
            }
          : target,
      ),
    },
    context,
  );
  const columns = plain.columns.map((column, index) =>
    waiting.some((one) => one.index === index) ? { ...column, type: voidType } : column,
  );
  return {
    command: "SELECT",
    parameterTypes: [],
    columns,
    tables: [],
    writes: false,
    *run(execution, parameters): Run<Outcome> {
      const env = createEvaluationContext(execution, parameters);
      for (const { waits, args } of waiting) {
        const wait = waits(args(env), env);
        if (wait !== null) yield wait;
      }
      return selected(columns, plain.rows(env));
    },
  };
}

// `UPDATE` and `DELETE` of one table.

interface Target {
  readonly table: TableDef;
  readonly scan: Scan;
  readonly outputs: readonly Output[] | null;
  /** Of the outputs; one list for all executions, by which results are remembered. */
  readonly columns: Outcome["columns"];
  readonly context: CompileContext;
}

function compileTarget(node: Update | Delete, base: CompileContext): Target {
  const table = findTable(base.catalog, node.table);
  const place = base.places.count;
  base.places.count += 1;
  const scopeTable = scopeTableOf(table, node.alias ?? node.table.name, place);
  const context: CompileContext = { ...base, scope: { tables: [scopeTable], outer: null }, aggregates: null };
  const scan = compileScan(table, scopeTable, node.where, context);
  const outputs = node.returning
    ? compileOutputs(node.returning, context, new Map([[place, table.id]]))
    : null;
  const columns = outputs?.map((output) => output.column) ?? null;
  return { table, scan, outputs, columns, context };
}

function project(target: Target, env: EvaluationContext, row: Row): Row {
  env.rows[target.scan.place] = row;
  return target.outputs?.map((output) => output.value.run(env)) ?? [];
}

function outcome(command: "UPDATE" | "DELETE", target: Target, count: number, rows: readonly Row[]): Outcome {
  return {
    tag: `${command} ${count}`,
    rowCount: count,
    columns: target.columns,
    rows,
  };
}

function planOf(command: "UPDATE" | "DELETE", target: Target, run: Plan["run"]): Plan {
  return {
    command,
    parameterTypes: [],
    columns: target.columns,
    tables: [[target.table, lockModes.rowExclusive]],
    writes: true,
    run,
  };
}

function compileUpdate(node: Update, base: CompileContext): Plan {
  if (node.from.length > 0 || node.with !== undefined) throw unsupported("UPDATE ... FROM");
  const target = compileTarget(node, base);
  const { table, scan } = target;
  const sets = compileSets(node.set, table, target.context);
  const changed = (env: EvaluationContext, tuple: Tuple): Row => {
    const row: Value[] = [...withMissing(table, tuple)];
    env.rows[scan.place] = withMissing(table, tuple);
    for (const { index, value } of sets) row[index] = value.run(env);
    return row;
  };

  /** Locks the row as strongly as the change needs, reading it again when it moved meanwhile. */
  function* updateOne(execution: ExecutionContext, env: EvaluationContext, tuple: Tuple): Run<Tuple | null> {
    let current = tuple;
    let row = changed(env, current);
    for (;;) {
      const mode = updateMode(table, current.values, row);
      const result = yield* lockRow(execution, current, mode, "wait", false, table.name);
      if (result.kind !== "locked") return null;
      current = result.tuple;
      if (!result.moved) return yield* updateRow(execution, table, current, row, env);
      if (!scan.accepts(env, current)) return null;
      row = changed(env, current);
    }
  }

  return planOf("UPDATE", target, function* (execution, parameters) {
    const env = createEvaluationContext(execution, parameters);
    const returned: Row[] = [];
    let count = 0;
    for (const tuple of candidates(scan, env)) {
      const written = yield* updateOne(execution, env, tuple);
      if (written === null) continue;
      count += 1;
      if (target.outputs !== null) returned.push(project(target, env, written.values));
    }
    yield* runChecks(execution);
    return outcome("UPDATE", target, count, returned);
  });
}

// A copy, because the loop writes to what is being read.
function candidates(scan: Scan, env: EvaluationContext): Tuple[] {
  return [...scan.tuples(env)];
}

function compileDelete(node: Delete, base: CompileContext): Plan {
  const target = compileTarget(node, base);
  const { table, scan } = target;
  return planOf("DELETE", target, function* (execution, parameters) {
    const env = createEvaluationContext(execution, parameters);
    const returned: Row[] = [];
    let count = 0;
    for (const tuple of candidates(scan, env)) {
      const result = yield* lockRow(execution, tuple, "update", "wait", false, table.name);
      if (result.kind !== "locked" || (result.moved && !scan.accepts(env, result.tuple))) continue;
      const row = withMissing(table, result.tuple);
      deleteRow(execution, table, result.tuple);
      count += 1;
      if (target.outputs !== null) returned.push(project(target, env, row));
    }
    yield* runChecks(execution);
    return outcome("DELETE", target, count, returned);
  });
}

function createContext(catalog: Catalog, parameterCount: number): CompileContext {
  return {
    catalog,
    scope: emptyScope,
    parameters: Array.from<PgType | undefined>({ length: parameterCount }),
    places: { count: 0 },
    aggregates: null,
    prelude: [],
    reads: [],
    subquery: compileSubquery,
  };
}

function isMissingName(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "42703" || error.code === "42P01");
}

/** Runs once when it depends on no row around it, else once for each row. */
function compileSubquery(node: Query, context: CompileContext): CompiledSubquery {
  if (node.type !== "select" || !isSimpleSelect(node)) throw unsupported("general queries");
  let select: CompiledSelect;
  let constant = true;
  try {
    select = compileSelect(node, { ...context, scope: emptyScope });
  } catch (error) {
    if (!isMissingName(error)) throw error;
    select = compileSelect(node, context);
    constant = false;
  }
  if (select.table !== null) context.reads.push([select.table, select.tableMode]);
  const types = select.columns.map((column) => column.type);
  const names = select.columns.map((column) => column.name);
  if (select.locking !== null) {
    if (!constant) throw unsupported("row locks in a subquery that depends on the rows around it");
    const { runLocked } = select;
    context.prelude.push({ key: node, run: runLocked });
    return { types, names, constant: true, run: (env) => env.runtime.results.get(node) ?? [] };
  }
  const { rows } = select;
  return { types, names, constant, run: constant ? (env) => once(env, node, rows) : rows };
}

function once(env: EvaluationContext, key: unknown, rows: (env: EvaluationContext) => Row[]): readonly Row[] {
  const known = env.runtime.results.get(key);
  if (known !== undefined) return known;
  const found = rows(env);
  env.runtime.results.set(key, found);
  return found;
}

function compileSelectPlan(node: Select, context: CompileContext): Plan {
  const waiting = findWaitingColumns(node, context);
  if (waiting.length > 0) return compileWaiting(node, waiting, context);
  const select = compileSelect(node, context);
  const { columns, table, locking } = select;
  const base = {
    command: "SELECT" as const,
    parameterTypes: [],
    columns,
    tables: table === null ? [] : ([[table, select.tableMode]] as const),
    writes: locking !== null,
  };
  if (locking === null) {
    const runNow = (execution: ExecutionContext, parameters: readonly Value[]): Outcome =>
      selected(columns, select.rows(createEvaluationContext(execution, parameters)));
    return {
      ...base,
      runNow,
      run: (execution, parameters) => runAtOnce(() => runNow(execution, parameters)),
    };
  }
  return {
    ...base,
    label: `SELECT FOR ${locking.toUpperCase()}`,
    *run(execution, parameters) {
      return selected(
        columns,
        yield* select.runLocked(execution, createEvaluationContext(execution, parameters)),
      );
    },
  };
}

function compileNode(node: QueryStatement, context: CompileContext): Plan {
  switch (node.type) {
    case "select":
      if (isSimpleSelect(node)) return compileSelectPlan(node, context);
      throw unsupported("general queries");
    case "insert":
      return compileInsert(node, context);
    case "update":
      return compileUpdate(node, context);
    case "delete":
      return compileDelete(node, context);
    case "values":
    case "set operation":
    default:
      throw unsupported("general queries");
  }
}

/** @throws DatabaseError for wrong SQL; SimError `SIM_UNSUPPORTED` for what is not simulated. */
export function compileStatement({ query, parameterCount }: ParsedStatement, catalog: Catalog): Plan {
  if (query === null) throw new Error("a utility statement has no plan");
  const context = createContext(catalog, parameterCount);
  const plan = compileNode(query, context);
  const parameterTypes = context.parameters.map((type, index): PgType => {
    if (type !== undefined) return type;
    if (usesParameter(query, index + 1)) return textType;
    throw new DatabaseError("42P18", `could not determine data type of parameter $${index + 1}`);
  });
  const { prelude } = context;
  const tables = [...plan.tables, ...context.reads];
  if (prelude.length === 0) return { ...plan, parameterTypes, tables };
  return {
    command: plan.command,
    columns: plan.columns,
    parameterTypes,
    tables,
    writes: true,
    *run(execution, parameters) {
      for (const { key, run } of prelude) {
        execution.runtime.results.set(
          key,
          yield* run(execution, createEvaluationContext(execution, parameters)),
        );
      }
      return yield* plan.run(execution, parameters);
    },
  };
}

function usesParameter(query: QueryStatement, place: number): boolean {
  let found = false;
  walkTree(query, (node) => {
    if (node["type"] === "parameter" && node["number"] === place) found = true;
  });
  return found;
}
