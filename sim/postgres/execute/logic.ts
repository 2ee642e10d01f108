/** Operators that treat null in their own way, and other special forms. */
import { DatabaseError } from "../database-error.js";
import { boolType, float8Type, int4Type, timestampType, timestamptzType } from "../types/builtin.js";
import { negateNumeric, type Numeric } from "../types/numeric.js";
import type { Value } from "../types/value.js";
import { asCondition, constantOf, mapCompiled, settle, tryCoerce } from "./coerce.js";
import type { Compiled } from "./env.js";
import { compileBinary } from "./operators.js";
import { alignSides, combine } from "./sides.js";
import { unsupported } from "./unsupported.js";

export function compileMinus(operand: Compiled): Compiled {
  const number = operand.coerce === undefined ? operand : operand.coerce(float8Type);
  if (number.type.category === "interval") return compileBinary("*", number, constantOf(int4Type, -1));
  if (number.type.category !== "number") {
    throw new DatabaseError("42883", `operator does not exist: - ${number.type.name}`, {
      hint: "No operator matches the given name and argument type. You might need to add an explicit type cast.",
    });
  }
  return mapCompiled(number, number.type, (value) => {
    if (typeof value === "bigint") return -value;
    return typeof value === "number" ? 0 - value : negateNumeric(value as Numeric);
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

export function compileAtTimeZone(left: Compiled, zone: Compiled): Compiled {
  const name = settle(zone);
  const from = left.coerce === undefined ? left : left.coerce(timestamptzType);
  const to = from.type.oid === timestamptzType.oid ? timestampType : timestamptzType;
  return combine(from, name, to, (micros, text) => {
    if (!/^(utc|gmt|etc\/utc|z)$/i.test(text as string)) throw unsupported(`the time zone ${text as string}`);
    return micros;
  });
}

export function compileIndex(array: Compiled, index: Compiled): Compiled {
  const { element } = array.type;
  if (element === undefined)
    throw new DatabaseError(
      "42804",
      `cannot subscript type ${array.type.name} because it does not support subscripting`,
    );
  const at = tryCoerce(index, int4Type, "assignment");
  if (at === null) throw new DatabaseError("42804", "array subscript must have type integer");
  return combine(
    array,
    at,
    element,
    (items, place) => (items as readonly Value[])[(place as number) - 1] ?? null,
  );
}
