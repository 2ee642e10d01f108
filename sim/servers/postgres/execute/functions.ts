/** Calls of ordinary functions: finding the overload, converting the arguments. */
import { DatabaseError } from "../database-error.js";
import type { Call, Expr } from "../sql/ast.js";
import { int4Type, jsonType, jsonbType, textType, unknownType, voidType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { alignSides, settle, tryCoerce, unify } from "./coerce.js";
import {
  unsupported,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
} from "./execution-context.js";
import { toJsonText, compileAtTimeZone } from "./operators.js";
import { functionTable, knownUnsupported, type FunctionDef } from "./scalar-functions.js";

type Compile = (node: Expr, context: CompileContext) => Compiled;

/** Functions whose argument types are not fixed. */
function compileSpecial(
  name: string,
  node: Call,
  context: CompileContext,
  compile: Compile,
): Compiled | null {
  const args = (): Compiled[] => node.args.map((argument) => compile(argument, context));
  switch (name) {
    case "timezone": {
      const [zone, time] = args();
      return zone === undefined || time === undefined || node.args.length > 2
        ? null
        : compileAtTimeZone(time, zone);
    }
    case "coalesce":
      return coalesce(unify(args(), "COALESCE"));
    case "greatest":
    case "least":
      return extreme(unify(args(), name.toUpperCase()), name === "greatest" ? 1 : -1);
    case "nullif":
      return nullIf(args());
    case "to_json":
    case "to_jsonb":
      return jsonOf(name, args());
    case "json_build_object":
    case "jsonb_build_object":
    case "json_build_array":
    case "jsonb_build_array":
      return buildJson(name, args());
    case "array_length":
    case "cardinality":
    case "array_position":
    case "array_append":
    case "array_remove":
      return arrayFunction(name, args());
    case "concat":
      return concat(args().map(settle));
    default:
      return null;
  }
}

function coalesce(branches: readonly Compiled[]): Compiled {
  return {
    type: branches[0]?.type ?? unknownType,
    constant: branches.every((branch) => branch.constant),
    run(env) {
      for (const branch of branches) {
        const value = branch.run(env);
        if (value !== null) return value;
      }
      return null;
    },
  };
}

function extreme(branches: readonly Compiled[], sign: number): Compiled {
  const type = branches[0]?.type ?? unknownType;
  return {
    type,
    constant: branches.every((branch) => branch.constant),
    run(env) {
      let best: Value = null;
      for (const branch of branches) {
        const value = branch.run(env);
        if (value !== null && (best === null || type.compare(value, best) * sign > 0)) best = value;
      }
      return best;
    },
  };
}

function nullIf([first, second]: readonly Compiled[]): Compiled {
  if (first === undefined || second === undefined)
    throw new DatabaseError("42601", 'syntax error at or near ")"');
  const [a, b, type] = alignSides(first, "=", second);
  return {
    type,
    constant: a.constant && b.constant,
    run(env) {
      const value = a.run(env);
      const other = b.run(env);
      return value !== null && other !== null && type.compare(value, other) === 0 ? null : value;
    },
  };
}

function jsonOf(name: string, [argument]: readonly Compiled[]): Compiled {
  if (argument === undefined) throw new DatabaseError("42883", `function ${name}() does not exist`);
  const source = settle(argument);
  const type = name === "to_jsonb" ? jsonbType : jsonType;
  return {
    type,
    constant: source.constant,
    run(env) {
      const value = source.run(env);
      return value === null ? null : type.parse(toJsonText(value, source.type));
    },
  };
}

function buildJson(name: string, args: readonly Compiled[]): Compiled {
  const parts = args.map(settle);
  const type = name.startsWith("jsonb") ? jsonbType : jsonType;
  const isObject = name.endsWith("object");
  const finish = (text: string): Value => (type === jsonbType ? type.parse(text) : text);
  return {
    type,
    constant: parts.every((part) => part.constant),
    run(env) {
      const texts = parts.map((part) => toJsonText(part.run(env), part.type));
      if (!isObject) return finish(`[${texts.join(", ")}]`);
      const pairs: string[] = [];
      for (let at = 0; at < parts.length; at += 2) {
        const key = parts[at]?.run(env) ?? null;
        const keyType = parts[at]?.type;
        if (key === null || keyType === undefined) {
          throw new DatabaseError("22023", `argument ${at + 1}: key must not be null`);
        }
        pairs.push(`${JSON.stringify(keyType.print(key))} : ${texts[at + 1] ?? "null"}`);
      }
      return finish(`{${pairs.join(", ")}}`);
    },
  };
}

function arrayFunction(name: string, args: readonly Compiled[]): Compiled {
  const [array, second] = args;
  const element = array?.type.element;
  if (array === undefined || element === undefined)
    throw unsupported(`${name}() of something that is no array`);
  const int = (run: (items: readonly Value[], env: EvaluationContext) => Value): Compiled => ({
    type: name === "array_append" || name === "array_remove" ? array.type : int4Type,
    constant: false,
    run(env) {
      const items = array.run(env);
      return items === null && name !== "array_append"
        ? null
        : run((items as readonly Value[] | null) ?? [], env);
    },
  });
  if (name === "cardinality") return int((items) => items.flat(8).length);
  if (second === undefined)
    throw new DatabaseError("42883", `function ${name}(${array.type.name}) does not exist`);
  if (name === "array_length") {
    return int((items, env) => (second.run(env) === 1 && items.length > 0 ? items.length : null));
  }
  const item = tryCoerce(second, element, "implicit");
  if (item === null)
    throw new DatabaseError(
      "42883",
      `function ${name}(${array.type.name}, ${second.type.name}) does not exist`,
    );
  if (name === "array_append") return int((items, env) => [...items, item.run(env)]);
  const same = (a: Value, b: Value): boolean =>
    a === null || b === null ? a === b : element.compare(a, b) === 0;
  if (name === "array_remove") {
    return int((items, env) => {
      const wanted = item.run(env);
      return items.filter((other) => !same(other, wanted));
    });
  }
  return int((items, env) => {
    const wanted = item.run(env);
    const at = items.findIndex((other) => same(other, wanted));
    return at < 0 ? null : at + 1;
  });
}

function concat(parts: readonly Compiled[]): Compiled {
  return {
    type: textType,
    constant: parts.every((part) => part.constant),
    run: (env) =>
      parts
        .map((part) => {
          const value = part.run(env);
          return value === null ? "" : part.type.print(value);
        })
        .join(""),
  };
}

function matchOverload(
  overloads: readonly FunctionDef[],
  args: readonly Compiled[],
): { def: FunctionDef; args: Compiled[] } | null {
  const isExact = (def: FunctionDef): boolean =>
    args.every(
      (argument, index) => argument.coerce !== undefined || argument.type.oid === def.args[index]?.oid,
    );
  for (const def of [...overloads.filter(isExact), ...overloads]) {
    if (args.length < (def.required ?? def.args.length) || args.length > def.args.length) continue;
    const fits = args.every((argument, index) => {
      const type = def.args[index];
      return type !== undefined && (argument.coerce !== undefined || fitsExactly(argument, type));
    });
    if (!fits) continue;
    const converted = args.map((argument, index) =>
      tryCoerce(argument, def.args[index] ?? argument.type, "implicit"),
    );
    if (converted.every((argument) => argument !== null)) return { def, args: converted };
  }
  return null;
}

function fitsExactly(argument: Compiled, type: PgType): boolean {
  return tryCoerce(argument, type, "implicit") !== null;
}

/** @param shownName - Name for messages when it differs from the called one. */
export function compileFunction(
  node: Call,
  context: CompileContext,
  compile: Compile,
  shownName?: string,
): Compiled {
  const { name, schema } = node;
  if (node.over !== undefined) throw unsupported("window functions");
  if (schema !== undefined && schema !== "pg_catalog") throw unsupported(`functions of the schema ${schema}`);
  const special = compileSpecial(name, node, context, compile);
  if (special !== null) return special;
  const overloads = functionTable.get(shownName ?? name);
  if (overloads === undefined) {
    if (knownUnsupported.has(name)) throw unsupported(`the function ${name}`);
  }
  const args = node.args.map((argument) => compile(argument, context));
  const match = overloads === undefined ? null : matchOverload(overloads, args);
  if (match === null) {
    const shown = `${name}(${args.map((argument) => argument.type.name).join(", ")})`;
    throw new DatabaseError("42883", `function ${shown} does not exist`, {
      hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
    });
  }
  return callOf(match.def, match.args);
}

function callOf(def: FunctionDef, args: readonly Compiled[]): Compiled {
  const { wait } = def;
  if (wait != null) {
    return {
      type: voidType,
      constant: false,
      run() {
        throw unsupported(`${def.name}() anywhere but as a column of a SELECT`);
      },
      *runWaiting(env) {
        const asked = wait(
          args.map((argument) => argument.run(env)),
          env,
        );
        if (asked !== null) yield asked;
        return "";
      },
    };
  }
  const [first] = args;
  const constant = def.volatile !== true && args.every((argument) => argument.constant);
  if (def.calledOnNull !== true && args.length === 1 && first !== undefined) {
    return {
      type: def.result,
      constant,
      run(env) {
        const value = first.run(env);
        return value === null ? null : def.run([value], env);
      },
    };
  }
  return {
    type: def.result,
    constant,
    run(env) {
      const values = args.map((argument) => argument.run(env));
      return def.calledOnNull !== true && values.includes(null) ? null : def.run(values, env);
    },
  };
}
