/** The type checker: what the grammar accepts and the server refuses. */
import { goQuote } from "../labels/index.js";
import { isComparison, isSetOperator, type Binary, type Call, type Expr, type ValueType } from "./ast.js";
import type { Dialect } from "./dialect.js";
import { PromqlParseError } from "./parse-error.js";
import { AGGREGATORS, findFunction } from "./signatures.js";

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  vector: "instant vector",
  matrix: "range vector",
  string: "string",
};

/** @throws PromqlParseError at the first place where types do not fit. @returns The type of the whole. */
export function checkTypes(
  expr: Expr,
  query: string,
  dialect: Dialect,
  experimentalFunctions: boolean,
): ValueType {
  const check = (inner: Expr): ValueType => checkTypes(inner, query, dialect, experimentalFunctions);
  const fail = (at: Pick<Expr, "span">, problem: string): never => {
    throw new PromqlParseError(problem, at.span, query);
  };
  const expect = (inner: Expr, wanted: ValueType, where: string): void => {
    const found = check(inner);
    if (found !== wanted)
      fail(inner, `expected type ${DOCUMENTED[wanted]} in ${where}, got ${DOCUMENTED[found]}`);
  };
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
      return "vector";
    case "range":
      return "matrix";
    case "paren":
      return check(expr.expr);
    case "subquery": {
      const type = check(expr.expr);
      if (type !== "vector") fail(expr, `subquery is only allowed on instant vector, got ${type} instead`);
      return "matrix";
    }
    case "unary": {
      const type = check(expr.expr);
      if (type !== "scalar" && type !== "vector") {
        fail(
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got ${goQuote(DOCUMENTED[type])}`,
        );
      }
      return type;
    }
    case "aggregate": {
      expect(expr.expr, "vector", "aggregation expression");
      const wanted = AGGREGATORS.get(expr.operator);
      if (expr.param !== undefined && wanted !== undefined)
        expect(expr.param, wanted, "aggregation parameter");
      return "vector";
    }
    case "binary":
      return checkBinary(expr, check, fail);
    case "call":
    default:
      return checkCall(expr, dialect, experimentalFunctions, expect, fail);
  }
}

function checkCall(
  call: Call,
  dialect: Dialect,
  experimentalFunctions: boolean,
  expect: (inner: Expr, wanted: ValueType, where: string) => void,
  fail: (at: Pick<Expr, "span">, problem: string) => never,
): ValueType {
  const signature =
    findFunction(call.name, dialect) ?? fail(call, `unknown function with name ${goQuote(call.name)}`);
  const name = goQuote(call.name);
  const { refused } = signature;
  if (refused === "experimental" || (refused === "behind a flag" && !experimentalFunctions))
    fail(call, `function ${name} is not enabled: it is experimental`);
  if (refused === "native histograms") {
    fail(call, `function ${name} works on native histograms, which are not supported`);
  }
  const { args, optional } = signature;
  const least = optional === 0 ? args.length : args.length - Math.abs(optional);
  const found = call.args.length;
  if (optional === 0 && found !== least)
    fail(call, `expected ${least} argument(s) in call to ${name}, got ${found}`);
  if (found < least) fail(call, `expected at least ${least} argument(s) in call to ${name}, got ${found}`);
  if (optional > 0 && found > args.length) {
    fail(call, `expected at most ${args.length} argument(s) in call to ${name}, got ${found}`);
  }
  call.args.forEach((argument, index) => {
    expect(argument, args[Math.min(index, args.length - 1)] ?? "vector", `call to function ${name}`);
  });
  return signature.returns;
}

function checkBinary(
  expr: Binary,
  check: (inner: Expr) => ValueType,
  fail: (at: Pick<Expr, "span">, problem: string) => never,
): ValueType {
  const left = check(expr.left);
  const right = check(expr.right);
  const { operator, matching } = expr;
  const failAtOperator = (problem: string): never => fail({ span: expr.operatorSpan }, problem);
  if (expr.returnBool && !isComparison(operator))
    failAtOperator("bool modifier can only be used on comparison operators");
  const scalars = left === "scalar" && right === "scalar";
  if (isComparison(operator) && !expr.returnBool && scalars) {
    failAtOperator("comparisons between scalars must use BOOL modifier");
  }
  const clash =
    matching?.on === true ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (clash !== undefined)
    failAtOperator(`label ${goQuote(clash)} must not occur in ON and GROUP clause at once`);
  for (const [type, side] of [
    [left, expr.left],
    [right, expr.right],
  ] as const) {
    if (type !== "scalar" && type !== "vector") {
      fail(side, "binary expression must contain only scalar and instant vector types");
    }
  }
  if (left !== "vector" || right !== "vector") {
    if ((matching?.labels.length ?? 0) > 0)
      fail(expr, "vector matching only allowed between instant vectors");
    if (isSetOperator(operator))
      fail(expr, `set operator ${goQuote(operator)} not allowed in binary scalar expression`);
  } else if (isSetOperator(operator) && matching?.cardinality !== "many-to-many") {
    fail(expr, `no grouping allowed for ${goQuote(operator)} operation`);
  }
  return scalars ? "scalar" : "vector";
}
