/** Names of columns: finding the table they belong to. */
import { DatabaseError } from "../database-error.js";
import type { Expr } from "../sql/ast.js";
import type { PgType } from "../types/type.js";
import type { Scope, ScopeTable } from "./execution-context.js";

export interface FoundColumn {
  readonly table: ScopeTable;
  readonly index: number;
  readonly type: PgType;
  /** The scope that it was found in. */
  readonly scope: Scope;
}

function ambiguous(name: string): DatabaseError {
  return new DatabaseError("42702", `column reference "${name}" is ambiguous`);
}

/** @returns The column, or the expression that a merged column stands for. */
export function findColumn(scope: Scope, table: string | null, name: string): FoundColumn | Expr | null {
  if (table === null && scope.visible !== undefined) {
    const found = scope.visible.filter((column) => column.name === name);
    if (found.length > 1) throw ambiguous(name);
    const [only] = found;
    if (only?.expr.type === "call") return only.expr;
    if (only?.expr.type === "ref") return findColumn(scope, only.expr.table?.name ?? null, only.expr.name);
  } else {
    const found: FoundColumn[] = [];
    for (const candidate of scope.tables) {
      if (table !== null && candidate.alias !== table) continue;
      for (const column of candidate.columns) {
        if (column.name === name)
          found.push({ table: candidate, index: column.index, type: column.type, scope });
      }
    }
    if (found.length > 1) throw ambiguous(name);
    const [only] = found;
    if (only !== undefined) return only;
  }
  if (scope.outer === null) return null;
  const beyond = findColumn(scope.outer, table, name);
  if (beyond !== null && scope.edge !== undefined) scope.edge.isCrossed = true;
  return beyond;
}

/** An expression as text in which columns are named by their place, so that `a` and `t.a` are the same. */
export function printResolved(node: Expr, scope: Scope): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (key === "at") return undefined;
    const ref = value as {
      readonly type?: string;
      readonly table?: { readonly name: string };
      readonly name?: string;
    } | null;
    if (ref?.type !== "ref" || ref.name === undefined) return value;
    const found = findColumn(scope, ref.table?.name ?? null, ref.name);
    return found !== null && "index" in found && "scope" in found
      ? { place: found.table.place, index: found.index }
      : value;
  });
}
