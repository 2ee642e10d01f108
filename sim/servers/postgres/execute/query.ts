/** Queries: SELECT, VALUES, set operations and WITH, over what FROM gives. */
import type { TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { lockModes } from "../locks/lock-manager.js";
import type {
  Expr,
  LockingClause,
  Query,
  QueryStatement,
  Select,
  SetOperation,
  Values,
  WindowDefinition,
  With,
} from "../sql/ast.js";
import { boolType, int8Type, textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { asCondition, commonType, settle, tryCoerce, unify } from "./coerce.js";
import { putCombination, takeCombination, type Combination, type RowState } from "./combination.js";
import {
  compile,
  unsupported,
  type Aggregate,
  type CommonTableSource,
  type CompileContext,
  type Compiled,
  type CompiledSubquery,
  type EvaluationContext,
  type ExecutionContext,
  type Outcome,
  type OutputColumn,
  type Run,
  type Scope,
  type SortKey,
  type WindowCall,
} from "./execution-context.js";

import { compileFrom, type CompiledFrom } from "./from.js";
import { compileGroups, type Groups } from "./group.js";
import { compileOutputs, type Output } from "./output.js";
import { lockRow } from "./row-lock.js";
import { compareKeys, compileSortKeys } from "./sort.js";
import { withMissing } from "./scan.js";
import { isSetReturning, type SetReturning } from "./set-functions.js";
import { computeWindows } from "./windows.js";

export interface CompiledQuery {
  readonly columns: readonly OutputColumn[];
  /** Whether it reads nothing of a query around it. */
  readonly constant: boolean;
  /** How messages call what it locks rows for: `SELECT FOR UPDATE`; null when it takes no row locks. */
  readonly locking: string | null;
  rows(env: EvaluationContext): readonly Row[];
  /** Waits where it must: for row locks, and for functions such as `pg_sleep`. Null when it never does. */
  readonly run: ((execution: ExecutionContext, env: EvaluationContext) => Run<readonly Row[]>) | null;
}

/** A query whose literals without a type have not been given one yet. */
interface Prepared {
  readonly types: readonly PgType[];
  /** @param wanted - Types for the columns; null to settle what has none as text. */
  build(wanted: readonly (PgType | undefined)[] | null): Omit<CompiledQuery, "constant">;
}

// Sorting and cutting.

type Count = (env: EvaluationContext) => number | null;

function compileCount(node: Expr | undefined, name: "LIMIT" | "OFFSET", context: CompileContext): Count {
  if (node === undefined) return () => null;
  const noted = new Set<number>();
  const value = tryCoerce(
    compile(node, { ...context, noted, scope: { tables: [], outer: context.scope } }),
    int8Type,
    "assignment",
  );
  if (value === null) throw new DatabaseError("42804", `argument of ${name} must be type bigint`);
  return (env) => {
    const count = value.run(env) as bigint | null;
    if (count !== null && count < 0n) {
      throw new DatabaseError(name === "LIMIT" ? "2201W" : "2201X", `${name} must not be negative`);
    }
    return count === null ? null : Number(count);
  };
}

/** A primitive that is the same exactly for equal rows. */
function rowKey(types: readonly PgType[], row: readonly Value[]): string {
  let key = "";
  for (const [index, type] of types.entries()) {
    const value = row[index] ?? null;
    if (value === null) key += "n";
    else {
      const text = String(type.key(value));
      key += `v${text.length}:${text}`;
    }
  }
  return key;
}

function requireEquality(types: readonly PgType[]): void {
  const type = types.find(({ name }) => name === "json");
  if (type !== undefined)
    throw new DatabaseError("42883", `could not identify an equality operator for type ${type.name}`);
}

// SELECT.

/** One row on its way: its outputs, and what it is sorted by. */
interface Item {
  readonly output: Row;
  readonly sort: readonly Value[];
  readonly distinct: readonly Value[];
}

function prepareSelect(node: Select, base: CompileContext): Prepared {
  const from = compileFrom(node.from, node.where, base);
  const aggregates: Aggregate[] = [];
  const windows: WindowCall[] = [];
  const windowNames = new Map(
    node.windows.map((window): [string, WindowDefinition] => [window.name ?? "", window]),
  );
  const plain: CompileContext = {
    ...base,
    scope: from.scope,
    aggregates: null,
    windows: null,
    grouping: null,
    windowNames,
  };
  const groups = compileGroups(node, plain, from);
  const inner: CompileContext = { ...plain, aggregates, grouping: groups.grouping, clause: "SELECT" };
  const having =
    node.having === undefined
      ? null
      : asCondition(compile(node.having, { ...inner, clause: "HAVING" }), boolType, "HAVING");
  const outer: CompileContext = { ...inner, windows };
  // Columns outside aggregates are wrong once there is one, and only compiling tells whether there is.
  const compileAll = (context: CompileContext): { outputs: Output[]; values: (by: Expr) => Compiled } => {
    const outputs = compileOutputs(node.targets, context, from.tableIds);
    return { outputs, values: (by) => orderValue(by, outputs, context) };
  };
  let compiled = compileAll(outer);
  if (groups.grouping === null && (aggregates.length > 0 || having !== null)) {
    aggregates.length = 0;
    windows.length = 0;
    const whole: CompileContext = { ...outer, grouping: groups.whole };
    if (node.having !== undefined) compile(node.having, { ...whole, windows: null, clause: "HAVING" });
    aggregates.length = 0;
    const strictHaving =
      node.having === undefined
        ? null
        : asCondition(
            compile(node.having, { ...whole, windows: null, clause: "HAVING" }),
            boolType,
            "HAVING",
          );
    compiled = compileAll(whole);
    return finishSelect({
      node,
      from,
      groups,
      aggregates,
      windows,
      having: strictHaving,
      outputs: compiled.outputs,
      context: whole,
    });
  }
  return finishSelect({
    node,
    from,
    groups,
    aggregates,
    windows,
    having,
    outputs: compiled.outputs,
    context: outer,
  });
}

// A bare name means an output column first; a bare number its place.
function orderValue(by: Expr, outputs: readonly Output[], context: CompileContext): Compiled {
  if (by.type === "number" && /^\d+$/.test(by.value)) {
    const output = outputs[Number(by.value) - 1];
    if (output === undefined) {
      throw placed(new DatabaseError("42P10", `ORDER BY position ${by.value} is not in select list`), by.at);
    }
    return output.value;
  }
  if (by.type === "string" || by.type === "null" || by.type === "boolean") {
    if (by.type !== "null")
      throw placed(new DatabaseError("42601", "non-integer constant in ORDER BY"), by.at);
  }
  if (by.type === "ref" && by.table === undefined) {
    const named = outputs.filter((candidate) => candidate.column.name === by.name);
    const [first, ...others] = named;
    const isOne = others.every(
      (other) => JSON.stringify(other.expression, noPlace) === JSON.stringify(first?.expression, noPlace),
    );
    if (!isOne) throw placed(new DatabaseError("42702", `ORDER BY "${by.name}" is ambiguous`), by.at);
    if (first !== undefined) return first.value;
  }
  return compile(by, context);
}

function noPlace(key: string, value: unknown): unknown {
  return key === "at" ? undefined : value;
}

function placed(error: DatabaseError, at: number | undefined): DatabaseError {
  if (at !== undefined) error.placeAt(at);
  return error;
}

interface SelectParts {
  readonly node: Select;
  readonly from: CompiledFrom;
  readonly groups: Groups;
  readonly aggregates: readonly Aggregate[];
  readonly windows: readonly WindowCall[];
  readonly having: Compiled | null;
  readonly outputs: readonly Output[];
  readonly context: CompileContext;
}

function finishSelect(parts: SelectParts): Prepared {
  const { node, outputs, context } = parts;
  const isGrouped = parts.groups.grouping !== null || parts.aggregates.length > 0 || parts.having !== null;
  checkLocking(node, isGrouped, parts.windows.length > 0);
  const limit = compileCount(node.limit, "LIMIT", context);
  const offset = compileCount(node.offset, "OFFSET", context);
  const literalKeys = node.orderBy;
  return {
    types: outputs.map(({ value }) => value.type),
    build(wanted) {
      const settled = outputs.map((output, index): Output => {
        const type = wanted?.[index];
        const value =
          type === undefined
            ? settle(output.value)
            : (tryCoerce(output.value, type, "implicit") ?? settle(output.value));
        return { ...output, value, column: { ...output.column, type: value.type } };
      });
      const keys = compileSortKeys(literalKeys, (by) => orderValue(by, settled, context));
      const on =
        typeof node.distinct === "string"
          ? null
          : node.distinct.map((expr) => settle(orderValue(expr, settled, context)));
      if (node.distinct !== "all")
        requireEquality((on ?? settled.map(({ value }) => value)).map(({ type }) => type));
      checkDistinct(node, settled, keys, on);
      return buildSelect({ ...parts, outputs: settled, keys, on, limit, offset, isGrouped });
    },
  };
}

function checkDistinct(
  node: Select,
  outputs: readonly Output[],
  keys: readonly SortKey[],
  on: readonly Compiled[] | null,
): void {
  const print = (expr: Expr): string => JSON.stringify(expr, noPlace);
  if (node.distinct === "distinct") {
    for (const [index, { by }] of node.orderBy.entries()) {
      const isListed = outputs.some(
        ({ value, expression }) => value === keys[index]?.value || print(expression) === print(by),
      );
      if (!isListed) {
        throw placed(
          new DatabaseError("42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list"),
          by.at,
        );
      }
    }
  }
  if (on === null || typeof node.distinct === "string") return;
  const wanted = new Set(node.distinct.map((expr, index) => keyText(expr, on[index], outputs)));
  for (const [index, { by }] of node.orderBy.slice(0, wanted.size).entries()) {
    if (wanted.has(keyText(by, keys[index]?.value, outputs))) continue;
    throw placed(
      new DatabaseError("42P10", "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"),
      node.distinct[0]?.at,
    );
  }
}

/** An output column is the same however it is named. */
function keyText(expr: Expr, value: Compiled | undefined, outputs: readonly Output[]): string {
  const output = outputs.find((one) => one.value === value);
  const unqualified = output?.expression ?? expr;
  return JSON.stringify(unqualified, (key, inner: unknown) =>
    key === "at" || key === "table" ? undefined : inner,
  );
}

function checkLocking(node: Select, isGrouped: boolean, isWindowed: boolean): void {
  const [clause] = node.locking;
  if (clause === undefined) return;
  const what =
    node.distinct === "all"
      ? node.groupBy.length > 0
        ? "GROUP BY clause"
        : node.having === undefined
          ? isGrouped
            ? "aggregate functions"
            : isWindowed
              ? "window functions"
              : null
          : "HAVING clause"
      : "DISTINCT clause";
  if (what !== null) {
    throw new DatabaseError("0A000", `FOR ${clause.strength.toUpperCase()} is not allowed with ${what}`);
  }
}

interface BuildParts extends SelectParts {
  readonly keys: readonly SortKey[];
  /** Of `DISTINCT ON`. */
  readonly on: readonly Compiled[] | null;
  readonly limit: Count;
  readonly offset: Count;
  readonly isGrouped: boolean;
}

function buildSelect(parts: BuildParts): Omit<CompiledQuery, "constant"> {
  const { node, from, outputs, keys, on } = parts;
  const values = outputs.map(({ value }) => value);
  const types = values.map(({ type }) => type);
  const sets = values.map((value) => (isSetReturning(value) ? value : null));
  const hasSets = sets.some((one) => one !== null);
  const item = (env: EvaluationContext): Item => ({
    output: values.map((value) => value.run(env)),
    sort: keys.map((key) => key.value.run(env)),
    distinct: on === null ? [] : on.map((one) => one.run(env)),
  });
  const emitInto = (env: EvaluationContext, items: Item[]): void => {
    if (hasSets) items.push(...expand(env, values, sets, keys, item));
    else items.push(item(env));
  };
  const isPlain = !parts.isGrouped && parts.windows.length === 0;
  const collect = (env: EvaluationContext, enough: number): Item[] => {
    const items: Item[] = [];
    if (enough === 0) return items;
    if (isPlain) {
      from.each(env, () => {
        emitInto(env, items);
        return items.length >= enough;
      });
      return items;
    }
    let states = parts.isGrouped ? parts.groups.collect(env, parts.aggregates, from) : takeAll(env, from);
    if (parts.having !== null) {
      const { having } = parts;
      states = states.filter((state) => {
        restore(env, from, state);
        return having.run(env) === true;
      });
    }
    if (parts.windows.length > 0)
      states = computeWindows(parts.windows, states, env, (state) => restore(env, from, state));
    for (const state of states) {
      restore(env, from, state);
      emitInto(env, items);
    }
    return items;
  };
  const isUnordered = keys.length === 0 && node.distinct === "all" && isPlain;
  const finish = (items: Item[], env: EvaluationContext): readonly Row[] => {
    let rest = items;
    if (node.distinct === "distinct") rest = unique(rest, (one) => rowKey(types, one.output));
    if (keys.length > 0) rest.sort((a, b) => compareKeys(keys, a.sort, b.sort));
    if (on !== null) {
      const onTypes = on.map(({ type }) => type);
      rest = unique(rest, (one) => rowKey(onTypes, one.distinct));
    }
    return cut(rest, parts, node.withTies === true, env).map(({ output }) => output);
  };
  const rows = (env: EvaluationContext): readonly Row[] => {
    const limit = isUnordered ? parts.limit(env) : null;
    return finish(collect(env, limit === null ? Infinity : limit + (parts.offset(env) ?? 0)), env);
  };
  const columns = outputs.map(({ column }) => column);
  const [clause] = node.locking;
  for (const { table } of clause === undefined ? [] : lockTargets(node, from)) {
    parts.context.reads.push([table, lockModes.rowShare]);
  }
  const waiting = outputs.some(({ value }) => value.runWaiting !== undefined);
  if (clause !== undefined && from.tables.length > 0) {
    return {
      columns,
      locking: `SELECT FOR ${clause.strength.toUpperCase()}`,
      rows,
      run: (execution, env) => lockEach(parts, item, execution, env),
    };
  }
  if (waiting)
    return {
      columns,
      locking: null,
      rows,
      run: (execution, env) => runWaiting(parts, execution, env, finish),
    };
  return { columns, locking: null, rows, run: null };
}

function unique(items: readonly Item[], key: (item: Item) => string): Item[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const text = key(item);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function cut<T extends { readonly sort: readonly Value[] }>(
  items: readonly T[],
  parts: Pick<BuildParts, "limit" | "offset" | "keys">,
  withTies: boolean,
  env: EvaluationContext,
): readonly T[] {
  const offset = parts.offset(env) ?? 0;
  const limit = parts.limit(env);
  if (offset === 0 && limit === null) return items;
  if (limit === null) return items.slice(offset);
  let end = offset + limit;
  const last = items[end - 1];
  if (withTies && last !== undefined && limit > 0) {
    while (end < items.length && compareKeys(parts.keys, items[end]?.sort ?? [], last.sort) === 0) end += 1;
  }
  return items.slice(offset, end);
}

/** Functions that give many rows, in the select list: side by side, the shorter ones ending in nulls. */
function expand(
  env: EvaluationContext,
  values: readonly Compiled[],
  sets: ReadonlyArray<SetReturning | null>,
  keys: readonly SortKey[],
  item: (env: EvaluationContext) => Item,
): Item[] {
  const lists = sets.map((set) => (set === null ? null : [...set.items(env)]));
  const length = Math.max(0, ...lists.map((list) => list?.length ?? 0));
  const isSet = (value: Compiled): number => values.indexOf(value);
  void item;
  return Array.from({ length }, (_, index) => {
    const output = values.map((value, at): Value => {
      const list = lists[at];
      return list === null || list === undefined ? value.run(env) : (list[index] ?? null);
    });
    const sort = keys.map(({ value }) => {
      const at = isSet(value);
      return at >= 0 ? (output[at] ?? null) : value.run(env);
    });
    return { output, sort, distinct: [] };
  });
}

function takeAll(env: EvaluationContext, from: CompiledFrom): RowState[] {
  const states: RowState[] = [];
  from.each(env, () => {
    states.push({
      combination: takeCombination(env, from.places),
      aggregates: [],
      grouped: null,
      windows: [],
    });
    return false;
  });
  return states;
}

function restore(env: EvaluationContext, from: CompiledFrom, state: RowState): void {
  putCombination(env, from.places, state.combination);
  env.aggregates = state.aggregates;
  env.grouped = state.grouped;
  env.windows = state.windows;
}

/** Columns such as `pg_advisory_lock(1)` wait before they have a value. */
function* runWaiting(
  parts: BuildParts,
  execution: ExecutionContext,
  env: EvaluationContext,
  finish: (items: Item[], env: EvaluationContext) => readonly Row[],
): Run<readonly Row[]> {
  if (parts.isGrouped || parts.windows.length > 0)
    throw unsupported("functions that wait in a grouped query");
  const { from, outputs, keys } = parts;
  const items: Item[] = [];
  for (const state of takeAll(env, from)) {
    const output: Value[] = [];
    for (const { value } of outputs) {
      restore(env, from, state);
      output.push(value.runWaiting === undefined ? value.run(env) : yield* value.runWaiting(env, execution));
    }
    restore(env, from, state);
    items.push({ output, sort: keys.map((key) => key.value.run(env)), distinct: [] });
  }
  return finish(items, env);
}

interface LockTarget {
  readonly table: TableDef;
  readonly place: number;
  readonly clause: LockingClause;
}

/** @throws DatabaseError 42P01, 0A000 */
function lockTargets(node: Select, from: CompiledFrom): LockTarget[] {
  return node.locking.flatMap((clause) => {
    for (const name of clause.of) {
      if (from.scope.tables.some(({ alias }) => alias === name)) continue;
      throw new DatabaseError(
        "42P01",
        `relation "${name}" in FOR ${clause.strength.toUpperCase()} clause not found in FROM clause`,
      );
    }
    const wanted = from.tables.filter(({ alias }) => clause.of.length === 0 || clause.of.includes(alias));
    if (wanted.some(({ nullable }) => nullable)) {
      throw new DatabaseError(
        "0A000",
        `FOR ${clause.strength.toUpperCase()} cannot be applied to the nullable side of an outer join`,
      );
    }
    return wanted.map(({ table, place }) => ({ table, place, clause }));
  });
}

/** Sorts first, then locks row by row until the limit is full, as PostgreSQL does. */
function* lockEach(
  parts: BuildParts,
  item: (env: EvaluationContext) => Item,
  execution: ExecutionContext,
  env: EvaluationContext,
): Run<readonly Row[]> {
  const { node, from, keys } = parts;
  const targets = lockTargets(node, from);
  const candidates: Array<{ combination: Combination; sort: Value[] }> = [];
  from.each(env, () => {
    candidates.push({
      combination: takeCombination(env, from.places),
      sort: keys.map((key) => key.value.run(env)),
    });
    return false;
  });
  if (keys.length > 0) candidates.sort((a, b) => compareKeys(keys, a.sort, b.sort));
  const limit = parts.limit(env);
  const offset = parts.offset(env) ?? 0;
  const enough = limit === null ? Infinity : limit + offset;
  const outputs: Row[] = [];
  for (const { combination } of candidates) {
    if (outputs.length >= enough) break;
    putCombination(env, from.places, combination);
    const isTaken = yield* lockCombination(targets, from, execution, env, combination);
    if (isTaken) outputs.push(item(env).output);
  }
  return outputs.slice(offset);
}

function* lockCombination(
  targets: readonly LockTarget[],
  from: CompiledFrom,
  execution: ExecutionContext,
  env: EvaluationContext,
  combination: Combination,
): Run<boolean> {
  let isMoved = false;
  const current = { rows: [...combination.rows], tuples: [...combination.tuples] };
  for (const { table, place, clause } of targets) {
    const at = from.places.indexOf(place);
    const tuple = current.tuples[at] ?? null;
    if (tuple === null) continue;
    const result = yield* lockRow(execution, tuple, clause.strength, clause.wait, true, table.name);
    if (result.kind !== "locked") return false;
    isMoved ||= result.moved;
    current.tuples[at] = result.tuple;
    current.rows[at] = withMissing(table, result.tuple);
  }
  putCombination(env, from.places, current);
  return !isMoved || from.accepts(env);
}

// VALUES.

function prepareValues(node: Values, context: CompileContext): Prepared {
  const inner: CompileContext = {
    ...context,
    scope: { tables: [], outer: context.scope },
    aggregates: null,
    windows: null,
    grouping: null,
    clause: "VALUES",
  };
  const rows = node.rows.map((row) => row.map((item) => compile(item, inner)));
  const width = rows[0]?.length ?? 0;
  const columnsOf = (at: number): Compiled[] => rows.map((row) => row[at] as Compiled);
  const unified = Array.from({ length: width }, (_, at) => commonOf(columnsOf(at), "VALUES"));
  const limit = compileCount(node.limit, "LIMIT", context);
  const offset = compileCount(node.offset, "OFFSET", context);
  return {
    types: unified,
    build(wanted) {
      const types = unified.map((type, at) =>
        type.category === "unknown" ? (wanted?.[at] ?? textType) : (wanted?.[at] ?? type),
      );
      const cells = rows.map((row) => row.map((cell, at) => coerceTo(cell, types[at] ?? cell.type)));
      const columns = types.map((type, at): OutputColumn => ({
        name: `column${at + 1}`,
        type,
        tableId: 0,
        column: 0,
      }));
      const collect = (env: EvaluationContext): Row[] => cells.map((row) => row.map((cell) => cell.run(env)));
      return {
        columns,
        locking: null,
        run: null,
        rows: orderedRows(node, columns, collect, { limit, offset }, context),
      };
    },
  };
}

function coerceTo(cell: Compiled, type: PgType): Compiled {
  return tryCoerce(cell, type, "implicit") ?? tryCoerce(cell, type, "assignment") ?? settle(cell);
}

/** The type that branches have in common; `unknown` when none has one. */
function commonOf(branches: readonly Compiled[], construct: string): PgType {
  const typed = branches.filter((branch) => branch.type.category !== "unknown");
  const [first] = typed;
  if (first === undefined) return branches[0]?.type ?? textType;
  return unify(typed, construct)[0]?.type ?? first.type;
}

/** Orders and cuts rows that are there: of VALUES and of set operations. */
function orderedRows(
  node: Values | SetOperation,
  columns: readonly OutputColumn[],
  collect: (env: EvaluationContext) => readonly Row[],
  counts: { readonly limit: Count; readonly offset: Count },
  context: CompileContext,
): (env: EvaluationContext) => readonly Row[] {
  const place = context.places.count;
  context.places.count += 1;
  const table = {
    alias: "",
    place,
    columns: columns.map(({ name, type }, index) => ({ name, type, index })),
  };
  const scope: Scope = { tables: [table], outer: null };
  const outputs = columns.map((column, index): Output => ({
    column,
    expression: { type: "ref", name: column.name },
    value: { type: column.type, constant: false, run: (env) => env.rows[place]?.[index] ?? null },
  }));
  const keys = compileSortKeys(node.orderBy, (by) => {
    if (by.type !== "ref" && by.type !== "number") {
      throw placed(
        new DatabaseError("0A000", "invalid UNION/INTERSECT/EXCEPT ORDER BY clause", {
          detail: "Only result column names can be used, not expressions or functions.",
          hint: "Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
        }),
        by.at,
      );
    }
    return orderValue(by, outputs, { ...context, scope, aggregates: null, windows: null, grouping: null });
  });
  return (env) => {
    let items = collect(env).map((row) => {
      env.rows[place] = row;
      return { row, sort: keys.map((key) => key.value.run(env)) };
    });
    if (keys.length > 0) items = [...items].sort((a, b) => compareKeys(keys, a.sort, b.sort));

    return cut(items, { ...counts, keys }, node.withTies === true, env).map(({ row }) => row);
  };
}

// UNION, INTERSECT, EXCEPT.

function prepareSetOperation(node: SetOperation, context: CompileContext): Prepared {
  const [clause] = node.locking;
  if (clause !== undefined) {
    throw new DatabaseError(
      "0A000",
      `FOR ${clause.strength.toUpperCase()} is not allowed with UNION/INTERSECT/EXCEPT`,
    );
  }
  const left = prepareQuery(node.left, context);
  const right = prepareQuery(node.right, context);
  const name = node.op.toUpperCase();
  if (left.types.length !== right.types.length) {
    throw new DatabaseError("42601", `each ${name} query must have the same number of columns`);
  }
  const common = left.types.map((type, index): PgType => {
    const other = right.types[index] ?? type;
    if (type.category === "unknown") return other;
    if (other.category === "unknown") return type;
    const found = commonType(type, other);
    if (found === null)
      throw new DatabaseError("42804", `${name} types ${type.name} and ${other.name} cannot be matched`);
    return found;
  });
  const limit = compileCount(node.limit, "LIMIT", context);
  const offset = compileCount(node.offset, "OFFSET", context);
  return {
    types: common,
    build(wanted) {
      const types = common.map((type, index) =>
        type.category === "unknown" ? (wanted?.[index] ?? textType) : (wanted?.[index] ?? type),
      );
      if (!node.all) requireEquality(types);
      const a = left.build(types);
      const b = right.build(types);
      const columns = a.columns.map((column, index): OutputColumn => ({
        name: column.name,
        type: types[index] ?? column.type,
        tableId: 0,
        column: 0,
      }));
      const collect = (env: EvaluationContext): readonly Row[] =>
        combineSets(node, types, a.rows(env), b.rows(env));
      return {
        columns,
        locking: null,
        run: null,
        rows: orderedRows(node, columns, collect, { limit, offset }, context),
      };
    },
  };
}

function combineSets(
  node: SetOperation,
  types: readonly PgType[],
  left: readonly Row[],
  right: readonly Row[],
): readonly Row[] {
  if (node.op === "union") {
    const all = [...left, ...right];
    return node.all ? all : uniqueRows(types, all);
  }
  const counts = new Map<string, number>();
  for (const row of right) {
    const key = rowKey(types, row);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const wanted = node.op === "intersect";
  if (!node.all)
    return uniqueRows(
      types,
      left.filter((row) => counts.has(rowKey(types, row)) === wanted),
    );
  return left.filter((row) => {
    const key = rowKey(types, row);
    const count = counts.get(key) ?? 0;
    if (count > 0) counts.set(key, count - 1);
    return count > 0 === wanted;
  });
}

function uniqueRows(types: readonly PgType[], rows: readonly Row[]): Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = rowKey(types, row);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

// WITH.

/** Compiles an INSERT, UPDATE or DELETE inside WITH. */
export type ChangeCompiler = (
  node: Exclude<QueryStatement, Query>,
  context: CompileContext,
) => {
  readonly columns: readonly OutputColumn[] | null;
  run(execution: ExecutionContext, env: EvaluationContext): Run<Outcome>;
};

/** @returns The context in which the tables of WITH can be named. */
export function withCommonTables(
  clause: With | undefined,
  context: CompileContext,
  changes: ChangeCompiler,
): CompileContext {
  if (clause === undefined) return context;
  let inner = context;
  const names = new Set<string>();
  for (const table of clause.tables) {
    if (names.has(table.name))
      throw placed(
        new DatabaseError("42712", `WITH query name "${table.name}" specified more than once`),
        table.at,
      );
    names.add(table.name);
    const source = compileCommonTable(table, clause.recursive, inner, changes);
    inner = withTable(inner, table.name, source);
  }
  return inner;
}

function withTable(context: CompileContext, name: string, source: CommonTableSource): CompileContext {
  return { ...context, commonTables: new Map([...context.commonTables, [name, source]]) };
}

function compileCommonTable(
  table: With["tables"][number],
  isRecursive: boolean,
  context: CompileContext,
  changes: ChangeCompiler,
): CommonTableSource {
  const { statement } = table;
  const identity = {};
  const named = (columns: readonly OutputColumn[]): CommonTableSource["columns"] => {
    if (table.columns !== undefined && table.columns.length > columns.length) {
      throw placed(
        new DatabaseError(
          "42P10",
          `WITH query "${table.name}" has ${columns.length} columns available but ${table.columns.length} columns specified`,
        ),
        table.at,
      );
    }
    return columns.map(({ name, type }, index) => ({ name: table.columns?.[index] ?? name, type }));
  };
  if (statement.type === "insert" || statement.type === "update" || statement.type === "delete") {
    const change = changes(statement, { ...context, grouping: null, aggregates: null, windows: null });
    context.prelude.push({
      key: identity,
      *run(execution, env) {
        return (yield* change.run(execution, env)).rows;
      },
    });
    return { columns: named(change.columns ?? []), rows: (env) => env.runtime.results.get(identity) ?? [] };
  }
  if (isRecursive && mentions(statement, table.name))
    return compileRecursive(table, statement, context, named);
  const query = compileQuery(statement, context);
  const { run } = query;
  if (run !== null) {
    context.prelude.push({ key: identity, run });
    return { columns: named(query.columns), rows: (env) => env.runtime.results.get(identity) ?? [] };
  }
  return {
    columns: named(query.columns),
    rows: (env) => keepAs(query.constant, env, identity, () => query.rows(env)),
  };
}

/** What depends on nothing around it is the same for the whole statement. */
function keepAs(
  constant: boolean,
  env: EvaluationContext,
  identity: object,
  make: () => readonly Row[],
): readonly Row[] {
  if (!constant) return keep(env, identity, make);
  const known = env.runtime.results.get(identity);
  if (known !== undefined) return known;
  const rows = make();
  env.runtime.results.set(identity, rows);
  return rows;
}

function keep(env: EvaluationContext, identity: object, make: () => readonly Row[]): readonly Row[] {
  const known = env.kept.get(identity) as readonly Row[] | undefined;
  if (known !== undefined) return known;
  const rows = make();
  env.kept.set(identity, rows);
  return rows;
}

function mentions(query: Query, name: string): boolean {
  return JSON.stringify(query).includes(`"table":{"name":${JSON.stringify(name)}}`);
}

/** Rounds after which a recursion is taken for one without an end. */
const roundsMax = 1_000_000;

function compileRecursive(
  table: With["tables"][number],
  statement: Query,
  context: CompileContext,
  named: (columns: readonly OutputColumn[]) => CommonTableSource["columns"],
): CommonTableSource {
  if (statement.type !== "set operation" || statement.op !== "union") {
    throw placed(
      new DatabaseError(
        "42P19",
        `recursive query "${table.name}" does not have the form non-recursive-term UNION [ALL] recursive-term`,
      ),
      table.at,
    );
  }
  if (mentions(statement.left, table.name)) {
    throw placed(
      new DatabaseError(
        "42P19",
        `recursive reference to query "${table.name}" must not appear within its non-recursive term`,
      ),
      table.at,
    );
  }
  const base = compileQuery(statement.left, context);
  const columns = named(base.columns);
  const types = columns.map(({ type }) => type);
  let working: readonly Row[] = [];
  const self: CommonTableSource = { columns, rows: () => working };
  const inner = withTable(context, table.name, self);
  const prepared = prepareQuery(statement.right, inner);
  for (const [index, type] of prepared.types.entries()) {
    const wanted = types[index];
    if (wanted === undefined || type.category === "unknown" || commonType(wanted, type)?.oid === wanted.oid)
      continue;
    throw new DatabaseError(
      "42804",
      `recursive query "${table.name}" column ${index + 1} has type ${wanted.name} in non-recursive term but type ${type.name} overall`,
      { hint: "Cast the output of the non-recursive term to the correct type." },
    );
  }
  const step = prepared.build(types);
  const identity = {};
  const collect = (env: EvaluationContext): readonly Row[] => {
    const seen = new Set<string>();
    const fresh = (rows: readonly Row[]): Row[] =>
      statement.all
        ? [...rows]
        : rows.filter((row) => {
            const key = rowKey(types, row);
            if (seen.has(key)) return false;
            seen.add(key);
            return true;
          });
    const found: Row[] = [];
    let round = fresh(base.rows(env));
    for (let count = 0; round.length > 0; count += 1) {
      if (count > roundsMax) throw unsupported(`a recursion of more than ${roundsMax} rounds`);
      found.push(...round);
      const outer = working;
      const { kept } = env;
      working = round;
      env.kept = new Map();
      try {
        round = fresh(step.rows(env));
      } finally {
        working = outer;
        env.kept = kept;
      }
    }
    return found;
  };
  return { columns, rows: (env) => keep(env, identity, () => collect(env)) };
}

// The whole.

let changeCompiler: ChangeCompiler = () => {
  throw new Error("no compiler of changes");
};

/** Changes of rows hold queries and queries hold them: the one that knows both says how. */
export function setChangeCompiler(compiler: ChangeCompiler): void {
  changeCompiler = compiler;
}

function prepareQuery(node: Query, outer: CompileContext): Prepared {
  const context = withCommonTables(node.with, outer, changeCompiler);
  switch (node.type) {
    case "select":
      return prepareSelect(node, context);
    case "values":
      return prepareValues(node, context);
    case "set operation":
    default:
      return prepareSetOperation(node, context);
  }
}

/**
 * @param wanted - Types that literals without a type take in its columns.
 * @throws DatabaseError for wrong SQL; SimError for what is not simulated.
 */
export function compileQuery(
  node: Query,
  context: CompileContext,
  wanted?: readonly PgType[],
): CompiledQuery {
  const edge = { isCrossed: false };
  const scope: Scope = { tables: [], outer: context.scope, edge };
  const prepared = prepareQuery(node, { ...context, scope, aggregates: null, windows: null, grouping: null });
  const types =
    wanted === undefined
      ? null
      : prepared.types.map((type, index) => (type.category === "unknown" ? wanted[index] : undefined));
  const built = prepared.build(types);
  const constant = !edge.isCrossed;
  if (constant) return { ...built, constant };
  // What depends on the row around it is kept for that row only.
  const rows = (env: EvaluationContext): readonly Row[] => {
    const { kept, aggregates, windows, grouped } = env;
    env.kept = new Map();
    try {
      return built.rows(env);
    } finally {
      env.kept = kept;
      env.aggregates = aggregates;
      env.windows = windows;
      env.grouped = grouped;
    }
  };
  return { ...built, constant, rows };
}

/** Subqueries as expressions and in FROM: run once when they depend on no row around them, else once for each. */
export function compileSubquery(
  node: Query,
  context: CompileContext,
  wanted?: readonly PgType[],
): CompiledSubquery {
  const query = compileQuery(node, context, wanted);
  const types = query.columns.map(({ type }) => type);
  const names = query.columns.map(({ name }) => name);
  const identity = {};
  const { run, constant } = query;
  if (run !== null) {
    if (!constant) throw unsupported("row locks and waits in a subquery that depends on the rows around it");
    context.prelude.push({ key: identity, run });
    return { types, names, constant: true, run: (env) => env.runtime.results.get(identity) ?? [] };
  }
  if (!constant) return { types, names, constant, run: (env) => query.rows(env) };
  return {
    types,
    names,
    constant,
    run(env) {
      const known = env.runtime.results.get(identity);
      if (known !== undefined) return known;
      const { aggregates, windows, grouped } = env;
      const rows = query.rows(env);
      env.aggregates = aggregates;
      env.windows = windows;
      env.grouped = grouped;
      env.runtime.results.set(identity, rows);
      return rows;
    },
  };
}

/** The outcome of a query that returned those rows. */
export function selected(columns: readonly OutputColumn[], rows: readonly Row[]): Outcome {
  return { tag: `SELECT ${rows.length}`, rowCount: rows.length, columns, rows };
}
