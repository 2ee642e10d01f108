/** What rows are sorted by. */
import { DatabaseError } from "../database-error.js";
import type { Expr, OrderBy } from "../sql/ast.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { settle } from "./coerce.js";
import type { Compiled, SortKey } from "./execution-context.js";

/** Turns an order into keys. @param value - Finds the expression behind one item. */
export function compileSortKeys(order: readonly OrderBy[], value: (by: Expr) => Compiled): SortKey[] {
  return order.map(({ by, descending, nulls }) => {
    const key = settle(value(by));
    requireOrder(key.type, by.at);
    return { value: key, descending, nullsFirst: nulls === undefined ? descending : nulls === "first" };
  });
}

function requireOrder(type: PgType, at: number | undefined): void {
  if (type.name !== "json") return;
  const error = new DatabaseError("42883", `could not identify an ordering operator for type ${type.name}`, {
    hint: "Use an explicit ordering operator or modify the query.",
  });
  if (at !== undefined) error.placeAt(at);
  throw error;
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
