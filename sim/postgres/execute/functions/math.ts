/** Arithmetic functions. */
import { DatabaseError } from "../../database-error.js";
import { float8Type, int4Type, int8Type, numericType } from "../../types/builtin.js";
import { checkInteger } from "../../types/cast.js";
import { negateNumeric, type Numeric, roundNumeric } from "../../types/numeric.js";
import type { PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import type { FunctionDef } from "../function-table.js";

function overload(name: string, type: PgType, run: (value: Value) => Value): FunctionDef {
  return { name, args: [type], result: type, run: ([value = null]) => run(value) };
}

function floatFunction(name: string, apply: (value: number) => number): FunctionDef {
  return overload(name, float8Type, (value) => apply(value as number));
}

/** Rounds towards an infinity: `direction` is 1 for ceil, -1 for floor. */
function roundTowards(value: Numeric, direction: number): Numeric {
  if (value.digits === null) return value;
  const unit = 10n ** BigInt(value.scale);
  const whole = value.digits / unit;
  const rest = value.digits % unit;
  const step = rest === 0n || rest > 0n !== direction > 0 ? 0n : BigInt(direction);
  return { digits: whole + step, scale: 0 };
}

function halfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const mathFunctions: readonly FunctionDef[] = [
  overload("abs", int4Type, (value) => checkInteger(int4Type, Math.abs(value as number))),
  overload("abs", int8Type, (value) => ((value as bigint) < 0n ? -(value as bigint) : value)),
  overload("abs", numericType, (value) => {
    const number = value as Numeric;
    return number.digits !== null && number.digits < 0n ? negateNumeric(number) : number;
  }),
  floatFunction("abs", Math.abs),
  overload("ceil", numericType, (value) => roundTowards(value as Numeric, 1)),
  floatFunction("ceil", Math.ceil),
  overload("ceiling", numericType, (value) => roundTowards(value as Numeric, 1)),
  floatFunction("ceiling", Math.ceil),
  overload("floor", numericType, (value) => roundTowards(value as Numeric, -1)),
  floatFunction("floor", Math.floor),
  overload("round", numericType, (value) => roundNumeric(value as Numeric, 0)),
  floatFunction("round", halfEven),
  {
    name: "round",
    args: [numericType, int4Type],
    result: numericType,
    run: ([value = null, digits = null]) => {
      if ((digits as number) < 0) {
        const tens = 10n ** BigInt(-(digits as number));
        const { digits: whole } = roundNumeric(
          { digits: (value as Numeric).digits, scale: (value as Numeric).scale - (digits as number) },
          0,
        );
        return { digits: whole === null ? null : whole * tens, scale: 0 };
      }
      return roundNumeric(value as Numeric, digits as number);
    },
  },
  floatFunction("trunc", Math.trunc),
  floatFunction("sqrt", (value) => {
    if (value < 0) throw new DatabaseError("2201F", "cannot take square root of a negative number");
    return Math.sqrt(value);
  }),
  {
    name: "power",
    args: [float8Type, float8Type],
    result: float8Type,
    run: ([base = null, exponent = null]) => (base as number) ** (exponent as number),
  },
  {
    name: "mod",
    args: [int4Type, int4Type],
    result: int4Type,
    run: ([value = null, divisor = null]) => {
      if (divisor === 0) throw new DatabaseError("22012", "division by zero");
      return ((value as number) % (divisor as number)) + 0;
    },
  },
];
