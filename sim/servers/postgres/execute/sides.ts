/** Bringing the two sides of an operator together. */
import { DatabaseError } from "../database-error.js";
import { textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { commonType, tryCoerce } from "./coerce.js";
import type { Compiled } from "./execution-context.js";

export type Binary = (a: Value, b: Value) => Value;

export function noOperator(left: PgType, op: string, right: PgType): DatabaseError {
  return new DatabaseError("42883", `operator does not exist: ${left.name} ${op} ${right.name}`, {
    hint: "No operator matches the given name and argument types. You might need to add explicit type casts.",
  });
}

export function combine(left: Compiled, right: Compiled, type: PgType, apply: Binary): Compiled {
  return {
    type,
    constant: left.constant && right.constant,
    run(env) {
      const a = left.run(env);
      if (a === null) return null;
      const b = right.run(env);
      return b === null ? null : apply(a, b);
    },
  };
}

/** Gives both sides one type. @throws DatabaseError 42883 */
export function alignSides(left: Compiled, op: string, right: Compiled): [Compiled, Compiled, PgType] {
  if (left.coerce !== undefined && right.coerce !== undefined) {
    return [left.coerce(textType), right.coerce(textType), textType];
  }
  if (left.coerce !== undefined) return [left.coerce(right.type), right, right.type];
  if (right.coerce !== undefined) return [left, right.coerce(left.type), left.type];
  const type = commonType(left.type, right.type);
  const a = type === null ? null : tryCoerce(left, type, "implicit");
  const b = type === null ? null : tryCoerce(right, type, "implicit");
  if (type === null || a === null || b === null) throw noOperator(left.type, op, right.type);
  return [a, b, type];
}
