/** Binary operators: which exist between which types, and what they do. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "../types/builtin.js";
import { type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { tryCoerce } from "./coerce.js";
import type { Compiled } from "./env.js";
import { compileMatch } from "./patterns.js";
import { unsupported } from "./unsupported.js";
import { compileJson } from "./json-operators.js";
import { alignSides, combine, noOperator } from "./sides.js";
import { compileNumber, compileTime } from "./arithmetic.js";

const primitives = new Set(["boolean", "enum", "datetime"]);

/** Whether two values of a type are equal exactly when `===` says so. */
function isPrimitive(type: PgType): boolean {
  if (primitives.has(type.category) || type.oid === builtin.uuidType.oid) return true;
  if (type.category === "number") return type.size > 0 && type.oid !== 700 && type.oid !== 701;
  return type.category === "text" && type.oid !== builtin.bpcharType.oid;
}

export function compileComparison(op: string, left: Compiled, right: Compiled): Compiled {
  const [a, b, type] = alignSides(left, op, right);
  if (type.oid === builtin.jsonType.oid) throw noOperator(type, op, type);
  const compare = type.compare;
  const bool = builtin.boolType;
  if (op === "=")
    return combine(a, b, bool, isPrimitive(type) ? (x, y) => x === y : (x, y) => compare(x, y) === 0);
  if (op === "<>")
    return combine(a, b, bool, isPrimitive(type) ? (x, y) => x !== y : (x, y) => compare(x, y) !== 0);
  if (type.oid === builtin.jsonbType.oid) throw unsupported(`ordering of jsonb by ${op}`);
  if (op === "<") return combine(a, b, bool, (x, y) => compare(x, y) < 0);
  if (op === "<=") return combine(a, b, bool, (x, y) => compare(x, y) <= 0);
  if (op === ">") return combine(a, b, bool, (x, y) => compare(x, y) > 0);
  return combine(a, b, bool, (x, y) => compare(x, y) >= 0);
}

function compileConcat(left: Compiled, right: Compiled): Compiled | null {
  if (left.type.category === "array" || right.type.category === "array")
    return compileArrayConcat(left, right);
  const isText = (side: Compiled): boolean => side.coerce !== undefined || side.type.category === "text";
  if (!isText(left) && !isText(right)) return null;
  const a = tryCoerce(left, builtin.textType, "assignment");
  const b = tryCoerce(right, builtin.textType, "assignment");
  if (a === null || b === null) return null;
  return combine(a, b, builtin.textType, (x, y) => (x as string) + (y as string));
}

function compileArrayConcat(left: Compiled, right: Compiled): Compiled | null {
  const type = left.type.category === "array" ? left.type : right.type;
  const part = (side: Compiled): Compiled | null =>
    side.type.category === "array" || side.coerce !== undefined
      ? tryCoerce(side, type, "implicit")
      : tryCoerce(side, type.element ?? type, "implicit");
  const a = part(left);
  const b = part(right);
  if (a === null || b === null) return null;
  return {
    type,
    constant: a.constant && b.constant,
    run(env) {
      const items = [a, b].flatMap((side) => {
        const value = side.run(env);
        if (side.type.category === "array") return value === null ? [] : value;
        return [value];
      });
      return items;
    },
  };
}

function compileArrayOverlap(op: string, left: Compiled, right: Compiled): Compiled {
  const [a, b, type] = alignSides(left, op, right);
  const element = type.element;
  if (element === undefined) throw noOperator(left.type, op, right.type);
  const has = (list: readonly Value[], item: Value): boolean =>
    item !== null && list.some((other) => other !== null && element.compare(item, other) === 0);
  return combine(a, b, builtin.boolType, (x, y) => {
    const one = x as readonly Value[];
    const two = y as readonly Value[];
    if (op === "@>") return two.every((item) => has(one, item));
    if (op === "<@") return one.every((item) => has(two, item));
    return one.some((item) => has(two, item));
  });
}

const comparisons = new Set(["=", "<>", "<", "<=", ">", ">="]);
const matches = new Set(["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE", "~", "~*", "!~"]);

/** @throws DatabaseError 42883 when there is no such operator. */
export function compileBinary(op: string, left: Compiled, right: Compiled): Compiled {
  const name = op === "!=" ? "<>" : op;
  if (comparisons.has(name)) return compileComparison(name, left, right);
  if (matches.has(name)) return compileMatch(name, left, right, noOperator);
  const found = compileOther(name, left, right);
  if (found === null) throw noOperator(left.type, op, right.type);
  return found;
}

function compileOther(op: string, left: Compiled, right: Compiled): Compiled | null {
  if (left.coerce !== undefined && right.coerce !== undefined && op !== "||") {
    throw new DatabaseError("42725", `operator is not unique: unknown ${op} unknown`, {
      hint: "Could not choose a best candidate operator. You might need to add explicit type casts.",
    });
  }
  if (left.type.category === "json" || right.type.category === "json") {
    const json = compileJson(op, left, right);
    if (json !== null) return json;
  }
  if (op === "||") return compileConcat(left, right);
  if (["@>", "<@", "&&"].includes(op)) return compileArrayOverlap(op, left, right);
  const categories = new Set([left.type.category, right.type.category]);
  if (categories.has("datetime") || categories.has("interval")) return compileTime(op, left, right);
  if (categories.has("number")) return compileNumber(op, left, right);
  return null;
}
