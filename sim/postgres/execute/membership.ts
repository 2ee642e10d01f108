/** `IN`, `= ANY(...)`, `<> ALL(...)`. */
import type { Expr, ExprBinary, ExprCall } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import { boolType, textType } from "../types/builtin.js";
import { arrayOf } from "../types/type.js";
import type { Value } from "../types/value.js";
import { constantOf } from "./coerce.js";
import type { Compiled, CompileContext, Env } from "./env.js";
import { compileBinary } from "./operators.js";
import { combine } from "./sides.js";
import { unsupported } from "./unsupported.js";

type Compile = (node: Expr, context: CompileContext) => Compiled;

const subqueryTypes = new Set(["select", "values", "union", "union all", "with"]);

/** A cell that a comparison reads while a list is walked. */
function createSlot(type: Compiled["type"]): { readonly source: Compiled; set(value: Value): void } {
  let current: Value = null;
  return { source: { type, constant: false, run: () => current }, set: (value) => (current = value) };
}

/** True when one comparison is true, null when one is null and none is true. */
function anyOf(items: readonly Compiled[], env: Env): boolean | null {
  let sawNull = false;
  for (const item of items) {
    const result = item.run(env);
    if (result === true) return true;
    if (result === null) sawNull = true;
  }
  return sawNull ? null : false;
}

export function compileIn(node: ExprBinary, context: CompileContext, compile: Compile): Compiled {
  const negate = node.op === "NOT IN";
  const { right } = node;
  if (subqueryTypes.has(right.type)) return compileInSubquery(node, negate, context, compile);
  if (right.type !== "list") {
    throw new DatabaseError("42601", "syntax error in IN list");
  }
  const comparisons = right.expressions.map((item) =>
    compile({ type: "binary", op: "=", left: node.left, right: item }, context),
  );
  return {
    type: boolType,
    constant: comparisons.every((item) => item.constant),
    run(env) {
      const found = anyOf(comparisons, env);
      return found === null ? null : found !== negate;
    },
  };
}

function compileInSubquery(
  node: ExprBinary,
  negate: boolean,
  context: CompileContext,
  compile: Compile,
): Compiled {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  const query = context.subquery(node.right, context);
  const [type] = query.types;
  if (type === undefined || query.types.length !== 1 || node.left.type === "list") {
    if (node.left.type === "list") throw unsupported("a row IN (subquery)");
    throw new DatabaseError("42601", "subquery has too many columns");
  }
  const slot = createSlot(type);
  const comparison = compileBinary("=", compile(node.left, context), slot.source);
  return {
    type: boolType,
    constant: false,
    run(env) {
      let sawNull = false;
      for (const row of query.run(env)) {
        slot.set(row[0] ?? null);
        const result = comparison.run(env);
        if (result === true) return !negate;
        if (result === null) sawNull = true;
      }
      return sawNull ? null : negate;
    },
  };
}

export function compileAnyAll(
  node: ExprBinary,
  call: ExprCall,
  context: CompileContext,
  compile: Compile,
): Compiled {
  const all = call.function.name === "all";
  const [argument] = call.args;
  if (argument === undefined || call.args.length !== 1)
    throw new DatabaseError("42601", 'syntax error at or near ")"');
  if (subqueryTypes.has(argument.type)) {
    if (node.op === "=" && !all)
      return compileInSubquery({ ...node, right: argument }, false, context, compile);
    throw unsupported(`${node.op} ${all ? "ALL" : "ANY"} (subquery)`);
  }
  const left = compile(node.left, context);
  const source = compile(argument, context);
  const array =
    source.coerce === undefined
      ? source
      : source.coerce(arrayOf(left.coerce === undefined ? left.type : left.coerce(textType).type));
  const { element } = array.type;
  if (element === undefined) {
    throw new DatabaseError("42809", "op ANY/ALL (array) requires array on right side");
  }
  const slot = createSlot(element);
  const comparison = compileBinary(node.op, left, slot.source);
  const walk = combine(constantOf(boolType, true), array, boolType, (_, value) => value);
  return {
    type: boolType,
    constant: left.constant && array.constant,
    run(env) {
      const items = walk.run(env) as readonly Value[] | null;
      if (items === null) return null;
      let sawNull = false;
      for (const item of items) {
        slot.set(item);
        const result = comparison.run(env);
        if (result === !all) return !all;
        if (result === null) sawNull = true;
      }
      return sawNull ? null : all;
    },
  };
}
