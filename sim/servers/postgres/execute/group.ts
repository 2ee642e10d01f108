/** `GROUP BY`: what rows are grouped by, and the groups. */
import { DatabaseError } from "../database-error.js";
import type { Expr, Select } from "../sql/ast.js";
import type { Value } from "../types/value.js";
import { settle } from "./coerce.js";
import { printResolved } from "./names.js";
import {
  compile,
  type Aggregate,
  type AggregateState,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type Grouping,
} from "./execution-context.js";
import { takeCombination, type Combination, type RowState } from "./combination.js";
import type { CompiledFrom } from "./from.js";

export interface Groups {
  /** Null without GROUP BY. */
  readonly grouping: Grouping | null;
  /** What holds once an aggregate makes the whole result one group. */
  readonly whole: Grouping;
  collect(env: EvaluationContext, aggregates: readonly Aggregate[], from: CompiledFrom): RowState[];
}

/** An item is a column first, then the name of an output; a bare number is the place of one. */
function resolveItem(expr: Expr, node: Select, context: CompileContext): Expr {
  if (expr.type === "number") {
    const target = node.targets[Number(expr.value) - 1];
    if (target === undefined)
      throw new DatabaseError("42P10", `GROUP BY position ${expr.value} is not in select list`);
    return target.expr;
  }
  if (expr.type === "ref" && expr.table === undefined) {
    const isColumn = context.scope.tables.some((table) =>
      table.columns.some(({ name }) => name === expr.name),
    );
    const named = isColumn ? undefined : node.targets.find(({ alias }) => alias === expr.name);
    if (named !== undefined) return named.expr;
  }
  return expr;
}

/** Sets of places in the list of keys; more than one for GROUPING SETS, ROLLUP and CUBE. */
function compileSets(
  node: Select,
  context: CompileContext,
): { keys: Compiled[]; prints: string[]; sets: number[][] } {
  const keys: Compiled[] = [];
  const prints: string[] = [];
  const inner: CompileContext = { ...context, clause: "GROUP BY" };
  const indexOf = (expr: Expr): number => {
    const resolved = resolveItem(expr, node, context);
    const print = printResolved(resolved, context.scope);
    const known = prints.indexOf(print);
    if (known >= 0) return known;
    const key = settle(compile(resolved, inner));
    if (key.type.name === "json")
      throw new DatabaseError("42883", "could not identify an equality operator for type json");
    keys.push(key);
    prints.push(print);
    return keys.length - 1;
  };
  let sets: number[][] = [[]];
  for (const item of node.groupBy) {
    const options =
      item.kind === "expression"
        ? [membersOf(item.expr).map(indexOf)]
        : item.sets.map((set) => set.map(indexOf));
    sets = sets.flatMap((set) => options.map((option) => [...new Set([...set, ...option])]));
  }
  return { keys, prints, sets };
}

/** `GROUP BY (a, b)` is by both. */
function membersOf(expr: Expr): readonly Expr[] {
  return expr.type === "row" ? expr.items : [expr];
}

/** Tables whose primary key is grouped by: all their columns have one value in a group. */
function dependentPlaces(prints: readonly string[], from: CompiledFrom): Set<number> {
  return new Set(
    from.tables
      .filter(({ table, place }) => {
        const primary = table.indexes.find((index) => index.constraint === "primary key");
        return primary?.columns.every((index) => prints.includes(JSON.stringify({ place, index }))) === true;
      })
      .map(({ place }) => place),
  );
}

interface Group {
  readonly combination: Combination;
  readonly states: readonly AggregateState[];
}

export function compileGroups(node: Select, context: CompileContext, from: CompiledFrom): Groups {
  const { scope } = context;
  const { keys, prints, sets } = compileSets(node, context);
  const isSets = sets.length > 1 || sets[0]?.length !== keys.length;
  const keyed = keys.map((key, index) => ({
    print: prints[index] ?? "",
    value: {
      type: key.type,
      constant: false,
      run: (env: EvaluationContext): Value =>
        env.grouped !== null && !env.grouped.has(index) ? null : key.run(env),
    },
  }));
  const dependent = isSets ? new Set<number>() : dependentPlaces(prints, from);

  const collectSet = (
    env: EvaluationContext,
    set: readonly number[],
    aggregates: readonly Aggregate[],
  ): RowState[] => {
    const groups = new Map<string, Group>();
    const own = set.map((index) => keys[index] as Compiled);
    const start = (): Group => ({
      combination: takeCombination(env, from.places),
      states: aggregates.map((one) => one.start()),
    });
    from.each(env, () => {
      let text = "";
      for (const key of own) {
        const value = key.run(env);
        if (value === null) text += "n";
        else {
          const part = String(key.type.key(value));
          text += `v${part.length}:${part}`;
        }
      }
      let group = groups.get(text);
      if (group === undefined) {
        group = start();
        groups.set(text, group);
      }
      for (const state of group.states) state.add(env);
      return false;
    });
    // Without keys there is always one group, of no rows if need be.
    if (own.length === 0 && groups.size === 0) {
      for (const place of from.places) env.rows[place] = [];
      groups.set("", start());
    }
    const grouped = isSets ? new Set(set) : null;
    return Array.from(groups.values(), ({ combination, states }) => ({
      combination,
      aggregates: states.map((state) => state.result()),
      grouped,
      windows: [],
    }));
  };

  return {
    grouping: node.groupBy.length === 0 ? null : { scope, keys: keyed, dependent },
    whole: { scope, keys: [], dependent: new Set() },
    collect: (env, aggregates) => sets.flatMap((set) => collectSet(env, set, aggregates)),
  };
}
