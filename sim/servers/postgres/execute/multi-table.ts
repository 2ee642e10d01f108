/** Queries beyond one table: joins, groups, unions, derived tables, WITH. pg-mem runs them, see mirror.ts. */
import type {
  Expr,
  From,
  OrderByStatement,
  SelectFromStatement,
  SelectStatement,
  Statement,
} from "pgsql-ast-parser";

import type { Catalog, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { asCondition, commonType, settle, tryCoerce, unify } from "./coerce.js";
import { compile } from "./compile.js";
import {
  createEvaluationContext,
  missingTable,
  runAtOnce,
  unsupported,
  type Aggregate,
  type CompileContext,
  type CompiledSubquery,
  type EvaluationContext,
  type Plan,
  type ScopeTable,
} from "./execution-context.js";
import { columnName, compileOutputs } from "./output.js";
import { scopeTableOf } from "./scan.js";
import { selected } from "./select.js";
import { walkTree } from "../sql/parse.js";
import { boolType, int8Type, textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { fromMirror } from "./pg-mem.js";

// Prepares a tree for pg-mem: table names become those of the mirror, parameters and literals become constants.

type Node = Record<string, unknown>;

/** A constant as pg-mem's parser would have made it. */
function constant(value: Value, type: PgType): Node {
  if (value === null) return { type: "null" };
  if (typeof value === "boolean") return { type: "boolean", value };
  if (typeof value === "bigint" || (typeof value === "number" && type.category === "number")) {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) return { type: "numeric", value: number };
    return { type: "integer", value: number };
  }
  return { type: "string", value: type.print(value) };
}

function plainNumber(text: string): Node {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw unsupported(`the number ${text} in a query of several tables`);
  return { type: "integer", value };
}

/** Copies a tree, handing each node to `change` first; a node it returns takes the place. */
function copy(node: unknown, change: (node: Node) => Node | null): unknown {
  if (Array.isArray(node)) return node.map((item) => copy(item, change));
  if (node === null || typeof node !== "object") return node;
  const record = node as Node;
  const changed = change(record);
  if (changed !== null) return changed;
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, copy(value, change)]));
}

/** @returns A function from parameter values to the tree to run; without parameters always the same tree. */
function bindTree(
  root: unknown,
  catalog: Catalog,
  types: ReadonlyArray<PgType | undefined>,
): (parameters: readonly Value[]) => unknown {
  const shared = new Set<string>();
  const collect = (node: unknown): void => {
    if (node === null || typeof node !== "object") return;
    const record = node as Node;
    if (record["type"] === "with")
      for (const { alias } of record["bind"] as Array<{ alias: { name: string } }>) shared.add(alias.name);
    for (const value of Object.values(record)) collect(value);
  };
  collect(root);
  let hasParameters = false;
  const mirrored = copy(root, (node) => {
    if (node["type"] === "parameter") hasParameters = true;
    if (node["type"] === "numeric") return plainNumber(String(node["value"]));
    if (node["type"] !== "table") return null;
    const name = node["name"] as { name: string; alias?: string };
    const table = shared.has(name.name) ? undefined : catalog.tables.get(name.name);
    if (table === undefined) return null;
    const join = node["join"] === undefined ? {} : { join: bindJoin(node["join"]) };
    return { type: "table", name: { name: `t${table.id}`, alias: name.alias ?? name.name }, ...join };
  });
  function bindJoin(join: unknown): unknown {
    return copy(join, (node) => {
      if (node["type"] === "parameter") hasParameters = true;
      return node["type"] === "numeric" ? plainNumber(String(node["value"])) : null;
    });
  }
  if (!hasParameters) return () => mirrored;
  return (parameters) =>
    copy(mirrored, (node) => {
      if (node["type"] !== "parameter") return null;
      const index = Number(String(node["name"]).slice(1)) - 1;
      return constant(parameters[index] ?? null, types[index] ?? textType);
    });
}

// What pg-mem is known to get wrong, and is therefore never asked.

/** Operators and functions on which pg-mem agrees with PostgreSQL for the types allowed. */
const operators = new Set([
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "AND",
  "OR",
  "IN",
  "NOT IN",
  "+",
  "-",
  "*",
  "LIKE",
  "NOT LIKE",
  "||",
]);

const functions = new Set(["count", "sum", "min", "max", "coalesce", "lower", "upper"]);

const columnTypes = new Set([16, 21, 23, 20, 701, 25, 1043, 2950, 1184, 1114, 3802]);

function refuseLies(node: SelectStatement): void {
  walkTree(node, (part) => {
    const type = part["type"];
    if (type === "binary" && !operators.has(String(part["op"])))
      throw unsupported(`the operator ${String(part["op"])} in a query of several tables`);
    if (type === "call") {
      const { name } = part["function"] as { name: string };
      if (!functions.has(name)) throw unsupported(`the function ${name} in a query of several tables`);
      if (part["filter"]) throw unsupported("FILTER in a query of several tables");
    }
    if (
      type === "case" ||
      type === "cast" ||
      type === "member" ||
      type === "keyword" ||
      type === "arrayIndex"
    ) {
      throw unsupported(`${type} expressions in a query of several tables`);
    }
    if (part["for"] !== undefined && type === "select")
      throw unsupported("row locks in a query of several tables");
  });
}

// The columns and types of a general query, and the types of its parameters.
//
// Types come from the same rules as everywhere else; only the running is left to pg-mem. What those rules do not
// know, or what pg-mem is known to get wrong, is refused here.

interface GeneralColumn {
  readonly name: string;
  readonly type: PgType;
  readonly tableId: number;
  readonly column: number;
}

interface Analysis {
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
function resolveGroup(node: SelectFromStatement, key: Expr, scope: readonly ScopeTable[]): Expr {
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
function scopeOf(
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
function analyze(
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
function analyzeGeneral(node: SelectStatement, context: CompileContext): Analysis {
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

interface Query {
  readonly analysis: Analysis;
  rows(env: EvaluationContext): Row[];
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

function countOf(
  node: Expr | null | undefined,
  context: CompileContext,
): (env: EvaluationContext) => number | null {
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
    selected(columns, rows(createEvaluationContext(execution, parameters)));
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
