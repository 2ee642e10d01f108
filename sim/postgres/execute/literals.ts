/** Literals and parameters, whose type their surroundings may decide. */
import { int4Type, int8Type, numericType, unknownType } from "../types/builtin.js";
import { constantOf, tryCoerce } from "./coerce.js";
import type { Compiled, CompileContext } from "./env.js";

/** A literal without a type yet. */
export function unknownLiteral(text: string): Compiled {
  return {
    type: unknownType,
    constant: true,
    run: () => text,
    coerce: (type) => constantOf(type, type.category === "unknown" ? text : type.parse(text)),
  };
}

export const nullLiteral: Compiled = {
  type: unknownType,
  constant: true,
  run: () => null,
  coerce: (type) => constantOf(type, null),
};

export function compileParameter(name: string, context: CompileContext): Compiled {
  const index = Number(name.slice(1)) - 1;
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
  if (/^\d+$/.test(text)) {
    const value = BigInt(text);
    if (value < 2n ** 31n) return constantOf(int4Type, Number(value));
    if (value < 2n ** 63n) return constantOf(int8Type, value);
  }
  return constantOf(numericType, numericType.parse(text));
}
