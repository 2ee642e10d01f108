/** The columns a statement returns: names as PostgreSQL gives them, stars expanded. */
import { DatabaseError } from "../database-error.js";
import type { Expr, Target } from "../sql/ast.js";
import type { Row } from "../types/value.js";
import { mapCompiled } from "./coerce.js";
import {
  compile,
  type CompileContext,
  type Compiled,
  type OutputColumn,
  type ScopeTable,
  type VisibleColumn,
} from "./execution-context.js";

export interface Output {
  readonly column: OutputColumn;
  readonly value: Compiled;
  readonly expression: Expr;
}

/**
 * @returns The name PostgreSQL would give the column, or null when it has no idea of its own. Names of types and of `CASE`
 *   are weak: a cast around them knows better.
 */
function ownName(node: Expr): { readonly name: string; readonly isWeak: boolean } | null {
  const strong = (name: string): { name: string; isWeak: boolean } => ({ name, isWeak: false });
  switch (node.type) {
    case "ref":
    case "call":
    case "field":
      return strong(node.name);
    case "cast": {
      const inner = ownName(node.operand);
      return inner === null || inner.isWeak ? { name: node.to.name, isWeak: true } : inner;
    }
    case "case": {
      const inner = node.otherwise === null ? null : ownName(node.otherwise);
      return inner === null || inner.isWeak ? { name: "case", isWeak: true } : inner;
    }
    case "keyword":
      return strong(node.keyword);
    case "array":
    case "row":
    case "exists":
    case "grouping":
      return strong(node.type);
    case "subscript":
    case "collate":
      return ownName(node.operand);
    case "subquery": {
      if (node.array) return strong("array");
      const { query } = node;
      const first = query.type === "select" ? query.targets[0] : undefined;
      return first === undefined ? null : strong(columnName(first));
    }
    default:
      return null;
  }
}

function columnName({ alias, expr }: Target): string {
  return alias ?? ownName(expr)?.name ?? "?column?";
}

function expandStar(
  table: ScopeTable | null,
  context: CompileContext,
  tableIds: ReadonlyMap<number, number>,
): Output[] {
  const { scope } = context;
  const columnsOf = (one: ScopeTable): VisibleColumn[] =>
    one.columns.map(({ name, index, type }) => ({
      name,
      expr: { type: "ref", table: { name: one.alias }, name },
      source: { table: one, index, type },
    }));
  const columns = table === null ? (scope.visible ?? scope.tables.flatMap(columnsOf)) : columnsOf(table);
  return columns.map(({ name, expr, source }) => {
    // A grouped query has to look whether it may; otherwise the place says more than a name that others have, too.
    if (source === undefined || context.grouping !== null) {
      const value = compile(expr, context);
      const origin = expr.type === "ref" ? originOf(expr, context, tableIds) : { tableId: 0, column: 0 };
      return { column: { name, type: value.type, ...origin }, value, expression: expr };
    }
    const { index, type } = source;
    const { place } = source.table;
    context.noted?.add(place);
    return {
      column: { name, type, tableId: tableIds.get(place) ?? 0, column: tableIds.has(place) ? index + 1 : 0 },
      value: { type, constant: false, run: (env) => env.rows[place]?.[index] ?? null },
      expression: expr,
    };
  });
}

/** @param tableIds - Table behind each place, for the description of columns. */
export function compileOutputs(
  columns: readonly Target[],
  context: CompileContext,
  tableIds: ReadonlyMap<number, number>,
): Output[] {
  return columns.flatMap((selected): Output[] => {
    const { expr } = selected;
    if (expr.type === "ref" && expr.name === "*") {
      const { table } = expr;
      if (table === undefined) {
        if (context.scope.tables.length === 0)
          throw new DatabaseError("42601", "SELECT * with no tables specified is not valid");
        return expandStar(null, context, tableIds);
      }
      const wanted = context.scope.tables.find(({ alias }) => alias === table.name);
      if (wanted !== undefined) return expandStar(wanted, context, tableIds);
      throw new DatabaseError("42P01", `missing FROM-clause entry for table "${table.name}"`);
    }
    if (expr.type === "field" && expr.name === "*") return expandFields(expr.operand, context);
    const value = compile(expr, context);
    const origin = expr.type === "ref" ? originOf(expr, context, tableIds) : { tableId: 0, column: 0 };
    return [{ column: { name: columnName(selected), type: value.type, ...origin }, value, expression: expr }];
  });
}

/** `(row).*`: a column for each field. */
function expandFields(operand: Expr, context: CompileContext): Output[] {
  const row = compile(operand, context);
  return (row.type.fields ?? []).map(({ name, type }, index) => ({
    column: { name, type, tableId: 0, column: 0 },
    value: mapCompiled(row, type, (value) => (value as Row)[index] ?? null),
    expression: { type: "field", operand, name },
  }));
}

function originOf(
  ref: Expr & { type: "ref" },
  context: CompileContext,
  tableIds: ReadonlyMap<number, number>,
): { tableId: number; column: number } {
  for (const table of context.scope.tables) {
    if (ref.table !== undefined && ref.table.name !== table.alias) continue;
    const column = table.columns.find((candidate) => candidate.name === ref.name);
    if (column !== undefined) return { tableId: tableIds.get(table.place) ?? 0, column: column.index + 1 };
  }
  return { tableId: 0, column: 0 };
}
