/** The columns a statement returns: names as PostgreSQL gives them, stars expanded. */
import { DatabaseError } from "../database-error.js";
import type { Expr, Target } from "../sql/ast.js";
import { settle } from "./coerce.js";
import { compile } from "./compile.js";
import type { CompileContext, Compiled, OutputColumn, ScopeTable } from "./execution-context.js";

export interface Output {
  readonly column: OutputColumn;
  readonly value: Compiled;
  readonly expression: Expr;
}

/** @returns The name PostgreSQL would give the column, or null when it has no idea of its own. */
function ownName(node: Expr): string | null {
  switch (node.type) {
    case "ref":
    case "call":
    case "field":
      return node.name;
    case "cast":
      return ownName(node.operand) ?? node.to.name;
    case "case":
      return (node.otherwise === null ? null : ownName(node.otherwise)) ?? "case";
    case "keyword":
      return node.keyword;
    case "array":
    case "row":
    case "exists":
    case "grouping":
      return node.type;
    case "subscript":
    case "collate":
      return ownName(node.operand);
    case "subquery": {
      if (node.array) return "array";
      const { query } = node;
      return query.type !== "select" || query.targets[0] === undefined ? null : columnName(query.targets[0]);
    }
    default:
      return null;
  }
}

export function columnName({ alias, expr }: Target): string {
  return alias ?? ownName(expr) ?? "?column?";
}

function expandStar(tables: readonly ScopeTable[], tableIds: ReadonlyMap<number, number>): Output[] {
  return tables.flatMap((table) =>
    table.columns.map(({ name, type, index }) => ({
      column: { name, type, tableId: tableIds.get(table.place) ?? 0, column: index + 1 },
      value: {
        type,
        constant: false,
        run: (env) => env.rows[table.place]?.[index] ?? null,
      } satisfies Compiled,
      expression: { type: "ref", table: { name: table.alias }, name } as Expr,
    })),
  );
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
      const wanted = context.scope.tables.filter(
        (table) => expr.table === undefined || table.alias === expr.table.name,
      );
      if (wanted.length === 0) {
        if (expr.table === undefined)
          throw new DatabaseError("42601", "SELECT * with no tables specified is not valid");
        throw new DatabaseError("42P01", `missing FROM-clause entry for table "${expr.table.name}"`);
      }
      return expandStar(wanted, tableIds);
    }
    const value = settle(compile(expr, context));
    const origin = expr.type === "ref" ? originOf(expr, context, tableIds) : { tableId: 0, column: 0 };
    return [{ column: { name: columnName(selected), type: value.type, ...origin }, value, expression: expr }];
  });
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
