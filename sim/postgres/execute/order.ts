/** `ORDER BY`: what rows are sorted by, and how two of them compare. */
import type { Expr, OrderByStatement } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import type { Value } from "../types/value.js";
import { settle } from "./coerce.js";
import { compile } from "./compile.js";
import type { Compiled, CompileContext } from "./env.js";
import type { Output } from "./output.js";

export interface SortKey {
  readonly value: Compiled;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export function compileOrder(
  order: readonly OrderByStatement[],
  outputs: readonly Output[],
  context: CompileContext,
): SortKey[] {
  return order.map(({ by, order: direction, nulls }) => {
    const descending = direction === "DESC";
    const value = settle(orderValue(by, outputs, context));
    if (value.type.category === "json") {
      throw new DatabaseError("42883", `could not identify an ordering operator for type ${value.type.name}`);
    }
    return { value, descending, nullsFirst: nulls === "FIRST" || (nulls == null && descending) };
  });
}

// A bare name means an output column first; a bare number its place.
function orderValue(by: Expr, outputs: readonly Output[], context: CompileContext): Compiled {
  if (by.type === "integer") {
    const output = outputs[by.value - 1];
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

export function compareKeys(keys: readonly SortKey[], a: readonly Value[], b: readonly Value[]): number {
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
