/** Finding a common type, and bringing expressions to a type. */
import { DatabaseError } from "../database-error.js";
import {
  dateType,
  int4Type,
  int8Type,
  nameType,
  numericType,
  registeredTypes,
  textType,
  timeType,
  timestampType,
  timestamptzType,
  unknownType,
} from "../types/builtin.js";
import { findCast, type CastContext } from "../types/cast.js";
import { relativeTime } from "../types/temporal.js";
import { modifierCheck } from "../types/type-names.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import type { KeywordValue } from "../sql/ast.js";
import type { CompileContext, Compiled, Runtime } from "./execution-context.js";

export function constantOf(type: PgType, value: Value): Compiled {
  return { type, constant: true, run: () => value };
}

/** Applies a function to a value unless it is null. */
export function mapCompiled(
  source: Compiled,
  type: PgType,
  convert: (value: Value, runtime: Runtime) => Value,
): Compiled {
  return {
    type,
    constant: source.constant,
    run(env) {
      const value = source.run(env);
      return value === null ? null : convert(value, env.runtime);
    },
  };
}

/** @returns The expression as that type, or null when no cast of that kind exists. */
export function tryCoerce(source: Compiled, type: PgType, context: CastContext): Compiled | null {
  if (source.coerce !== undefined) return source.coerce(type);
  if (source.type === type) return source;
  const convert = findCast(source.type, type, context);
  if (convert === null) return null;
  return source.type.oid === type.oid ? { ...source, type } : mapCompiled(source, type, convert);
}

/** Settles a literal that nothing around it gave a type to. */
export function settle(source: Compiled): Compiled {
  return source.coerce === undefined ? source : source.coerce(textType);
}

/** For `INSERT` and `UPDATE`. @throws DatabaseError 42804 when the types do not fit. */
export function assignTo(source: Compiled, type: PgType, column: string): Compiled {
  const coerced = tryCoerce(source, type, "assignment");
  if (coerced === null) {
    throw new DatabaseError(
      "42804",
      `column "${column}" is of type ${type.name} but expression is of type ${source.type.name}`,
      { hint: "You will need to rewrite or cast the expression." },
    );
  }
  const fit = modifierCheck(type, false);
  return fit === null ? coerced : mapCompiled(coerced, type, fit);
}

/** For `CAST` and `::`. @throws DatabaseError 42846 when there is no such cast. */
export function castTo(source: Compiled, type: PgType): Compiled {
  const coerced = tryCoerce(source, type, "explicit");
  if (coerced === null) {
    throw new DatabaseError("42846", `cannot cast type ${source.type.name} to ${type.name}`);
  }
  const fit = modifierCheck(type, true);
  return fit === null ? { ...coerced, type } : mapCompiled(coerced, type, fit);
}

/** A condition. @throws DatabaseError 42804 when it is not boolean. */
export function asCondition(source: Compiled, boolean: PgType, place: string): Compiled {
  const coerced = tryCoerce(source, boolean, "implicit");
  if (coerced !== null) return coerced;
  throw new DatabaseError("42804", `argument of ${place} must be type boolean, not type ${source.type.name}`);
}

/** Families inside which the branches of a construct find a common type: pg_type's typcategory. */
export function categoryOf({ category, oid }: PgType): string {
  if (category === "other") return numberLike.has(oid) ? "number" : oid === 1560 || oid === 1562 ? "V" : "U";
  return category === "json" ? "U" : category === "interval" ? "T" : category;
}

const numberLike = new Set([26, 24, 2205, 2206, 4089, 4096]);
const preferred = new Set([16, 25, 26, 701, 1184, 1186, 1562]);

export function isPreferred({ oid }: PgType): boolean {
  return preferred.has(oid);
}

function fits(from: PgType, to: PgType): boolean {
  return findCast(from, to, "implicit") !== null;
}

/** The type both can be compared as; null when there is none. Unknowns must be settled before. */
export function commonType(a: PgType, b: PgType): PgType | null {
  if (a.oid === b.oid) return a.modifiers === undefined ? a : b;
  if (a.category === "text" && b.category === "text") return textType;
  // Arrays are compared with arrays of the same elements only.
  return a.category === "array" ? null : unionType(a, b);
}

/** The type of the branches so far, and one more. */
function unionType(a: PgType, b: PgType): PgType | null {
  if (a.oid === b.oid) return a.modifiers === undefined ? a : b;
  if (categoryOf(a) !== categoryOf(b)) return null;
  if (!isPreferred(a) && fits(a, b) && !fits(b, a)) return b;
  return fits(b, a) ? a : null;
}

/**
 * One type for the branches of `CASE`, `COALESCE`, `VALUES` and the like.
 *
 * @throws DatabaseError 42804 when they do not match.
 */
export function unify(branches: readonly Compiled[], construct: string): Compiled[] {
  let type: PgType | null = null;
  for (const branch of branches) {
    if (branch.coerce !== undefined || branch.type === unknownType) continue;
    const next: PgType | null = type === null ? branch.type : unionType(type, branch.type);
    if (next === null) {
      throw new DatabaseError(
        "42804",
        `${construct} types ${type?.name ?? ""} and ${branch.type.name} cannot be matched`,
      );
    }
    type = next;
  }
  const target = type ?? textType;
  return branches.map((branch) => tryCoerce(branch, target, "implicit") ?? branch);
}

// Literals and parameters, whose type their context may decide.

/** A literal without a type yet. */
export function unknownLiteral(text: string, at?: number): Compiled {
  return {
    type: unknownType,
    constant: true,
    run: () => text,
    coerce(type) {
      if (type.category === "unknown") return constantOf(type, text);
      if (registeredTypes.has(type) || (type.category === "datetime" && relativeTime(text, 0) !== null)) {
        const source: Compiled = { type: textType, constant: true, run: () => text };
        return mapCompiled(source, type, findCast(unknownType, type, "explicit") ?? ((value) => value));
      }
      try {
        return constantOf(type, type.parse(text));
      } catch (error) {
        if (at !== undefined && error instanceof DatabaseError) error.placeAt(at);
        throw error;
      }
    },
  };
}

export const nullLiteral: Compiled = {
  type: unknownType,
  constant: true,
  run: () => null,
  coerce: (type) => constantOf(type, null),
};

export function compileParameter(number: number, context: CompileContext): Compiled {
  const index = number - 1;
  const run: Compiled["run"] = (env) => env.parameters[index] ?? null;
  const known = context.parameters[index];
  if (known !== undefined) return { type: known, constant: true, run };
  return {
    type: unknownType,
    constant: true,
    run,
    coerce(type) {
      const settled = context.parameters[index];
      if (settled === undefined) {
        context.parameters[index] = type;
        return { type, constant: true, run };
      }
      const typed: Compiled = { type: settled, constant: true, run };
      return tryCoerce(typed, type, "implicit") ?? tryCoerce(typed, type, "assignment") ?? typed;
    },
  };
}

export function compileNumber(text: string): Compiled {
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value < 2n ** 31n && value >= -(2n ** 31n)) return constantOf(int4Type, Number(value));
    if (value < 2n ** 63n && value >= -(2n ** 63n)) return constantOf(int8Type, value);
  }
  return constantOf(numericType, numericType.parse(text));
}

// Keywords that are values: `current_timestamp`, `current_user` and the like.

export function compileKeyword({ keyword, precision }: KeywordValue, context: CompileContext): Compiled {
  const dynamic = (type: PgType, run: Compiled["run"]): Compiled => ({ type, constant: true, run });
  const unit = 10 ** (6 - Math.min(precision ?? 6, 6));
  const micros: Compiled["run"] = ({ runtime }) => Math.round(runtime.transactionMicros / unit) * unit;
  switch (keyword) {
    case "current_timestamp":
      return dynamic(timestamptzType, micros);
    case "localtimestamp":
      return castTo(dynamic(timestamptzType, micros), timestampType);
    case "current_date":
      return castTo(dynamic(timestamptzType, micros), dateType);
    case "localtime":
    case "current_time":
      return castTo(dynamic(timestamptzType, micros), timeType);
    case "current_user":
    case "session_user":
    case "user":
    case "current_role":
      return dynamic(nameType, ({ runtime }) => runtime.user);
    case "current_schema":
      return constantOf(nameType, "public");
    case "current_catalog":
    default:
      void context;
      return dynamic(nameType, ({ runtime }) => runtime.database);
  }
}

// Bringing the two sides of an operator together.

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
      const b = right.run(env);
      return a === null || b === null ? null : apply(a, b);
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
