/** Which unique indexes an `ON CONFLICT` clause means. */
import type { Expr, OnConflictAction } from "pgsql-ast-parser";
import type { IndexDef, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";

export interface Arbiters {
  readonly indexes: readonly IndexDef[];
  /** Whether the WHERE of the clause belongs to the target and not to DO UPDATE. */
  readonly ateWhere: boolean;
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
export function findArbiters(clause: OnConflictAction, table: TableDef): Arbiters {
  const unique = table.indexes.filter((index) => index.unique);
  const { on } = clause;
  if (on === undefined) return { indexes: unique, ateWhere: false };
  if (on.type === "on constraint") {
    const found = unique.filter((index) => index.name === on.constraint.name && index.constraint !== null);
    if (found.length === 0) {
      throw new DatabaseError(
        "42704",
        `constraint "${on.constraint.name}" for table "${table.name}" does not exist`,
      );
    }
    return { indexes: found, ateWhere: false };
  }
  const fitting = unique.filter((index) => keyMatches(index, table, on.exprs));
  const whole = fitting.filter((index) => index.where === null);
  if (whole.length > 0) return { indexes: whole, ateWhere: false };
  const partial = fitting.filter(
    (index) => clause.where !== undefined && sameExpression(index.where, clause.where),
  );
  if (partial.length > 0) return { indexes: partial, ateWhere: true };
  throw new DatabaseError(
    "42P10",
    "there is no unique or exclusion constraint matching the ON CONFLICT specification",
  );
}
