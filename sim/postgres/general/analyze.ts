/**
 * The columns and types of a general query, and the types of its parameters.
 *
 * Types come from the same rules as everywhere else; only the running is left to pg-mem. What those rules do not
 * know, or what pg-mem is known to get wrong, is refused here.
 */
import type { Expr, From, SelectFromStatement, SelectStatement } from "pgsql-ast-parser";
import type { TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { asCondition, commonType, settle, unify } from "../execute/coerce.js";
import { compile } from "../execute/compile.js";
import { type Aggregate, type CompileContext, missingTable, type ScopeTable } from "../execute/env.js";
import { columnName, compileOutputs } from "../execute/output.js";
import { scopeTableOf } from "../execute/scan.js";
import { unsupported } from "../execute/unsupported.js";
import { boolType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import { columnTypes, refuseLies } from "./refuse.js";

export interface GeneralColumn {
  readonly name: string;
  readonly type: PgType;
  readonly tableId: number;
  readonly column: number;
}

export interface Analysis {
  readonly columns: readonly GeneralColumn[];
  /** Tables the query reads. */
  readonly tables: Set<TableDef>;
}

type Named = ReadonlyMap<string, readonly GeneralColumn[]>;

function sourceOf(from: From, context: CompileContext, named: Named, analysis: Analysis): ScopeTable {
  const place = context.places.count;
  context.places.count += 1;
  if (from.lateral === true) throw unsupported("LATERAL");
  if (from.type === "table") {
    const { name, alias, columnNames } = from.name;
    const shared = named.get(name);
    if (shared !== undefined)
      return virtualTable(
        alias ?? name,
        place,
        shared,
        columnNames?.map((column) => column.name),
      );
    const table = context.catalog.tables.get(name);
    if (table === undefined) throw missingTable(name);
    analysis.tables.add(table);
    context.reads.push([table, 1]);
    if (columnNames) throw unsupported("column aliases of a table");
    return scopeTableOf(table, alias ?? name, place);
  }
  if (from.type === "statement") {
    const inner = analyze(from.statement, context, named, analysis);
    return virtualTable(
      from.alias,
      place,
      inner,
      from.columnNames?.map((column) => column.name),
    );
  }
  throw unsupported("functions in FROM");
}

function virtualTable(
  alias: string,
  place: number,
  columns: readonly GeneralColumn[],
  names: readonly string[] = [],
): ScopeTable {
  return {
    alias,
    place,
    columns: columns.map(({ name, type }, index) => ({ name: names[index] ?? name, type, index })),
  };
}

/** Output names may be used in GROUP BY; the expression they stand for goes in their place. */
export function resolveGroup(node: SelectFromStatement, key: Expr, scope: readonly ScopeTable[]): Expr {
  const columns = node.columns ?? [];
  if (key.type === "integer") return columns[key.value - 1]?.expr ?? key;
  if (key.type !== "ref" || key.table !== undefined) return key;
  const isColumn = scope.some((table) => table.columns.some((column) => column.name === key.name));
  return isColumn ? key : (columns.find((column) => columnName(column) === key.name)?.expr ?? key);
}

function sameRef(a: Expr, b: Expr, scope: readonly ScopeTable[]): boolean {
  if (a.type !== "ref" || b.type !== "ref" || a.name !== b.name)
    return JSON.stringify(a) === JSON.stringify(b);
  const owner = (ref: Expr & { type: "ref" }): string | undefined =>
    ref.table?.name ?? scope.find((table) => table.columns.some((column) => column.name === ref.name))?.alias;
  return owner(a) === owner(b);
}

/** Columns outside of aggregates must be grouped by. */
function requireGrouped(expression: Expr, keys: readonly Expr[], scope: readonly ScopeTable[]): void {
  if (keys.some((key) => sameRef(key, expression, scope))) return;
  if (expression.type === "ref" && expression.name !== "*") {
    const table =
      expression.table?.name ??
      scope.find((one) => one.columns.some((column) => column.name === expression.name))?.alias;
    throw new DatabaseError(
      "42803",
      `column "${table ?? ""}.${expression.name}" must appear in the GROUP BY clause or be used in an aggregate function`,
    );
  }
  if (expression.type === "call" && ["count", "sum", "min", "max"].includes(expression.function.name)) return;
  for (const value of Object.values(expression)) {
    for (const part of Array.isArray(value) ? value : [value]) {
      if (part !== null && typeof part === "object" && "type" in part)
        requireGrouped(part as Expr, keys, scope);
    }
  }
}

/** @returns The tables in scope of a `SELECT`. */
export function scopeOf(
  node: SelectFromStatement,
  context: CompileContext,
  named: Named,
  analysis: Analysis,
): ScopeTable[] {
  const scope: ScopeTable[] = [];
  for (const from of node.from ?? []) {
    scope.push(sourceOf(from, context, named, analysis));
    const { join } = from;
    if (join === null || join === undefined) {
      if (scope.length > 1) throw unsupported("joins written with a comma");
      continue;
    }
    if (join.using || join.type === "CROSS JOIN" || join.type === "FULL JOIN" || join.type === "RIGHT JOIN")
      throw unsupported(join.using ? "JOIN ... USING" : join.type);
    if (join.on)
      asCondition(
        compile(join.on, { ...context, scope: { tables: scope, outer: null } }),
        boolType,
        "JOIN/ON",
      );
  }
  return scope;
}

function analyzeSelect(
  node: SelectFromStatement,
  context: CompileContext,
  named: Named,
  analysis: Analysis,
): GeneralColumn[] {
  if (Array.isArray(node.distinct)) throw unsupported("DISTINCT ON");
  const tables = scopeOf(node, context, named, analysis);
  const scope = { tables, outer: null };
  const inner: CompileContext = { ...context, scope, aggregates: null };
  if (node.where) asCondition(compile(node.where, inner), boolType, "WHERE");
  const aggregates: Aggregate[] = [];
  const outer: CompileContext = { ...inner, aggregates };
  const ids = new Map(
    tables.map((table) => [
      table.place,
      [...analysis.tables].find((one) => one.name === table.relation)?.id ?? 0,
    ]),
  );
  const outputs = compileOutputs(node.columns ?? [], outer, ids);
  const keys = (node.groupBy ?? []).map((key) => resolveGroup(node, key, tables));
  for (const key of keys) settle(compile(key, inner));
  const { having } = node as { having?: Expr | null };
  if (having) asCondition(compile(having, outer), boolType, "HAVING");
  if (keys.length > 0 || aggregates.length > 0)
    for (const output of outputs) requireGrouped(output.expression, keys, tables);
  for (const { value, column } of outputs) {
    if (!columnTypes.has(value.type.oid))
      throw unsupported(`the type ${value.type.name} of ${column.name} in a query of several tables`);
  }
  return outputs.map((output) => output.column);
}

function analyzeValues(rows: readonly Expr[][], context: CompileContext): GeneralColumn[] {
  const [first = []] = rows;
  return first.map((_, index) => {
    const cells = unify(
      rows.map((row) => compile(row[index] ?? { type: "null" }, context)),
      "VALUES",
    );
    const type = cells[0]?.type ?? boolType;
    return { name: `column${index + 1}`, type, tableId: 0, column: 0 };
  });
}

/** @throws DatabaseError for wrong SQL; SimError for what is not simulated. */
export function analyze(
  node: SelectStatement,
  context: CompileContext,
  named: Named = new Map(),
  analysis: Analysis = { columns: [], tables: new Set() },
): GeneralColumn[] {
  switch (node.type) {
    case "select":
      return analyzeSelect(node, context, named, analysis);
    case "values":
      return analyzeValues(node.values, context);
    case "union":
    case "union all": {
      const left = analyze(node.left, context, named, analysis);
      const right = analyze(node.right, context, named, analysis);
      if (left.length !== right.length)
        throw new DatabaseError("42601", "each UNION query must have the same number of columns");
      return left.map((column, index) => {
        const other = right[index]?.type ?? column.type;
        const type = commonType(column.type, other);
        if (type === null)
          throw new DatabaseError(
            "42804",
            `UNION types ${column.type.name} and ${other.name} cannot be matched`,
          );
        return Object.assign(column, {
          type,
          tableId: 0,
          column: 0,
        });
      });
    }
    case "with": {
      const shared = new Map(named);
      for (const { alias, statement } of node.bind) {
        if (!isQuery(statement.type)) throw unsupported("WITH a statement that changes rows");
        shared.set(alias.name, analyze(statement as SelectStatement, context, shared, analysis));
      }
      if (!isQuery(node.in.type)) throw unsupported("WITH before a statement that changes rows");
      return analyze(node.in as SelectStatement, context, shared, analysis);
    }
    case "with recursive":
    default:
      throw unsupported(`the query ${node.type}`);
  }
}

function isQuery(type: string): boolean {
  return ["select", "values", "union", "union all", "with"].includes(type);
}

/** @returns Columns and tables of a query that pg-mem is to run. */
export function analyzeGeneral(node: SelectStatement, context: CompileContext): Analysis {
  refuseLies(node);
  const tables = new Set<TableDef>();
  const columns = analyze(node, { ...context, subquery: null }, new Map(), { columns: [], tables });
  for (const table of tables) {
    for (const column of table.columns) {
      if (!column.dropped && column.type.category === "enum")
        throw unsupported(`the enum ${column.type.name} in a query of several tables`);
    }
  }
  return { columns, tables };
}
