/** `SELECT` from at most one table. Joins, groups, unions and the like are run by pg-mem, see ../general. */
import type { TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { lockModes } from "../locks/lock-manager.js";
import type { Expr, OrderBy, Select } from "../sql/ast.js";
import type { RowLockMode, Tuple } from "../storage/heap.js";
import { boolType, int8Type } from "../types/builtin.js";
import type { Row, Value } from "../types/value.js";
import { asCondition, settle, tryCoerce } from "./coerce.js";
import { compile } from "./compile.js";
import {
  missingTable,
  unsupported,
  type Aggregate,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type ExecutionContext,
  type Outcome,
  type OutputColumn,
  type Run,
} from "./execution-context.js";
import { compileOutputs, type Output } from "./output.js";
import { lockRow, type WaitPolicy } from "./row-lock.js";
import { compileScan, scopeTableOf, type Scan } from "./scan.js";

// `ORDER BY`: what rows are sorted by, and how two of them compare.

interface SortKey {
  readonly value: Compiled;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

function compileOrder(
  order: readonly OrderBy[],
  outputs: readonly Output[],
  context: CompileContext,
): SortKey[] {
  return order.map(({ by, descending, nulls }) => {
    const value = settle(orderValue(by, outputs, context));
    if (value.type.category === "json") {
      throw new DatabaseError("42883", `could not identify an ordering operator for type ${value.type.name}`);
    }
    return { value, descending, nullsFirst: nulls === undefined ? descending : nulls === "first" };
  });
}

// A bare name means an output column first; a bare number its place.
function orderValue(by: Expr, outputs: readonly Output[], context: CompileContext): Compiled {
  if (by.type === "number") {
    const output = outputs[Number(by.value) - 1];
    if (output === undefined)
      throw new DatabaseError("42P10", `ORDER BY position ${by.value} is not in select list`);
    return output.value;
  }
  if (by.type === "ref" && by.table === undefined) {
    const output = outputs.find((candidate) => candidate.column.name === by.name);
    if (output !== undefined) return output.value;
  }
  return compile(by, context);
}

function compareKeys(keys: readonly SortKey[], a: readonly Value[], b: readonly Value[]): number {
  for (const [index, key] of keys.entries()) {
    const left = a[index] ?? null;
    const right = b[index] ?? null;
    if (left === null || right === null) {
      if (left === right) continue;
      return (left === null) === key.nullsFirst ? -1 : 1;
    }
    const order = key.value.type.compare(left, right);
    if (order !== 0) return key.descending ? -order : order;
  }
  return 0;
}

export interface CompiledSelect {
  readonly columns: readonly OutputColumn[];
  readonly table: TableDef | null;
  readonly tableMode: number;
  readonly locking: RowLockMode | null;
  /** Rows without taking locks. */
  rows(env: EvaluationContext): Row[];
  /** Rows, locking each if the statement says so. */
  runLocked(execution: ExecutionContext, env: EvaluationContext): Run<Row[]>;
}

/** Whether {@link compileSelect} can run it. */
export function isSimpleSelect(node: Select): boolean {
  const [source] = node.from;
  if (node.from.length > 1 || typeof node.distinct !== "string" || node.with !== undefined) return false;
  if (node.groupBy.length > 0 || node.having !== undefined || node.windows.length > 0) return false;
  return source === undefined || (source.type === "table" && source.alias?.columns === undefined);
}

function compileCount(
  node: Expr | null | undefined,
  name: string,
  context: CompileContext,
): (env: EvaluationContext) => number | null {
  if (node === null || node === undefined) return () => null;
  const value = tryCoerce(compile(node, context), int8Type, "implicit");
  if (value === null) throw new DatabaseError("42804", `argument of ${name} must be type bigint`);
  return (env) => {
    const count = value.run(env) as bigint | null;
    if (count !== null && count < 0n) {
      throw new DatabaseError(name === "LIMIT" ? "2201W" : "2201X", `${name} must not be negative`);
    }
    return count === null ? null : Number(count);
  };
}

interface Prepared {
  readonly sort: Value[];
  readonly output: Row;
  readonly tuple: Tuple | null;
}

/** @throws DatabaseError for wrong SQL; SimError for what is not simulated. */
export function compileSelect(node: Select, context: CompileContext): CompiledSelect {
  const [source] = node.from;
  let table: TableDef | null = null;
  let inner: CompileContext = { ...context, scope: { tables: [], outer: context.scope }, aggregates: null };
  let scan: Scan | null = null;
  if (source !== undefined) {
    if (source.type !== "table") throw unsupported(`FROM ${source.type}`);
    const { name, schema } = source.table;
    table = context.catalog.tables.get(name) ?? null;
    if (schema !== undefined && schema !== "public") throw unsupported(`the schema ${schema}`);
    if (table === null) throw missingTable(name);
    const place = context.places.count;
    context.places.count += 1;
    const scopeTable = scopeTableOf(table, source.alias?.name ?? name, place);
    inner = { ...inner, scope: { tables: [scopeTable], outer: context.scope } };
    scan = compileScan(table, scopeTable, node.where, inner);
  }
  const aggregates: Aggregate[] = [];
  const outer: CompileContext = { ...inner, aggregates };
  const outputs = compileOutputs(
    node.targets,
    outer,
    new Map(scan === null || table === null ? [] : [[scan.place, table.id]]),
  );
  const keys = compileOrder(node.orderBy, outputs, outer);
  if (aggregates.length > 0) requireGrouped(outputs, scan);
  const lock = node.locking[0]?.strength ?? null;
  if (lock !== null && (aggregates.length > 0 || node.distinct === "distinct")) {
    throw new DatabaseError(
      "0A000",
      `FOR ${lock.toUpperCase()} is not allowed with ${aggregates.length > 0 ? "aggregate functions" : "DISTINCT clause"}`,
    );
  }
  return buildSelect({ node, table, scan, aggregates, outputs, keys, inner });
}

/** Without GROUP BY, a column outside an aggregate has no single value. */
function requireGrouped(outputs: readonly Output[], scan: Scan | null): void {
  const bare = outputs.find(({ expression }) => expression.type === "ref");
  if (bare === undefined || scan === null || bare.expression.type !== "ref") return;
  const name = `${bare.expression.table?.name ?? scan.table.name}.${bare.expression.name}`;
  throw new DatabaseError(
    "42803",
    `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
  );
}

interface Parts {
  readonly node: Select;
  readonly table: TableDef | null;
  readonly scan: Scan | null;
  readonly aggregates: readonly Aggregate[];
  readonly outputs: readonly Output[];
  readonly keys: readonly SortKey[];
  readonly inner: CompileContext;
}

function buildSelect({ node, table, scan, aggregates, outputs, keys, inner }: Parts): CompiledSelect {
  const limitOf = compileCount(node.limit, "LIMIT", inner);
  const offsetOf = compileCount(node.offset, "OFFSET", inner);
  const bare =
    scan === null && node.where !== undefined
      ? asCondition(compile(node.where, inner), boolType, "WHERE")
      : null;
  const values = outputs.map((output) => output.value);
  const prepare = (env: EvaluationContext, tuple: Tuple | null): Prepared => ({
    output: values.map((value) => value.run(env)),
    sort: keys.map((key) => key.value.run(env)),
    tuple,
  });

  const cut = <T>(items: T[], env: EvaluationContext): T[] => {
    const offset = offsetOf(env) ?? 0;
    const limit = limitOf(env);
    if (offset === 0 && limit === null) return items;
    return items.slice(offset, limit === null ? undefined : offset + limit);
  };

  const aggregate = (env: EvaluationContext): Prepared[] => {
    const states = aggregates.map((one) => one.start());
    if (scan === null) {
      if (bare === null || bare.run(env) === true) for (const state of states) state.add(env);
    } else {
      for (const tuple of scan.tuples(env)) {
        void tuple;
        for (const state of states) state.add(env);
      }
    }
    env.aggregates = states.map((state) => state.result());
    return [prepare(env, null)];
  };

  const distinct = (items: Prepared[]): Prepared[] => {
    if (node.distinct !== "distinct") return items;
    const seen = new Set<string>();
    return items.filter(({ output }) => {
      const key = outputs
        .map(({ value }, index) => {
          const item = output[index] ?? null;
          return item === null
            ? "n"
            : `v${String(value.type.key(item)).length}:${String(value.type.key(item))}`;
        })
        .join("");
      return !seen.has(key) && seen.add(key) !== undefined;
    });
  };

  const collect = (env: EvaluationContext): Prepared[] => {
    if (aggregates.length > 0) return aggregate(env);
    if (scan === null) return bare === null || bare.run(env) === true ? [prepare(env, null)] : [];
    const items: Prepared[] = [];
    // Without an order the first rows are as good as any, so stop early.
    const enough =
      keys.length === 0 && node.distinct !== "distinct" ? stopAfter(limitOf(env), offsetOf(env)) : Infinity;
    if (enough === 0) return items;
    for (const tuple of scan.tuples(env)) {
      items.push(prepare(env, tuple));
      if (items.length >= enough) break;
    }
    return items;
  };

  const sorted = (items: Prepared[]): Prepared[] =>
    keys.length === 0 ? items : items.sort((a, b) => compareKeys(keys, a.sort, b.sort));

  const rows = (env: EvaluationContext): Row[] =>
    cut(sorted(distinct(collect(env))), env).map((item) => item.output);
  const locking = node.locking[0]?.strength ?? null;
  return {
    columns: outputs.map((output) => output.column),
    table,
    tableMode: locking === null ? lockModes.accessShare : lockModes.rowShare,
    locking: table === null ? null : locking,
    rows,
    *runLocked(execution, env) {
      if (locking === null || scan === null) return rows(env);
      return yield* lockEach({
        execution,
        env,
        scan,
        mode: locking,
        policy: policyOf(node),
        keys,
        prepare,
        limit: limitOf(env),
        offset: offsetOf(env) ?? 0,
      });
    },
  };
}

function stopAfter(limit: number | null, offset: number | null): number {
  return limit === null ? Infinity : limit + (offset ?? 0);
}

function policyOf(node: Select): WaitPolicy {
  return node.locking[0]?.wait ?? "wait";
}

interface LockParts {
  readonly execution: ExecutionContext;
  readonly env: EvaluationContext;
  readonly scan: Scan;
  readonly mode: RowLockMode;
  readonly policy: WaitPolicy;
  readonly keys: readonly SortKey[];
  readonly prepare: (env: EvaluationContext, tuple: Tuple | null) => Prepared;
  readonly limit: number | null;
  readonly offset: number;
}

/** Sorts first, then locks row by row until the limit is full, as PostgreSQL does. */
function* lockEach({
  execution,
  env,
  scan,
  mode,
  policy,
  keys,
  prepare,
  limit,
  offset,
}: LockParts): Run<Row[]> {
  const candidates: Array<{ tuple: Tuple; sort: Value[] }> = [];
  for (const tuple of scan.tuples(env))
    candidates.push({ tuple, sort: keys.map((key) => key.value.run(env)) });
  if (keys.length > 0) candidates.sort((a, b) => compareKeys(keys, a.sort, b.sort));
  const outputs: Row[] = [];
  const enough = stopAfter(limit, offset);
  for (const { tuple } of candidates) {
    if (outputs.length >= enough) break;
    const result = yield* lockRow(execution, tuple, mode, policy, true, scan.table.name);
    if (result.kind !== "locked" || (result.moved && !scan.accepts(env, result.tuple))) continue;
    scan.accepts(env, result.tuple);
    outputs.push(prepare(env, result.tuple).output);
  }
  return outputs.slice(offset);
}

/** The outcome of a query that returned those rows. */
export function selected(columns: readonly OutputColumn[], rows: readonly Row[]): Outcome {
  return { tag: `SELECT ${rows.length}`, rowCount: rows.length, columns, rows };
}
