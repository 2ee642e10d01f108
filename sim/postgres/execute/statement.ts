/** From a parsed statement to a plan: own execution for statements on one table, pg-mem for general queries. */
import type { SelectStatement, Statement } from "pgsql-ast-parser";
import type { Catalog } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { compileGeneralSubquery, compileGeneral } from "../general/general.js";
import type { ParsedStatement } from "../sql/parse.js";
import { textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import { type CompileContext, type CompiledSubquery, emptyScope, type Env } from "./env.js";
import { compileInsert } from "./insert.js";
import { createEnv, runAtOnce, type Execution, type Outcome, type Plan } from "./plan.js";
import { type CompiledSelect, compileSelect, isSimpleSelect, selected } from "./select.js";
import { unsupported } from "./unsupported.js";
import { compileDelete, compileUpdate } from "./update.js";
import type { Row, Value } from "../types/value.js";
import { compileWaiting, findWaitingColumns } from "./waiting-select.js";

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
function compileSubquery(ast: unknown, context: CompileContext): CompiledSubquery {
  const node = ast as SelectStatement;
  if (node.type !== "select" || !isSimpleSelect(node)) return compileGeneralSubquery(node, context);
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

function once(env: Env, key: unknown, rows: (env: Env) => Row[]): readonly Row[] {
  const known = env.runtime.results.get(key);
  if (known !== undefined) return known;
  const found = rows(env);
  env.runtime.results.set(key, found);
  return found;
}

function compileSelectPlan(node: Statement & { type: "select" }, context: CompileContext): Plan {
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
    const runNow = (execution: Execution, parameters: readonly Value[]): Outcome =>
      selected(columns, select.rows(createEnv(execution, parameters)));
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
      return selected(columns, yield* select.runLocked(execution, createEnv(execution, parameters)));
    },
  };
}

function compileNode(node: Statement, context: CompileContext): Plan {
  switch (node.type) {
    case "select":
      return isSimpleSelect(node) ? compileSelectPlan(node, context) : compileGeneral(node, context);
    case "insert":
      return compileInsert(node, context);
    case "update":
      return compileUpdate(node, context);
    case "delete":
      return compileDelete(node, context);
    case "union":
    case "union all":
    case "values":
    case "with":
      return compileGeneral(node, context);
    case "alter enum":
    case "alter index":
    case "alter sequence":
    case "alter table":
    case "begin":
    case "comment":
    case "commit":
    case "create composite type":
    case "create enum":
    case "create extension":
    case "create function":
    case "create index":
    case "create materialized view":
    case "create schema":
    case "create sequence":
    case "create table":
    case "create view":
    case "deallocate":
    case "do":
    case "drop function":
    case "drop index":
    case "drop sequence":
    case "drop table":
    case "drop trigger":
    case "drop type":
    case "prepare":
    case "raise":
    case "refresh materialized view":
    case "rollback":
    case "set":
    case "set names":
    case "set timezone":
    case "show":
    case "start transaction":
    case "tablespace":
    case "truncate table":
    case "with recursive":
    default:
      throw unsupported(`the statement ${node.type.toUpperCase()}`);
  }
}

/** @throws DatabaseError for wrong SQL; SimError `SIM_UNSUPPORTED` for what is not simulated. */
export function compileStatement({ ast, parameterCount }: ParsedStatement, catalog: Catalog): Plan {
  if (ast === null) throw new Error("a utility statement has no plan");
  const context = createContext(catalog, parameterCount);
  const plan = compileNode(ast, context);
  const parameterTypes = context.parameters.map((type, index): PgType => {
    if (type !== undefined) return type;
    if (usesParameter(ast, index + 1)) return textType;
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
        execution.runtime.results.set(key, yield* run(execution, createEnv(execution, parameters)));
      }
      return yield* plan.run(execution, parameters);
    },
  };
}

function usesParameter(ast: Statement, place: number): boolean {
  return JSON.stringify(ast).includes(`"name":"$${place}"`);
}
