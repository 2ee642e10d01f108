/** Which unique indexes an `ON CONFLICT` clause means. */
import type { Expr, OnConflictAction } from "pgsql-ast-parser";
import type { IndexDef, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";

export interface Arbiters {
  readonly indexes: readonly IndexDef[];
}

function sameExpression(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function keyMatches(index: IndexDef, table: TableDef, wanted: readonly Expr[]): boolean {
  if (index.columns.length !== wanted.length) return false;
  return index.expressions.every((own) =>
    wanted.some(
      (expression) =>
        sameExpression(own, expression) ||
        (own.type === "ref" &&
          expression.type === "ref" &&
          own.name === expression.name &&
          table.columns.some((column) => column.name === own.name)),
    ),
  );
}

/** @throws DatabaseError 42P10 when no unique index fits, 42704 for an unknown constraint. */
export function findArbiters(clause: OnConflictAction, table: TableDef, predicate: Expr | null): Arbiters {
  const unique = table.indexes.filter((index) => index.unique);
  const { on } = clause;
  if (on === undefined) return { indexes: unique };
  if (on.type === "on constraint") {
    const found = unique.filter((index) => index.name === on.constraint.name && index.constraint !== null);
    if (found.length === 0) {
      throw new DatabaseError(
        "42704",
        `constraint "${on.constraint.name}" for table "${table.name}" does not exist`,
      );
    }
    return { indexes: found };
  }
  for (const expression of on.exprs) {
    if (
      expression.type === "ref" &&
      !table.columns.some((column) => column.name === expression.name && !column.dropped)
    ) {
      throw new DatabaseError("42703", `column "${expression.name}" does not exist`);
    }
  }
  const fitting = unique.filter((index) => keyMatches(index, table, on.exprs));
  const whole = fitting.filter((index) => index.where === null);
  if (whole.length > 0) return { indexes: whole };
  const partial = fitting.filter((index) => predicate !== null && sameExpression(index.where, predicate));
  if (partial.length > 0) return { indexes: partial };
  throw new DatabaseError(
    "42P10",
    "there is no unique or exclusion constraint matching the ON CONFLICT specification",
  );
}
