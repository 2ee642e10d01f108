/** `FROM`: tables, subqueries and functions, and how they are joined. */
import { lookUp, type TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { lockModes } from "../locks/lock-manager.js";
import type { Alias, Call, Expr, From, FromFunction, Join, QualifiedName } from "../sql/ast.js";
import { boolType, int8Type } from "../types/builtin.js";
import { systemRelation } from "../system-catalog/relations.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { alignSides, asCondition } from "./coerce.js";
import { putCombination, takeCombination, type Combination } from "./combination.js";
import {
  compile,
  emptyScope,
  findTable,
  unsupported,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type Scope,
  type ScopeTable,
  type VisibleColumn,
} from "./execution-context.js";
import { compileScan, conjuncts, scopeTableOf } from "./scan.js";
import { compileTableFunction } from "./set-functions.js";

/** Sets the rows of its places and calls `emit`, until that says to stop. @returns Whether it was stopped. */
type Each = (env: EvaluationContext, emit: () => boolean) => boolean;

/** A table that row locks can be taken on. */
interface LockableTable {
  readonly table: TableDef;
  readonly place: number;
  readonly alias: string;
  /** Whether an outer join may leave it without a row. */
  readonly nullable: boolean;
}

export interface CompiledFrom {
  readonly scope: Scope;
  readonly each: Each;
  /** Every condition of ON and WHERE, to be asked again when a row moved. */
  accepts(env: EvaluationContext): boolean;
  readonly tables: readonly LockableTable[];
  /** Table behind each place, for the description of columns. */
  readonly tableIds: ReadonlyMap<number, number>;
  /** Places that hold the rows of this FROM. */
  readonly places: readonly number[];
}

// From the tree to leaves with a place each.

interface TableLeaf {
  readonly kind: "table";
  readonly table: TableDef;
  readonly scopeTable: ScopeTable;
}

interface RowsLeaf {
  readonly kind: "rows";
  readonly scopeTable: ScopeTable;
  readonly isLateral: boolean;
  readonly rows: (env: EvaluationContext) => readonly Row[];
}

interface OuterJoin {
  readonly kind: "join";
  readonly join: "left" | "full";
  readonly left: Bound;
  readonly right: Bound;
  readonly on: readonly Condition[];
}

type Leaf = TableLeaf | RowsLeaf | OuterJoin;

/** What a FROM item brings: inner joins are flat lists of leaves with conditions. */
interface Bound {
  readonly leaves: readonly Leaf[];
  readonly conditions: readonly Condition[];
  readonly tables: readonly ScopeTable[];
  readonly visible: readonly VisibleColumn[];
  readonly lockable: readonly LockableTable[];
}

/** One part of ON or WHERE, with the places of this FROM that it reads. */
interface Condition {
  readonly expr: Expr;
  readonly context: CompileContext;
  readonly compiled: Compiled;
  readonly places: ReadonlySet<number>;
}

function takePlace(context: CompileContext): number {
  const place = context.places.count;
  context.places.count += 1;
  return place;
}

function visibleOf(table: ScopeTable): VisibleColumn[] {
  return table.columns.map(({ name, index, type }) => ({
    name,
    expr: { type: "ref", table: { name: table.alias }, name },
    source: { table, index, type },
  }));
}

function renamed(table: ScopeTable, alias: Alias | undefined): ScopeTable {
  const names = alias?.columns;
  if (names === undefined) return table;
  if (names.length > table.columns.length) {
    throw new DatabaseError(
      "42P10",
      `table "${table.alias}" has ${table.columns.length} columns available but ${names.length} columns specified`,
    );
  }
  return {
    ...table,
    columns: table.columns.map((column, index) => ({ ...column, name: names[index] ?? column.name })),
  };
}

function rowsLeaf(
  alias: Alias,
  columns: ReadonlyArray<{ readonly name: string; readonly type: PgType }>,
  rows: RowsLeaf["rows"],
  isLateral: boolean,
  context: CompileContext,
): Bound {
  const plain: ScopeTable = {
    alias: alias.name,
    place: takePlace(context),
    columns: columns.map(({ name, type }, index) => ({ name, type, index })),
  };
  const scopeTable = renamed(plain, alias);
  return {
    leaves: [{ kind: "rows", scopeTable, isLateral, rows }],
    conditions: [],
    tables: [scopeTable],
    visible: visibleOf(scopeTable),
    lockable: [],
  };
}

function bindTable(
  name: QualifiedName,
  alias: Alias | undefined,
  at: number | undefined,
  context: CompileContext,
): Bound {
  const common = name.schema === undefined ? context.commonTables.get(name.name) : undefined;
  if (common !== undefined) {
    const bound = rowsLeaf(
      alias ?? { name: name.name },
      common.columns,
      (env) => common.rows(env),
      false,
      context,
    );
    return bound;
  }
  const view =
    lookUp(context.catalog.tables, name, context.catalog) === undefined
      ? lookUp(context.catalog.views, name, context.catalog)
      : undefined;
  if (view !== undefined && context.subquery !== null) {
    const query = context.subquery(view.query, { ...context, scope: emptyScope, commonTables: new Map() });
    return rowsLeaf(alias ?? { name: name.name }, view.columns, (env) => query.run(env), false, context);
  }
  const isSystem =
    name.schema === "information_schema" || name.schema === "pg_catalog" || name.name.startsWith("pg_");
  const system =
    isSystem && (name.schema === undefined || !context.catalog.schemas.has(name.schema))
      ? systemRelation(name.schema, name.name)
      : undefined;
  if (system !== undefined) {
    const own = alias ?? { name: name.name };
    return rowsLeaf(own, system.columns, (env) => system.rows(env.runtime.system()), false, context);
  }
  let table: TableDef;
  try {
    table = findTable(context.catalog, name);
  } catch (error) {
    if (at !== undefined && error instanceof DatabaseError) error.placeAt(at);
    throw error;
  }
  context.reads.push([table, lockModes.accessShare]);
  const place = takePlace(context);
  const scopeTable = renamed(scopeTableOf(table, alias?.name ?? name.name, place), alias);
  return {
    leaves: [{ kind: "table", table, scopeTable }],
    conditions: [],
    tables: [scopeTable],
    visible: visibleOf(scopeTable),
    lockable: [{ table, place, alias: scopeTable.alias, nullable: false }],
  };
}

/** A context whose innermost names are those of these tables. */
function within(
  context: CompileContext,
  tables: readonly ScopeTable[],
  visible: readonly VisibleColumn[],
): CompileContext {
  return { ...context, scope: { tables, visible, outer: context.scope } };
}

function bindItem(item: From, left: Bound, context: CompileContext): Bound {
  switch (item.type) {
    case "table":
      return bindTable(item.table, item.alias, item.at, context);
    case "query": {
      if (context.subquery === null) throw unsupported("a subquery here");
      const inner = item.lateral ? within(context, left.tables, left.visible) : context;
      const noted = new Set<number>();
      const query = context.subquery(item.query, { ...inner, noted });
      const columns = query.types.map((type, index) => ({ name: query.names[index] ?? "", type }));
      const alias = item.alias ?? { name: "" };
      const isLateral = left.tables.some((table) => noted.has(table.place));
      return rowsLeaf(alias, columns, (env) => query.run(env), isLateral, context);
    }
    case "function":
      return bindFunction(item, left, context);
    case "join":
    default:
      return bindJoin(item, left, context);
  }
}

function bindFunction(item: FromFunction, left: Bound, context: CompileContext): Bound {
  const inner = within(context, left.tables, left.visible);
  const noted = new Set<number>();
  const functions = item.calls.map((call) =>
    compileTableFunction(call, item.calls.length === 1 ? (item.columns ?? null) : null, { ...inner, noted }),
  );
  const [first] = item.calls as readonly [Call, ...Call[]];
  const alias = item.alias ?? { name: first.name };
  let columns = functions.flatMap((one) => one.columns);
  // A function of one column names it like the table.
  if (columns.length === 1 && functions[0]?.isScalar === true && item.columns === undefined) {
    columns = [{ name: alias.name, type: columns[0]?.type as PgType }];
  }
  if (item.ordinality) columns = [...columns, { name: "ordinality", type: int8Type }];
  const widths = functions.map((one) => one.columns.length);
  const rows = (env: EvaluationContext): readonly Row[] => {
    const parts = functions.map((one) => [...one.rows(env)]);
    const [only] = parts;
    if (parts.length === 1 && !item.ordinality) return only ?? [];
    const length = Math.max(0, ...parts.map((part) => part.length));
    return Array.from({ length }, (_, index) => {
      const row: Value[] = parts.flatMap((part, at): Value[] => [
        ...(part[index] ?? Array.from<Value>({ length: widths[at] ?? 1 }).fill(null)),
      ]);
      return item.ordinality ? row.concat([BigInt(index + 1)]) : row;
    });
  };
  const isLateral = left.tables.some((table) => noted.has(table.place));
  return rowsLeaf(alias, columns, rows, isLateral, context);
}

function requireUniqueAliases(tables: readonly ScopeTable[]): void {
  const seen = new Set<string>();
  for (const { alias } of tables) {
    if (seen.has(alias) && alias !== "")
      throw new DatabaseError("42712", `table name "${alias}" specified more than once`);
    seen.add(alias);
  }
}

function compileCondition(expr: Expr, clause: string, context: CompileContext): Condition {
  const noted = new Set<number>();
  const own: CompileContext = { ...context, noted, clause, aggregates: null, windows: null, grouping: null };
  const compiled = asCondition(compile(expr, own), boolType, clause === "WHERE" ? "WHERE" : "JOIN/ON");
  for (const place of noted) context.noted?.add(place);
  return { expr, context: { ...own, noted: null }, compiled, places: noted };
}

function bindJoin(item: Join, outerLeft: Bound, context: CompileContext): Bound {
  if (item.alias !== undefined || item.usingAlias !== undefined) throw unsupported("an alias of a join");
  const left = bindItem(item.left, outerLeft, context);
  const seen: Bound = { ...merge(outerLeft, left), visible: [...outerLeft.visible, ...left.visible] };
  const right = bindItem(item.right, seen, context);
  const tables = [...left.tables, ...right.tables];
  requireUniqueAliases(tables);
  const { shared, visible } = mergedColumns(item, left, right);
  const inner = within(context, tables, visible);
  const equalities = shared.map(({ left: a, right: b }): Expr => ({
    type: "binary",
    op: "=",
    left: a,
    right: b,
  }));
  const on = [...conjuncts(item.on), ...equalities].map((part) =>
    compileCondition(part, "JOIN conditions", inner),
  );
  const lockable = [
    ...left.lockable.map((one) => ({
      ...one,
      nullable: one.nullable || item.kind === "right" || item.kind === "full",
    })),
    ...right.lockable.map((one) => ({
      ...one,
      nullable: one.nullable || item.kind === "left" || item.kind === "full",
    })),
  ];
  if (item.kind === "inner") {
    return {
      leaves: [...left.leaves, ...right.leaves],
      conditions: [...left.conditions, ...right.conditions, ...on],
      tables,
      visible,
      lockable,
    };
  }
  const [preserved, other] = item.kind === "right" ? [right, left] : [left, right];
  const join: OuterJoin = {
    kind: "join",
    join: item.kind === "full" ? "full" : "left",
    left: preserved,
    right: other,
    on,
  };
  return { leaves: [join], conditions: [], tables, visible, lockable };
}

function mergedColumns(
  item: Join,
  left: Bound,
  right: Bound,
): {
  readonly shared: ReadonlyArray<{ readonly left: Expr; readonly right: Expr }>;
  readonly visible: readonly VisibleColumn[];
} {
  const names = item.natural
    ? left.visible
        .map(({ name }) => name)
        .filter((name) => right.visible.some((other) => other.name === name))
    : (item.using ?? []);
  const find = (side: Bound, name: string, word: string): VisibleColumn => {
    const found = side.visible.filter((column) => column.name === name);
    const [only] = found;
    if (only === undefined) {
      throw new DatabaseError(
        "42703",
        `column "${name}" specified in USING clause does not exist in ${word} table`,
      );
    }
    if (found.length > 1)
      throw new DatabaseError(
        "42702",
        `common column name "${name}" appears more than once in ${word} table`,
      );
    return only;
  };
  const shared = names.map((name) => ({
    name,
    left: find(left, name, "left").expr,
    right: find(right, name, "right").expr,
  }));
  const merged = shared.map(({ name, left: a, right: b }): VisibleColumn => {
    if (item.kind === "full") return { name, expr: { type: "call", name: "coalesce", args: [a, b] } };
    return { name, expr: item.kind === "right" ? b : a };
  });
  const others = [...left.visible, ...right.visible].filter(({ name }) => !names.includes(name));
  return { shared, visible: [...merged, ...others] };
}

function merge(a: Bound, b: Bound): Bound {
  return {
    leaves: [...a.leaves, ...b.leaves],
    conditions: [...a.conditions, ...b.conditions],
    tables: [...a.tables, ...b.tables],
    visible: [...a.visible, ...b.visible],
    lockable: [...a.lockable, ...b.lockable],
  };
}

const nothing: Bound = { leaves: [], conditions: [], tables: [], visible: [], lockable: [] };

// From leaves to a way to walk over their combinations.

function placesOf(leaf: Leaf): number[] {
  if (leaf.kind !== "join") return [leaf.scopeTable.place];
  return [...leaf.left.leaves, ...leaf.right.leaves].flatMap(placesOf);
}

function passes(conditions: readonly Condition[], env: EvaluationContext): boolean {
  for (const { compiled } of conditions) if (compiled.run(env) !== true) return false;
  return true;
}

function filtered(each: Each, conditions: readonly Condition[]): Each {
  if (conditions.length === 0) return each;
  return (env, emit) => each(env, () => (passes(conditions, env) ? emit() : false));
}

interface Walk {
  readonly each: Each;
  /** Conditions that could not be asked here. */
  readonly rest: readonly Condition[];
}

/**
 * Joins leaves in the order they are written: for each combination so far, the rows of the next leaf that fit.
 *
 * @param known - Places of this FROM whose rows are set before.
 */
function walkLeaves(
  leaves: readonly Leaf[],
  conditions: readonly Condition[],
  known: ReadonlySet<number>,
  own: ReadonlySet<number>,
): Walk {
  let rest = conditions;
  let each: Each = (_, emit) => emit();
  const seen = new Set(known);
  for (const leaf of leaves) {
    const before = new Set(seen);
    for (const place of placesOf(leaf)) seen.add(place);
    const isReady = ({ places }: Condition): boolean =>
      [...places].every((place) => !own.has(place) || seen.has(place));
    const ready = rest.filter(isReady);
    rest = rest.filter((condition) => !isReady(condition));
    const next = walkLeaf(leaf, ready, before, own);
    const previous = each;
    each = leaf === leaves[0] ? next : (env, emit) => previous(env, () => next(env, emit));
  }
  return { each, rest };
}

function conjunction(conditions: readonly Condition[]): Expr | undefined {
  const [first] = conditions;
  if (first === undefined) return undefined;
  if (conditions.length === 1) return first.expr;
  return { type: "logic", op: "and", operands: conditions.map(({ expr }) => expr) };
}

function walkLeaf(
  leaf: Leaf,
  conditions: readonly Condition[],
  known: ReadonlySet<number>,
  own: ReadonlySet<number>,
): Each {
  const isFirst = known.size === 0;
  const inside = new Set(placesOf(leaf));
  const isOwn = ({ places }: Condition): boolean =>
    [...places].every((place) => inside.has(place) || !own.has(place));
  const alone = conditions.filter(isOwn);
  const across = conditions.filter((condition) => !isOwn(condition));
  if (leaf.kind === "table") {
    const whole = walkTable(leaf, conditions);
    if (isFirst || whole.isIndexed || across.length === 0) return whole.each;
    return hashed(walkTable(leaf, alone).each, [...inside], across, inside);
  }
  if (leaf.kind === "join") {
    const each = walkOuterJoin(leaf, alone, own);
    return isFirst ? filtered(each, across) : hashed(each, [...inside], across, inside);
  }
  const { place } = leaf.scopeTable;
  const each = walkRows(leaf, place);
  const kept = filtered(each, alone);
  if (isFirst || leaf.isLateral) return filtered(kept, across);
  return hashed(kept, [place], across, inside);
}

function walkRows(leaf: RowsLeaf, place: number): Each {
  return (env, emit) => {
    env.tuples[place] = null;
    for (const row of leaf.rows(env)) {
      env.rows[place] = row;
      if (emit()) return true;
    }
    return false;
  };
}

function walkTable(
  leaf: TableLeaf,
  conditions: readonly Condition[],
): { readonly each: Each; readonly isIndexed: boolean } {
  const { table, scopeTable } = leaf;
  const { place } = scopeTable;
  const [first] = conditions;
  const context = first?.context;
  const scopes = new Set(conditions.map((condition) => condition.context.scope));
  // Conditions of one clause have one scope: an index is looked for among those of the clause that has most to say.
  const chosen = [...scopes].map((scope) =>
    conditions.filter((condition) => condition.context.scope === scope),
  );
  const scans =
    context === undefined
      ? []
      : chosen.map((part) => ({
          part,
          scan: compileScan(table, scopeTable, conjunction(part), part[0]?.context ?? context),
        }));
  const best = scans.find(({ scan }) => scan.isIndexed) ?? scans[0];
  const scan = best?.scan ?? compileScan(table, scopeTable, undefined, null);
  const others = conditions.filter((condition) => best?.part.includes(condition) !== true);
  const each: Each = (env, emit) => {
    for (const tuple of scan.tuples(env)) {
      env.tuples[place] = tuple;
      if (emit()) return true;
    }
    return false;
  };
  return { each: filtered(each, others), isIndexed: scan.isIndexed };
}

interface HashKey {
  readonly inner: Compiled;
  readonly probe: Compiled;
  readonly type: PgType;
}

/** `a.x = b.y` with one side inside the leaf and the other before it. */
function hashKeyOf(condition: Condition, inside: ReadonlySet<number>): HashKey | null {
  const { expr, context } = condition;
  if (expr.type !== "binary" || expr.op !== "=" || expr.left.type === "row" || expr.right.type === "row")
    return null;
  const side = (part: Expr): { compiled: Compiled; places: Set<number> } => {
    const noted = new Set<number>();
    return { compiled: compile(part, { ...context, noted }), places: noted };
  };
  const left = side(expr.left);
  const right = side(expr.right);
  const isInside = (places: Set<number>): boolean =>
    places.size > 0 && [...places].every((place) => inside.has(place));
  const isOutside = (places: Set<number>): boolean => [...places].every((place) => !inside.has(place));
  const [a, b, type] = alignSides(left.compiled, "=", right.compiled);
  if (isInside(left.places) && isOutside(right.places)) return { inner: a, probe: b, type };
  if (isInside(right.places) && isOutside(left.places)) return { inner: b, probe: a, type };
  return null;
}

function keyOf(keys: readonly HashKey[], side: "inner" | "probe", env: EvaluationContext): unknown {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    const value = only[side].run(env);
    return value === null ? null : only.type.key(value);
  }
  let text = "";
  for (const key of keys) {
    const value = key[side].run(env);
    if (value === null) return null;
    const part = String(key.type.key(value));
    text += `${part.length}:${part}`;
  }
  return text;
}

/** Walks the leaf once and keeps its rows, by the key of the join where there is one. */
function hashed(
  each: Each,
  places: readonly number[],
  across: readonly Condition[],
  inside: ReadonlySet<number>,
): Each {
  const pairs = across.map((condition) => ({ condition, key: hashKeyOf(condition, inside) }));
  const keys = pairs.flatMap(({ key }) => (key === null ? [] : [key]));
  const others = pairs.filter(({ key }) => key === null).map(({ condition }) => condition);
  const identity = {};
  const collect = (env: EvaluationContext): ReadonlyMap<unknown, readonly Combination[]> => {
    const buckets = new Map<unknown, Combination[]>();
    each(env, () => {
      const key = keyOf(keys, "inner", env);
      if (key === null && keys.length > 0) return false;
      const bucket = buckets.get(key);
      const combination = takeCombination(env, places);
      if (bucket === undefined) buckets.set(key, [combination]);
      else bucket.push(combination);
      return false;
    });
    return buckets;
  };
  return (env, emit) => {
    let buckets = env.kept.get(identity) as ReadonlyMap<unknown, readonly Combination[]> | undefined;
    if (buckets === undefined) {
      buckets = collect(env);
      env.kept.set(identity, buckets);
    }
    const key = keyOf(keys, "probe", env);
    if (key === null && keys.length > 0) return false;
    for (const combination of buckets.get(key) ?? []) {
      putCombination(env, places, combination);
      if (passes(others, env) && emit()) return true;
    }
    return false;
  };
}

const noRow: Combination = { rows: [], tuples: [] };

function walkOuterJoin(join: OuterJoin, conditions: readonly Condition[], own: ReadonlySet<number>): Each {
  const leftPlaces = new Set(join.left.leaves.flatMap(placesOf));
  const rightPlaces = join.right.leaves.flatMap(placesOf);
  const isLeft = ({ places }: Condition): boolean =>
    [...places].every((place) => leftPlaces.has(place) || !own.has(place));
  // What asks only for the preserved side may be asked before the join.
  const early = join.join === "left" ? conditions.filter(isLeft) : [];
  const late = conditions.filter((condition) => !early.includes(condition));
  const left = walkLeaves(join.left.leaves, [...join.left.conditions, ...early], new Set(), own);
  if (join.join === "full")
    return filtered(walkFullJoin(join, left, rightPlaces, [...leftPlaces], own), late);
  const right = walkLeaves(join.right.leaves, [...join.right.conditions, ...join.on], leftPlaces, own);
  const rightEach = filtered(right.each, right.rest);
  const each: Each = (env, emit) =>
    filtered(left.each, left.rest)(env, () => {
      let isMatched = false;
      const isStopped = rightEach(env, () => {
        isMatched = true;
        return emit();
      });
      if (isStopped || isMatched) return isStopped;
      putCombination(env, rightPlaces, noRow);
      return emit();
    });
  return filtered(each, late);
}

function walkFullJoin(
  join: OuterJoin,
  left: Walk,
  rightPlaces: readonly number[],
  leftPlaces: readonly number[],
  own: ReadonlySet<number>,
): Each {
  const right = walkLeaves(join.right.leaves, join.right.conditions, new Set(), own);
  return (env, emit) => {
    const combinations: Combination[] = [];
    filtered(right.each, right.rest)(env, () => {
      combinations.push(takeCombination(env, rightPlaces));
      return false;
    });
    const matched = new Set<Combination>();
    const isStopped = filtered(left.each, left.rest)(env, () => {
      let isMatched = false;
      for (const combination of combinations) {
        putCombination(env, rightPlaces, combination);
        if (!passes(join.on, env)) continue;
        isMatched = true;
        matched.add(combination);
        if (emit()) return true;
      }
      if (isMatched) return false;
      putCombination(env, rightPlaces, noRow);
      return emit();
    });
    if (isStopped) return true;
    for (const combination of combinations) {
      if (matched.has(combination)) continue;
      putCombination(env, leftPlaces, noRow);
      putCombination(env, rightPlaces, combination);
      if (emit()) return true;
    }
    return false;
  };
}

function allConditions(bound: Bound): Condition[] {
  const inner = bound.leaves.flatMap((leaf) =>
    leaf.kind === "join" ? [...allConditions(leaf.left), ...leaf.on, ...allConditions(leaf.right)] : [],
  );
  return [...bound.conditions, ...inner];
}

/**
 * @param target - A table that stands before the others: of UPDATE and DELETE.
 * @throws DatabaseError for wrong SQL; SimError for what is not simulated.
 */
export function compileFrom(
  items: readonly From[],
  where: Expr | undefined,
  context: CompileContext,
  target?: { readonly table: TableDef; readonly scopeTable: ScopeTable },
): CompiledFrom {
  let bound: Bound =
    target === undefined
      ? nothing
      : {
          leaves: [{ kind: "table", ...target }],
          conditions: [],
          tables: [target.scopeTable],
          visible: visibleOf(target.scopeTable),
          lockable: [],
        };
  // Not even LATERAL sees the table that is changed.
  let lateral = nothing;
  for (const item of items) {
    const next = bindItem(item, lateral, context);
    lateral = merge(lateral, next);
    bound = merge(bound, next);
  }
  requireUniqueAliases(bound.tables);
  const scope: Scope = { tables: bound.tables, visible: bound.visible, outer: context.scope };
  const inner: CompileContext = { ...context, scope };
  const conditions = conjuncts(where).map((part) => compileCondition(part, "WHERE", inner));
  const places = bound.leaves.flatMap(placesOf);
  const own = new Set(places);
  const { each, rest } = walkLeaves(bound.leaves, [...bound.conditions, ...conditions], new Set(), own);
  const all = [...allConditions(bound), ...conditions];
  const tableIds = new Map(bound.lockable.map(({ place, table }) => [place, table.id]));
  if (target !== undefined) tableIds.set(target.scopeTable.place, target.table.id);
  return {
    scope,
    each: filtered(each, rest),
    accepts: (env) => passes(all, env),
    tables: bound.lockable,
    tableIds,
    places,
  };
}
