/** Making indexes: how a row becomes a key. */
import type { Expr } from "pgsql-ast-parser";
import { asCondition, settle } from "../execute/coerce.js";
import { compile } from "../execute/compile.js";
import { bareContext, type CompileContext, type Env, type Runtime } from "../execute/execution-context.js";
import { scopeTableOf } from "../execute/scan.js";
import { boolType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { type Catalog, encodeKey, type IndexDef, type TableDef } from "./catalog.js";

export interface IndexParts {
  readonly id: number;
  readonly name: string;
  readonly unique: boolean;
  readonly constraint: IndexDef["constraint"];
  readonly expressions: readonly Expr[];
  readonly where: Expr | null;
}

// Keys and predicates depend on nothing but the row.
function rowEnv(row: Row): Env {
  return { runtime: {} as Runtime, parameters: [], rows: [row], aggregates: [] };
}

function partReader(
  table: TableDef,
  expression: Expr,
  context: CompileContext,
): { type: PgType; column: number | null; read: (row: Row) => Value } {
  if (expression.type === "ref") {
    const column = table.columns.findIndex(
      (candidate) => candidate.name === expression.name && !candidate.dropped,
    );
    const found = table.columns[column];
    if (found !== undefined) return { type: found.type, column, read: (row) => row[column] ?? found.missing };
  }
  const compiled = settle(compile(expression, context));
  return { type: compiled.type, column: null, read: (row) => compiled.run(rowEnv(row)) };
}

function describe(expression: Expr): string {
  if (expression.type === "ref") return expression.name;
  if (expression.type === "call")
    return `${expression.function.name}(${expression.args.map(describe).join(", ")})`;
  return "(expression)";
}

export function createIndexDef(catalog: Catalog, table: TableDef, parts: IndexParts): IndexDef {
  const scope = { tables: [scopeTableOf(table, table.name, 0)], outer: null };
  const context = bareContext(catalog, scope);
  const readers = parts.expressions.map((expression) => partReader(table, expression, context));
  const predicate =
    parts.where === null ? null : asCondition(compile(parts.where, context), boolType, "WHERE");
  const types = readers.map((reader) => reader.type);
  const partsOf = (row: Row): readonly Value[] => readers.map((reader) => reader.read(row));
  const [only] = readers;
  const single = readers.length === 1 && only !== undefined ? only : null;
  return {
    ...parts,
    tableId: table.id,
    columns: readers.map((reader) => reader.column),
    keyText: parts.expressions.map(describe).join(", "),
    types,
    partsOf,
    keyOf(row) {
      if (predicate !== null && predicate.run(rowEnv(row)) !== true) return null;
      if (single === null) return encodeKey(types, partsOf(row));
      const value = single.read(row);
      return value === null ? null : single.type.key(value);
    },
  };
}
