/** Finding the rows of a table that a condition selects: by an index when equality allows it, else one by one. */
import { encodeKey, type IndexDef, type IndexKey, type TableDef } from "../catalog/catalog.js";
import type { Expr } from "../sql/ast.js";
import { walkTree } from "../sql/parse.js";
import { isVisible, type Tuple } from "../storage/heap.js";
import { boolType } from "../types/builtin.js";
import { arrayOf } from "../types/type.js";
import type { Value } from "../types/value.js";
import { alignSides, asCondition, tryCoerce } from "./coerce.js";
import {
  compile,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type Runtime,
  type ScopeTable,
} from "./execution-context.js";

export interface Scan {
  readonly table: TableDef;
  readonly place: number;
  /** Whether rows are looked up by a key. */
  readonly isIndexed: boolean;
  /** The whole condition; null when every row is wanted. */
  readonly filter: Compiled | null;
  /** Versions that the snapshot shows and the filter accepts. Sets the row of its place while at it. */
  tuples(env: EvaluationContext): Iterable<Tuple>;
  /** Whether a version passes the filter. */
  accepts(env: EvaluationContext, tuple: Tuple): boolean;
}

export function scopeTableOf(table: TableDef, alias: string, place: number): ScopeTable {
  const columns = table.columns.flatMap((column, index) =>
    column.dropped ? [] : [{ name: column.name, type: column.type, index }],
  );
  return { alias, relation: table.name, place, columns };
}

/** The parts of a condition joined by AND. */
export function conjuncts(node: Expr | null | undefined): readonly Expr[] {
  if (node === null || node === undefined) return [];
  return node.type === "logic" && node.op === "and" ? node.operands.flatMap(conjuncts) : [node];
}

interface Equality {
  readonly column: number;
  /** Values the column must be one of. */
  keys(env: EvaluationContext): readonly Value[];
}

function scannedColumn(node: Expr, scanned: ScopeTable, context: CompileContext): number | null {
  if (node.type !== "ref" || node.name === "*") return null;
  if (node.table !== undefined && node.table.name !== scanned.alias) return null;
  const elsewhere = context.scope.tables.some(
    (table) => table !== scanned && table.columns.some((column) => column.name === node.name),
  );
  if (node.table === undefined && elsewhere) return null;
  return scanned.columns.find((column) => column.name === node.name)?.index ?? null;
}

/** Whether an expression can be computed before a row of the table is at hand. */
function isKnownBefore(node: Expr, scanned: ScopeTable, context: CompileContext): boolean {
  let known = true;
  walkTree(node, (part) => {
    const type = part["type"];
    if (type === "select" || type === "set operation" || type === "values" || type === "call") known = false;
    if (type === "ref" && context.scope.tables.includes(scanned)) {
      const table = (part["table"] as { name: string } | undefined)?.name;
      if (
        table === scanned.alias ||
        (table === undefined && scanned.columns.some((column) => column.name === part["name"]))
      )
        known = false;
    }
  });
  return known;
}

function findEquality(node: Expr, scanned: ScopeTable, context: CompileContext): Equality | null {
  const known = (operand: Expr, values: readonly Expr[]): Equality | null => {
    const index = scannedColumn(operand, scanned, context);
    if (index === null || !values.every((value) => isKnownBefore(value, scanned, context))) return null;
    const column = compile(operand, context);
    const items = values.map((value) => alignSides(column, "=", compile(value, context)));
    if (!items.every(([aligned]) => aligned.type.oid === column.type.oid)) return null;
    return { column: index, keys: (env) => items.map(([, item]) => item.run(env)) };
  };
  if (node.type === "binary" && node.op === "=") {
    return known(node.left, [node.right]) ?? known(node.right, [node.left]);
  }
  if (node.type === "in" && !node.negate) return known(node.operand, node.items);
  if (node.type !== "quantified" || node.op !== "=" || node.all || node.array === undefined) return null;
  const index = scannedColumn(node.operand, scanned, context);
  if (index === null || !isKnownBefore(node.array, scanned, context)) return null;
  const array = tryCoerce(
    compile(node.array, context),
    arrayOf(compile(node.operand, context).type),
    "implicit",
  );
  if (array === null) return null;
  return { column: index, keys: (env) => (array.run(env) as readonly Value[] | null) ?? [] };
}

/** The index whose key the equalities give whole; unique ones first. */
function chooseIndex(
  table: TableDef,
  equalities: readonly Equality[],
): { index: IndexDef; parts: Equality[] } | null {
  let best: { index: IndexDef; parts: Equality[] } | null = null;
  for (const index of table.indexes) {
    if (index.where !== null) continue;
    const parts = index.columns.map((column) => equalities.find((equality) => equality.column === column));
    if (!parts.every((part) => part !== undefined)) continue;
    const better =
      best === null ||
      (index.unique && !best.index.unique) ||
      (index.unique === best.index.unique && parts.length > best.parts.length);
    if (better) best = { index, parts: parts };
  }
  return best;
}

function keysFor(index: IndexDef, parts: readonly Equality[], env: EvaluationContext): readonly IndexKey[] {
  const combinations = parts.reduce<Value[][]>(
    (soFar, part) => soFar.flatMap((prefix) => part.keys(env).map((value) => prefix.concat([value]))),
    [[]],
  );
  const keys = new Set<IndexKey>();
  for (const values of combinations) {
    const key = encodeKey(index.types, values);
    if (key !== null) keys.add(key);
  }
  return [...keys];
}

/** @param context - Its scope must hold the table at `place`. */
export function compileScan(
  table: TableDef,
  scanned: ScopeTable,
  where: Expr | undefined,
  context: CompileContext | null,
): Scan {
  const isPlain = where === undefined || context === null;
  const filter = isPlain ? null : asCondition(compile(where, context), boolType, "WHERE");
  const equalities = isPlain
    ? []
    : conjuncts(where)
        .map((part) => findEquality(part, scanned, context))
        .filter((equality) => equality !== null);
  const chosen = chooseIndex(table, equalities);
  const { place } = scanned;
  const accepts = (env: EvaluationContext, tuple: Tuple): boolean => {
    env.rows[place] = withMissing(table, tuple);
    return filter === null || filter.run(env) === true;
  };

  function* found(env: EvaluationContext): Iterable<Tuple> {
    const { runtime } = env;
    const heap = runtime.heap(table.id);
    if (chosen === null) {
      runtime.noteScan(table, null, null);
      for (const tuple of heap.tuples) {
        if (sees(runtime, tuple) && accepts(env, tuple)) yield tuple;
      }
      return;
    }
    for (const key of keysFor(chosen.index, chosen.parts, env)) {
      runtime.noteScan(table, chosen.index, key);
      for (const tuple of heap.lookup(chosen.index, key)) {
        if (sees(runtime, tuple) && accepts(env, tuple)) {
          runtime.noteTuple(tuple);
          yield tuple;
        }
      }
    }
  }
  return { table, place, isIndexed: chosen !== null, filter, accepts, tuples: found };
}

function sees(runtime: Runtime, tuple: Tuple): boolean {
  const visible = isVisible(tuple, runtime.snapshot);
  runtime.noteVersion?.(tuple, visible);
  return visible;
}

/** The values of a version, with columns added to the table later filled in. */
export function withMissing(table: TableDef, tuple: Tuple): Tuple["values"] {
  const { values } = tuple;
  if (values.length >= table.columns.length) return values;
  return [...values, ...table.columns.slice(values.length).map((column) => column.missing)];
}
