/** `UPDATE` and `DELETE` of one table. */
import type { DeleteStatement, UpdateStatement } from "pgsql-ast-parser";
import type { TableDef } from "../catalog/catalog.js";
import { lockModes } from "../locks/lock-manager.js";
import type { Tuple } from "../storage/tuple.js";
import type { Row, Value } from "../types/value.js";
import { type CompileContext, type Env, findTable } from "./env.js";
import { compileOutputs, type Output } from "./output.js";
import { createEnv, type Execution, type Outcome, type Plan, type Run } from "./plan.js";
import { lockRow } from "./row-lock.js";
import { compileScan, type Scan, scopeTableOf, withMissing } from "./scan.js";
import { compileSets } from "./sets.js";
import { unsupported } from "./unsupported.js";
import { deleteRow, runChecks, updateMode, updateRow } from "./writer.js";

interface Target {
  readonly table: TableDef;
  readonly scan: Scan;
  readonly outputs: readonly Output[] | null;
  /** Of the outputs; one list for all executions, by which results are remembered. */
  readonly columns: Outcome["columns"];
  readonly context: CompileContext;
}

function compileTarget(
  name: { readonly name: string; readonly alias?: string; readonly schema?: string },
  node: UpdateStatement | DeleteStatement,
  base: CompileContext,
): Target {
  const table = findTable(base.catalog, name);
  const place = base.places.count;
  base.places.count += 1;
  const own = scopeTableOf(table, name.alias ?? name.name, place);
  const context: CompileContext = { ...base, scope: { tables: [own], outer: null }, aggregates: null };
  const scan = compileScan(table, own, node.where, context);
  const outputs = node.returning
    ? compileOutputs(node.returning, context, new Map([[place, table.id]]))
    : null;
  const columns = outputs?.map((output) => output.column) ?? null;
  return { table, scan, outputs, columns, context };
}

function project(target: Target, env: Env, row: Row): Row {
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

export function compileUpdate(node: UpdateStatement, base: CompileContext): Plan {
  if (node.from) throw unsupported("UPDATE ... FROM");
  const target = compileTarget(node.table, node, base);
  const { table, scan } = target;
  const sets = compileSets(node.sets, table, target.context);
  const changed = (env: Env, tuple: Tuple): Row => {
    const row: Value[] = [...withMissing(table, tuple)];
    env.rows[scan.place] = withMissing(table, tuple);
    for (const { index, value } of sets) row[index] = value.run(env);
    return row;
  };

  /** Locks the row as strongly as the change needs, reading it again when it moved meanwhile. */
  function* updateOne(execution: Execution, env: Env, tuple: Tuple): Run<Tuple | null> {
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
    const env = createEnv(execution, parameters);
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
function candidates(scan: Scan, env: Env): Tuple[] {
  return [...scan.tuples(env)];
}

export function compileDelete(node: DeleteStatement, base: CompileContext): Plan {
  const target = compileTarget(node.from, node, base);
  const { table, scan } = target;
  return planOf("DELETE", target, function* (execution, parameters) {
    const env = createEnv(execution, parameters);
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
