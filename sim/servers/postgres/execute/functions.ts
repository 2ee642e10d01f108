/** Calls of ordinary functions: special forms, then the overload that fits. */
import { DatabaseError } from "../database-error.js";
import type { Call, Expr } from "../sql/ast.js";
import { textType, unknownType } from "../types/builtin.js";
import { findCast } from "../types/cast.js";
import { types } from "../types/type-names.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { alignSides, castTo, constantOf, unify } from "./coerce.js";
import { unsupported, type CompileContext, type Compiled } from "./execution-context.js";
import { functionTable, knownUnsupported } from "./functions/table.js";
import { invoke, noFunction, resolve, type FunctionDef } from "./resolution.js";

type Compile = (node: Expr, context: CompileContext) => Compiled;

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

const isInteger = ({ oid }: PgType): boolean => oid === 21 || oid === 23 || oid === 20;

function nullIf([first, second]: readonly Compiled[]): Compiled {
  if (first === undefined || second === undefined)
    throw new DatabaseError("42601", 'syntax error at or near ")"');
  const [a, b, type] = alignSides(first, "=", second);
  // Integers among themselves, floats and dates are compared as they are; others take the type of the comparison.
  const isKept =
    first.coerce === undefined &&
    ((isInteger(first.type) && isInteger(second.type)) || type.category === "datetime");
  const shown = isKept ? first : a;
  return {
    type: shown.type,
    constant: a.constant && b.constant,
    run(env) {
      const value = a.run(env);
      const other = b.run(env);
      return value !== null && other !== null && type.compare(value, other) === 0 ? null : shown.run(env);
    },
  };
}

/** Forms that are no functions, whatever they look like. */
const special: Readonly<Record<string, (args: readonly Compiled[]) => Compiled>> = {
  coalesce: (args) => coalesce(unify(args, "COALESCE")),
  greatest: (args) => extreme(unify(args, "GREATEST"), 1),
  least: (args) => extreme(unify(args, "LEAST"), -1),
  nullif: nullIf,
};

/** Names of arguments, where functions are called by them; what is left out is zero or left to the function. */
const argumentNames: Readonly<Record<string, readonly string[]>> = {
  make_interval: ["years", "months", "weeks", "days", "hours", "mins", "secs"],
  make_date: ["year", "month", "day"],
  make_time: ["hour", "min", "sec"],
  make_timestamp: ["year", "month", "mday", "hour", "min", "sec"],
  make_timestamptz: ["year", "month", "mday", "hour", "min", "sec", "timezone"],
  jsonb_set: ["jsonb_in", "path", "replacement", "create_if_missing"],
  jsonb_insert: ["jsonb_in", "path", "replacement", "insert_after"],
};

/** Brings arguments given by name to their places. */
function placeArguments(
  { name, argumentNames: given = [] }: Call,
  args: readonly Compiled[],
): readonly Compiled[] {
  const names = argumentNames[name];
  if (names === undefined) throw unsupported(`named arguments of ${name}()`);
  const placed: Compiled[] = [];
  for (const [index, argument] of args.entries()) {
    const place = given[index] == null ? index : names.indexOf(given[index]);
    if (place < 0 || placed[place] !== undefined) throw noFunction(name, args);
    placed[place] = argument;
  }
  return Array.from(
    placed,
    (argument: Compiled | undefined) =>
      argument ?? castTo(constantOf(textType, "0"), types["int4"] ?? textType),
  );
}

/** `date(x)` is a cast where no function is called so. */
function castCall(name: string, args: readonly Compiled[]): Compiled | null {
  const type = types[name];
  const [only] = args;
  if (type === undefined || only === undefined || args.length > 1 || name === "char") return null;
  return only.coerce !== undefined || findCast(only.type, type, "explicit") !== null
    ? castTo(only, type)
    : null;
}

/** @throws DatabaseError 42883, 42725; SimError for functions that are not simulated. */
export function compileFunction(
  node: Call,
  context: CompileContext,
  compile: Compile,
  shownName?: string,
): Compiled {
  const { name, schema } = node;
  if (node.over !== undefined) throw unsupported("window functions");
  if (schema !== undefined && schema !== "pg_catalog") throw unsupported(`functions of the schema ${schema}`);
  const given = node.args.map((argument) => compile(argument, context));
  const form = special[name];
  if (form !== undefined) return form(given);
  const args = node.argumentNames === undefined ? given : placeArguments(node, given);
  const defs = functionTable.get(shownName ?? name) ?? [];
  const match = resolve(defs, args, node.variadic !== true);
  if (match !== "none" && match !== "ambiguous") return callOf(match.def, match);
  const cast = match === "none" ? castCall(name, args) : null;
  if (cast !== null) return cast;
  if (defs.length === 0 && knownUnsupported.has(name)) throw unsupported(`the function ${name}`);
  throw noFunction(name, args, match);
}

function callOf({ name, wait }: FunctionDef, match: Exclude<ReturnType<typeof resolve>, string>): Compiled {
  if (wait === undefined) return invoke(match);
  return {
    type: match.result,
    constant: false,
    run() {
      throw unsupported(`${name}() anywhere but as a column of a SELECT`);
    },
    *runWaiting(env) {
      const values = match.args.map((argument) => argument.run(env));
      const asked = values.includes(null) ? null : wait(values, env);
      if (asked !== null) yield asked;
      return values.includes(null) ? null : "";
    },
  };
}
