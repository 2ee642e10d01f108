/** Operators: comparisons of any type here, all others from the table of functions. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "../types/builtin.js";
import { boolType, int4Type, textType } from "../types/builtin.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { alignSides, asCondition, combine, noOperator, tryCoerce } from "./coerce.js";
import type { Compiled } from "./execution-context.js";
import { functionTable } from "./functions/table.js";
import { invoke, resolve, type FunctionDef } from "./resolution.js";

export { toJsonText } from "./functions/json.js";

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
  if (op === "<") return combine(a, b, bool, (x, y) => compare(x, y) < 0);
  if (op === "<=") return combine(a, b, bool, (x, y) => compare(x, y) <= 0);
  if (op === ">") return combine(a, b, bool, (x, y) => compare(x, y) > 0);
  return combine(a, b, bool, (x, y) => compare(x, y) >= 0);
}

const comparisons = new Set(["=", "<>", "<", "<=", ">", ">="]);
/** Operators that the trees say in words. */
const signs: Readonly<Record<string, string>> = {
  LIKE: "~~",
  "NOT LIKE": "!~~",
  ILIKE: "~~*",
  "NOT ILIKE": "!~~*",
  "!=": "<>",
};

function notUnique(shown: string): DatabaseError {
  return new DatabaseError("42725", `operator is not unique: ${shown}`, {
    hint: "Could not choose a best candidate operator. You might need to add explicit type casts.",
  });
}

/** A literal beside a value is first taken for the value's type. */
function exactWithLiteral(
  defs: readonly FunctionDef[],
  left: Compiled,
  right: Compiled,
): FunctionDef | undefined {
  if ((left.coerce === undefined) === (right.coerce === undefined)) return undefined;
  const { oid } = left.coerce === undefined ? left.type : right.type;
  return defs.find(({ args: [a, b] }) => a?.oid === oid && b?.oid === oid);
}

/** @throws DatabaseError 42883, 42725 */
export function compileBinary(op: string, left: Compiled, right: Compiled): Compiled {
  const name = signs[op] ?? op;
  if (comparisons.has(name)) return compileComparison(name, left, right);
  const defs = (functionTable.get(name) ?? []).filter(({ args }) => args.length === 2);
  const exact = exactWithLiteral(defs, left, right);
  const match = resolve(exact === undefined ? defs : [exact], [left, right]);
  if (match === "none") throw noOperator(left.type, name, right.type);
  if (match === "ambiguous") throw notUnique(`${left.type.name} ${name} ${right.type.name}`);
  return invoke(match);
}

/** An operator before its operand. @throws DatabaseError 42883, 42725 */
export function compilePrefix(op: string, operand: Compiled): Compiled {
  const defs = (functionTable.get(op) ?? []).filter(({ args }) => args.length === 1);
  const match = resolve(defs, [operand]);
  if (match === "ambiguous") throw notUnique(`${op} ${operand.type.name}`);
  if (match !== "none") return invoke(match);
  throw new DatabaseError("42883", `operator does not exist: ${op} ${operand.type.name}`, {
    hint: "No operator matches the given name and argument type. You might need to add an explicit type cast.",
  });
}

/** AND and OR with three values. */
export function compileLogic(op: "AND" | "OR", left: Compiled, right: Compiled): Compiled {
  const a = asCondition(left, boolType, op);
  const b = asCondition(right, boolType, op);
  const decisive = op === "OR";
  return {
    type: boolType,
    constant: a.constant && b.constant,
    run(env) {
      const first = a.run(env);
      if (first === decisive) return decisive;
      const second = b.run(env);
      if (second === decisive) return decisive;
      return first === null || second === null ? null : !decisive;
    },
  };
}

export function compileDistinctFrom(left: Compiled, right: Compiled, negate: boolean): Compiled {
  const [a, b, type] = alignSides(left, "=", right);
  return {
    type: boolType,
    constant: a.constant && b.constant,
    run(env) {
      const x = a.run(env);
      const y = b.run(env);
      const same = x === null || y === null ? x === y : type.compare(x, y) === 0;
      return same === negate;
    },
  };
}

// Subscripts.

function notSubscriptable({ name }: PgType): DatabaseError {
  return new DatabaseError("42804", `cannot subscript type ${name} because it does not support subscripting`);
}

/** `a[1]`, and `j['key']` of jsonb. */
export function compileIndex(array: Compiled, index: Compiled): Compiled {
  if (array.type.oid === builtin.jsonbType.oid) {
    const isText = index.coerce !== undefined || index.type.category === "text";
    const step = tryCoerce(index, isText ? textType : int4Type, "assignment");
    if (step === null)
      throw new DatabaseError("42804", `subscript type ${index.type.name} is not supported`, {
        hint: "jsonb subscript must be coercible to either integer or text.",
      });
    if (!isText) return compileBinary("->", array, step);
    return compileBinary("#>", array, {
      type: arrayOf(textType),
      constant: step.constant,
      run: (env) => {
        const key = step.run(env);
        return key === null ? null : [key];
      },
    });
  }
  const outer = nested.get(array);
  const { element } = outer?.type ?? array.type;
  if (element === undefined) throw notSubscriptable(array.type);
  const at = tryCoerce(index, int4Type, "assignment");
  if (at === null) throw new DatabaseError("42804", "array subscript must have type integer");
  const source = outer ?? array;
  const item: Compiled = {
    type: source.type,
    constant: array.constant && at.constant,
    run(env) {
      const items = source.run(env);
      const place = at.run(env) as number | null;
      return !Array.isArray(items) || place === null
        ? null
        : ((items as readonly Value[])[place - 1] ?? null);
    },
  };
  // With fewer subscripts than dimensions there is no element.
  const found: Compiled = {
    type: element,
    constant: item.constant,
    run(env) {
      const value = item.run(env);
      return Array.isArray(value) && element.fields === undefined ? null : value;
    },
  };
  nested.set(found, item);
  return found;
}

/** What a subscript found, as something that can be subscripted again. */
const nested = new WeakMap<Compiled, Compiled>();
