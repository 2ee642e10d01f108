/** Subqueries as values: one row of one column, or an array of many. */
import type { Expr } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import { arrayOf } from "../types/type.js";
import type { Compiled, CompileContext } from "./env.js";

export function compileSubquery(node: Expr, context: CompileContext): Compiled {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  const query = context.subquery(node, context);
  const [type] = query.types;
  if (type === undefined || query.types.length > 1)
    throw new DatabaseError("42601", "subquery must return only one column");
  return {
    type,
    constant: query.constant,
    run(env) {
      const rows = query.run(env);
      if (rows.length > 1) {
        throw new DatabaseError("21000", "more than one row returned by a subquery used as an expression");
      }
      return rows[0]?.[0] ?? null;
    },
  };
}

export function compileArraySelect(node: Expr, context: CompileContext): Compiled {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  const query = context.subquery(node, context);
  const [type] = query.types;
  if (type === undefined) throw new DatabaseError("42601", "subquery must return only one column");
  return {
    type: arrayOf(type),
    constant: query.constant,
    run: (env) => query.run(env).map((row) => row[0] ?? null),
  };
}
