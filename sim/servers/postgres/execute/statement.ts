/** From a parsed statement to a plan. */
import type { Catalog, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { lockModes } from "../locks/lock-manager.js";
import type { Delete, Insert, QueryStatement, Update } from "../sql/ast.js";
import { walkTree, type ParsedStatement } from "../sql/parse.js";
import type { Tuple } from "../storage/heap.js";
import { textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import {
  createEvaluationContext,
  findTable,
  runAtOnce,
  type CompileContext,
  type EvaluationContext,
  type ExecutionContext,
  type Outcome,
  type Plan,
  type Run,
  type Scope,
  type ScopeTable,
} from "./execution-context.js";
import { putCombination, takeCombination, type Combination } from "./combination.js";
import { bareContext } from "./compile.js";
import { compileFrom, type CompiledFrom } from "./from.js";
import { compileInsert } from "./insert.js";
import { compileOutputs, type Output } from "./output.js";
import {
  compileQuery,
  compileSubquery,
  selected,
  setChangeCompiler,
  withCommonTables,
  type ChangeCompiler,
} from "./query.js";
import { lockRow } from "./row-lock.js";
import { scopeTableOf, withMissing } from "./scan.js";
import { compileSets, deleteRow, runChecks, updateMode, updateRow } from "./writer.js";

// `UPDATE` and `DELETE`.

interface ChangeTarget {
  readonly table: TableDef;
  readonly scopeTable: ScopeTable;
  readonly from: CompiledFrom;
  /** Names of the target and of the other tables. */
  readonly context: CompileContext;
  readonly outputs: readonly Output[] | null;
  /** Of the outputs; one list for all executions, by which results are remembered. */
  readonly columns: Outcome["columns"];
}

function compileTarget(node: Update | Delete, context: CompileContext): ChangeTarget {
  const table = findTable(context.catalog, node.table);
  const place = context.places.count;
  context.places.count += 1;
  const scopeTable = scopeTableOf(table, node.alias ?? node.table.name, place);
  const from = compileFrom(node.type === "update" ? node.from : node.using, node.where, context, {
    table,
    scopeTable,
  });
  for (const other of from.tables) context.reads.push([other.table, lockModes.accessShare]);
  const inner: CompileContext = { ...context, scope: from.scope, aggregates: null, clause: "RETURNING" };
  const outputs = node.returning ? compileOutputs(node.returning, inner, from.tableIds) : null;
  const columns = outputs?.map((output) => output.column) ?? null;
  return { table, scopeTable, from, context: inner, outputs, columns };
}

/** Rows of the target, each with the first combination of the other tables that fits. */
function candidates(
  target: ChangeTarget,
  env: EvaluationContext,
): Array<{ tuple: Tuple; combination: Combination }> {
  const found: Array<{ tuple: Tuple; combination: Combination }> = [];
  const seen = new Set<Tuple>();
  const { place } = target.scopeTable;
  target.from.each(env, () => {
    const tuple = env.tuples[place];
    if (tuple === null || tuple === undefined || seen.has(tuple)) return false;
    seen.add(tuple);
    found.push({ tuple, combination: takeCombination(env, target.from.places) });
    return false;
  });
  return found;
}

/** Puts a newer version of the row beside the same other rows. */
function putVersion(
  target: ChangeTarget,
  env: EvaluationContext,
  combination: Combination,
  tuple: Tuple,
): Row {
  putCombination(env, target.from.places, combination);
  const row = withMissing(target.table, tuple);
  env.rows[target.scopeTable.place] = row;
  env.tuples[target.scopeTable.place] = tuple;
  return row;
}

function outcome(
  command: "UPDATE" | "DELETE",
  target: ChangeTarget,
  count: number,
  rows: readonly Row[],
): Outcome {
  return { tag: `${command} ${count}`, rowCount: count, columns: target.columns, rows };
}

function project(target: ChangeTarget, env: EvaluationContext): Row {
  return target.outputs?.map((output) => output.value.run(env)) ?? [];
}

function compileUpdate(node: Update, context: CompileContext): Change {
  const target = compileTarget(node, context);
  const { table, from } = target;
  const sets = compileSets(node.set, table, { ...target.context, clause: "UPDATE" });
  const changed = (env: EvaluationContext, combination: Combination, tuple: Tuple): Row => {
    const row: Value[] = [...putVersion(target, env, combination, tuple)];
    for (const { index, value } of sets) row[index] = value.run(env);
    return row;
  };

  /** Locks the row as strongly as the change needs, reading it again when it moved meanwhile. */
  function* updateOne(
    execution: ExecutionContext,
    env: EvaluationContext,
    tuple: Tuple,
    combination: Combination,
  ): Run<Tuple | null> {
    let current = tuple;
    let row = changed(env, combination, current);
    for (;;) {
      const mode = updateMode(table, current.values, row);
      const result = yield* lockRow(execution, current, mode, "wait", false, table.name);
      if (result.kind !== "locked") return null;
      current = result.tuple;
      if (!result.moved) return yield* updateRow(execution, table, current, row, env);
      putVersion(target, env, combination, current);
      if (!from.accepts(env)) return null;
      row = changed(env, combination, current);
    }
  }

  return {
    target,
    *run(execution, env) {
      const returned: Row[] = [];
      let count = 0;
      for (const { tuple, combination } of candidates(target, env)) {
        const written = yield* updateOne(execution, env, tuple, combination);
        if (written === null) continue;
        count += 1;
        if (target.outputs === null) continue;
        putVersion(target, env, combination, written);
        returned.push(project(target, env));
      }
      yield* runChecks(execution);
      return outcome("UPDATE", target, count, returned);
    },
  };
}

function compileDelete(node: Delete, context: CompileContext): Change {
  const target = compileTarget(node, context);
  const { table, from } = target;
  return {
    target,
    *run(execution, env) {
      const returned: Row[] = [];
      let count = 0;
      for (const { tuple, combination } of candidates(target, env)) {
        const result = yield* lockRow(execution, tuple, "update", "wait", false, table.name);
        if (result.kind !== "locked") continue;
        putVersion(target, env, combination, result.tuple);
        if (result.moved && !from.accepts(env)) continue;
        deleteRow(execution, table, result.tuple);
        count += 1;
        if (target.outputs !== null) returned.push(project(target, env));
      }
      yield* runChecks(execution);
      return outcome("DELETE", target, count, returned);
    },
  };
}

/** A change of rows: a statement of its own, or part of a WITH. */
interface Change {
  readonly target: { readonly table: TableDef; readonly columns: Outcome["columns"] };
  run(execution: ExecutionContext, env: EvaluationContext): Run<Outcome>;
}

function compileChange(node: Insert | Update | Delete, outer: CompileContext): Change {
  const context = withCommonTables(node.with, outer, changeInWith);
  const change =
    node.type === "insert"
      ? compileInsert(node, context)
      : node.type === "update"
        ? compileUpdate(node, context)
        : compileDelete(node, context);
  context.reads.push([change.target.table, lockModes.rowExclusive]);
  return change;
}

function changeInWith(node: Insert | Update | Delete, context: CompileContext): ReturnType<ChangeCompiler> {
  const change = compileChange(node, context);
  context.changes.count += 1;
  return { columns: change.target.columns, run: (execution, env) => change.run(execution, env) };
}

setChangeCompiler(changeInWith);

/** What compiling a statement begins with. */
export function createContext(catalog: Catalog, parameterCount: number): CompileContext {
  return {
    ...bareContext(catalog),
    clause: "SELECT",
    parameters: Array.from<PgType | undefined>({ length: parameterCount }),
    places: { count: 0 },
    subquery: compileSubquery,
  };
}

const commands = { insert: "INSERT", update: "UPDATE", delete: "DELETE" } as const;

type PlanBody = Omit<Plan, "parameterTypes" | "tables">;

function compileNode(node: QueryStatement, context: CompileContext): PlanBody {
  if (node.type === "insert" || node.type === "update" || node.type === "delete") {
    const change = compileChange(node, context);
    return {
      command: commands[node.type],
      columns: change.target.columns,
      writes: true,
      run: (execution, parameters) => change.run(execution, createEvaluationContext(execution, parameters)),
    };
  }
  const query = compileQuery(node, context);
  const { columns, run } = query;
  const writes = query.locking !== null || context.changes.count > 0;
  const base = { command: "SELECT" as const, columns, writes };
  if (run === null) {
    const runNow = (execution: ExecutionContext, parameters: readonly Value[]): Outcome =>
      selected(columns, query.rows(createEvaluationContext(execution, parameters)));
    return {
      ...base,
      runNow,
      run: (execution, parameters) => runAtOnce(() => runNow(execution, parameters)),
    };
  }
  return {
    ...base,
    ...(query.locking === null ? {} : { label: query.locking }),
    *run(execution, parameters) {
      return selected(columns, yield* run(execution, createEvaluationContext(execution, parameters)));
    },
  };
}

/**
 * @param around - Names that stand around the statement, in the first places.
 * @throws DatabaseError for wrong SQL; SimError `SIM_UNSUPPORTED` for what is not simulated.
 */
export function compileStatement(
  { query, parameterCount, parameterTypes: declared = [] }: ParsedStatement,
  catalog: Catalog,
  around?: Scope,
): Plan {
  if (query === null) throw new Error("a utility statement has no plan");
  const plain = createContext(catalog, parameterCount);
  const context =
    around === undefined ? plain : { ...plain, scope: around, places: { count: around.tables.length } };
  for (const [index, type] of declared.slice(0, parameterCount).entries()) context.parameters[index] = type;
  const body = compileNode(query, context);
  const parameterTypes = context.parameters.map((type, index): PgType => {
    if (type !== undefined) return type;
    if (usesParameter(query, index + 1)) return textType;
    throw new DatabaseError("42P18", `could not determine data type of parameter $${index + 1}`);
  });
  const { prelude, reads: tables } = context;
  if (prelude.length === 0) return { ...body, parameterTypes, tables };
  return {
    command: body.command,
    columns: body.columns,
    parameterTypes,
    tables,
    writes: true,
    *run(execution, parameters) {
      const env = createEvaluationContext(execution, parameters);
      for (const { key, run } of prelude) execution.runtime.results.set(key, yield* run(execution, env));
      return yield* body.run(execution, parameters);
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
