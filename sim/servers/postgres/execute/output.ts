/** The columns a statement returns: names as PostgreSQL gives them, stars expanded. */
import type { Expr, SelectedColumn } from "pgsql-ast-parser";

import { DatabaseError } from "../database-error.js";
import { settle } from "./coerce.js";
import { compile } from "./compile.js";
import type { CompileContext, Compiled, OutputColumn, ScopeTable } from "./execution-context.js";

export interface Output {
  readonly column: OutputColumn;
  readonly value: Compiled;
  readonly expression: Expr;
}

const typeNames: Readonly<Record<string, string>> = {
  int: "int4",
  integer: "int4",
  smallint: "int2",
  bigint: "int8",
  boolean: "bool",
  real: "float4",
  float: "float8",
  "double precision": "float8",
  decimal: "numeric",
  varchar: "varchar",
  "character varying": "varchar",
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
  char: "bpchar",
  character: "bpchar",
};

/** @returns The name PostgreSQL would give the column, or null when it has no idea of its own. */
function ownName(node: Expr): string | null {
  switch (node.type) {
    case "ref":
      return node.name;
    case "call":
      return node.function.name;
    case "cast": {
      const inner = ownName(node.operand);
      if (inner !== null) return inner;
      return node.to.kind === "array"
        ? (typeNames[arrayBase(node.to)] ?? arrayBase(node.to))
        : (typeNames[node.to.name] ?? node.to.name);
    }
    case "case": {
      const inner = node.else === null || node.else === undefined ? null : ownName(node.else);
      return inner ?? "case";
    }
    case "keyword":
      return node.keyword;
    case "extract":
      return "extract";
    case "array":
    case "array select":
      return "array";
    case "arrayIndex":
      return ownName(node.array);
    case "substring":
      return "substring";
    case "overlay":
      return "overlay";
    case "binary":
      return node.op === "AT TIME ZONE" ? "timezone" : null;
    case "select":
      return node.columns?.[0] === undefined ? null : columnName(node.columns[0]);
    case "boolean":
    case "constant":
    case "default":
    case "integer":
    case "list":
    case "member":
    case "null":
    case "numeric":
    case "parameter":
    case "string":
    case "ternary":
    case "unary":
    case "union":
    case "union all":
    case "values":
    case "with":
    case "with recursive":
    default:
      return null;
  }
}

function arrayBase(definition: { readonly arrayOf: unknown }): string {
  const inner = definition.arrayOf as { kind?: "array"; name?: string; arrayOf?: unknown };
  return inner.kind === "array" ? arrayBase({ arrayOf: inner.arrayOf }) : (inner.name ?? "");
}

export function columnName({ alias, expr }: SelectedColumn): string {
  return alias?.name ?? ownName(expr) ?? "?column?";
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
  columns: readonly SelectedColumn[],
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
