/** Queries beyond one table: joins, groups, unions, derived tables, WITH. pg-mem runs them, see mirror.ts. */
import type {
  Expr,
  OrderByStatement,
  SelectFromStatement,
  SelectStatement,
  Statement,
} from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import { tryCoerce } from "../execute/coerce.js";
import { compile } from "../execute/compile.js";
import type { CompileContext, CompiledSubquery, Env } from "../execute/env.js";
import { createEnv, runAtOnce, type Plan } from "../execute/plan.js";
import { selected } from "../execute/select.js";
import { unsupported } from "../execute/unsupported.js";
import { int8Type } from "../types/builtin.js";
import type { Row, Value } from "../types/value.js";
import { analyzeGeneral, type Analysis, scopeOf } from "./analyze.js";
import { fromMirror } from "./mirror.js";
import { bindTree } from "./bind-tree.js";

interface Query {
  readonly analysis: Analysis;
  rows(env: Env): Row[];
}

interface SortKey {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Puts names on every column, and spells out stars, so that the answer's columns can be told apart. */
function nameColumns(node: SelectStatement, context: CompileContext): SelectStatement {
  switch (node.type) {
    case "select": {
      const scope = scopeOf(node, { ...context, reads: [], subquery: null }, new Map(), {
        columns: [],
        tables: new Set(),
      });
      const columns = (node.columns ?? []).flatMap((column) => {
        const { expr } = column;
        if (expr.type !== "ref" || expr.name !== "*") return [column];
        return scope
          .filter((table) => expr.table === undefined || expr.table.name === table.alias)
          .flatMap((table) =>
            table.columns.map(({ name }) => ({
              expr: { type: "ref" as const, table: { name: table.alias }, name },
            })),
          );
      });
      return {
        ...node,
        columns: columns.map((column, index) => ({ expr: column.expr, alias: { name: `c${index}` } })),
      };
    }
    case "union":
    case "union all":
      return { ...node, left: nameColumns(node.left, context) };
    case "values":
    case "with":
    case "with recursive":
    default:
      return node;
  }
}

/** pg-mem drops HAVING silently, so the condition becomes a last column and is looked at afterwards. */
function withoutHaving(node: SelectFromStatement): SelectFromStatement {
  const { having, ...rest } = node as SelectFromStatement & { having?: Expr | null };
  return having
    ? { ...rest, columns: [...(rest.columns ?? []), { expr: having, alias: { name: "having" } }] }
    : node;
}

/** The part of a query that ORDER BY and LIMIT stand on. */
function topOf(node: SelectStatement): SelectFromStatement | null {
  if (node.type === "select") return node;
  return null;
}

function sortKeys(
  order: readonly OrderByStatement[],
  node: SelectFromStatement,
  analysis: Analysis,
): SortKey[] {
  return order.map(({ by, order: direction, nulls }) => {
    const column = findOutput(by, node, analysis);
    if (column < 0 || column >= analysis.columns.length) {
      if (by.type === "integer")
        throw new DatabaseError("42P10", `ORDER BY position ${by.value} is not in select list`);
      throw unsupported("ORDER BY something that is not selected in a query of several tables");
    }
    const descending = direction === "DESC";
    return { column, descending, nullsFirst: nulls === "FIRST" || (nulls == null && descending) };
  });
}

function findOutput(by: Expr, node: SelectFromStatement, analysis: Analysis): number {
  if (by.type === "integer") return by.value - 1;
  if (by.type === "ref" && by.table === undefined) {
    const named = analysis.columns.findIndex((column) => column.name === by.name);
    if (named >= 0) return named;
  }
  return (node.columns ?? []).findIndex(({ expr }) => JSON.stringify(expr) === JSON.stringify(by));
}

function sortRows(rows: Row[], keys: readonly SortKey[], analysis: Analysis): Row[] {
  return rows.sort((a, b) => {
    for (const { column, descending, nullsFirst } of keys) {
      const x = a[column] ?? null;
      const y = b[column] ?? null;
      if (x === null || y === null) {
        if (x !== y) return (x === null) === nullsFirst ? -1 : 1;
        continue;
      }
      const order = analysis.columns[column]?.type.compare(x, y) ?? 0;
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}

function countOf(node: Expr | null | undefined, context: CompileContext): (env: Env) => number | null {
  if (node === null || node === undefined) return () => null;
  const value = tryCoerce(compile(node, context), int8Type, "implicit");
  if (value === null) throw new DatabaseError("42804", "argument of LIMIT must be type bigint");
  return (env) => {
    const count = value.run(env);
    return count === null ? null : Number(count);
  };
}

function prepare(node: SelectStatement, context: CompileContext): Query {
  const outermost = node.type === "with" ? (node.in as SelectStatement) : node;
  const top = topOf(outermost);
  const limitOf = countOf(top?.limit?.limit, context);
  const offsetOf = countOf(top?.limit?.offset, context);
  const bare = top === null ? outermost : withoutHaving({ ...top, orderBy: null, limit: null });
  const having =
    bare !== outermost &&
    top !== null &&
    (top.columns ?? []).length < ((bare as SelectFromStatement).columns ?? []).length;
  const whole: SelectStatement = node.type === "with" ? { ...node, in: bare as never } : bare;
  const full = analyzeGeneral(whole, context);
  const analysis = having ? { ...full, columns: full.columns.slice(0, -1) } : full;
  const keys = top === null ? [] : sortKeys(top.orderBy ?? [], top, analysis);
  const named = node.type === "with" ? whole : nameColumns(bare, context);
  const bind = bindTree(named, context.catalog, context.parameters);
  return {
    analysis,
    rows(env) {
      const raw = env.runtime.mirror().run(bind(env.parameters) as Statement, analysis.tables, env.runtime);
      const kept = having ? raw.filter((row) => row[full.columns.length - 1] === true) : raw;
      const rows = kept.map((row) =>
        analysis.columns.map(({ type }, index): Value => fromMirror(row[index], type)),
      );
      const sorted = keys.length === 0 ? rows : sortRows(rows, keys, analysis);
      const offset = offsetOf(env) ?? 0;
      const limit = limitOf(env);
      return sorted.slice(offset, limit === null ? undefined : offset + limit);
    },
  };
}

/** @throws DatabaseError for wrong SQL; SimError for what is not simulated. */
export function compileGeneral(node: SelectStatement, context: CompileContext): Plan {
  const { analysis, rows } = prepare(node, context);
  const { columns } = analysis;
  const runNow: NonNullable<Plan["runNow"]> = (execution, parameters) =>
    selected(columns, rows(createEnv(execution, parameters)));
  return {
    command: "SELECT",
    parameterTypes: [],
    columns,
    tables: [],
    writes: false,
    runNow,
    run: (execution, parameters) => runAtOnce(() => runNow(execution, parameters)),
  };
}

export function compileGeneralSubquery(node: SelectStatement, context: CompileContext): CompiledSubquery {
  const { analysis, rows } = prepare(node, context);
  return {
    types: analysis.columns.map((column) => column.type),
    names: analysis.columns.map((column) => column.name),
    constant: true,
    run(env) {
      const known = env.runtime.results.get(node);
      if (known !== undefined) return known;
      const found = rows(env);
      env.runtime.results.set(node, found);
      return found;
    },
  };
}
