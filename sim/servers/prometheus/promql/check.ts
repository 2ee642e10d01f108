/** The type checker: what the grammar accepts and the server refuses. */
import { goQuote } from "../labels.js";
import { isComparison, isSetOperator, type Binary, type Call, type Expr, type ValueType } from "./ast.js";
import type { Dialect } from "./context.js";
import { PromqlParseError } from "./parse-error.js";

// The functions and aggregations of the language: names, argument types, and what is left out.

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be missing; -1: the last one may also repeat without end. */
  readonly optional: number;
  readonly returns: ValueType;
  /** Why it cannot be called here; undefined when it can. */
  readonly refused?: "experimental" | "behind a flag" | "native histograms";
}

/** Aggregations, with the type of their parameter. */
export const AGGREGATORS: ReadonlyMap<string, ValueType | undefined> = new Map<string, ValueType | undefined>(
  [
    ["sum", undefined],
    ["avg", undefined],
    ["count", undefined],
    ["min", undefined],
    ["max", undefined],
    ["group", undefined],
    ["stddev", undefined],
    ["stdvar", undefined],
    ["topk", "scalar"],
    ["bottomk", "scalar"],
    ["quantile", "scalar"],
    ["count_values", "string"],
    ["limitk", "scalar"],
    ["limit_ratio", "scalar"],
  ],
);

/** Aggregations that the server has only behind a flag. */
export const EXPERIMENTAL_AGGREGATORS: ReadonlySet<string> = new Set(["limitk", "limit_ratio"]);

const SHAPES: readonly [shape: string, names: string][] = [
  [
    "vector -> vector",
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp",
  ],
  [
    "matrix -> vector",
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time",
  ],
  ["vector? -> vector", "day_of_month day_of_week day_of_year days_in_month hour minute month year"],
  ["vector scalar scalar -> vector", "clamp"],
  ["vector scalar -> vector", "clamp_max clamp_min"],
  ["vector scalar? -> vector", "round"],
  ["scalar scalar vector -> vector", "histogram_fraction"],
  ["scalar vector -> vector", "histogram_quantile"],
  ["matrix scalar -> vector", "predict_linear"],
  ["scalar matrix -> vector", "quantile_over_time"],
  ["matrix scalar scalar -> vector", "holt_winters"],
  ["vector string string string... -> vector", "label_join"],
  ["vector string string string string -> vector", "label_replace"],
  ["-> scalar", "pi time"],
  ["vector -> scalar", "scalar"],
  ["scalar -> vector", "vector"],
];

const NATIVE_ONLY = "histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar".split(
  " ",
);
/** Experimental functions that an engine knows if its options say so. */
const BEHIND_FLAG: readonly [shape: string, names: string][] = [
  [
    "matrix -> vector",
    "mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time",
  ],
  ["matrix scalar scalar -> vector", "double_exponential_smoothing"],
  ["vector string... -> vector", "sort_by_label sort_by_label_desc"],
];
const BEHIND_FLAG_NAMES = new Set(BEHIND_FLAG.flatMap(([, names]) => names.split(" ")));

const EXPERIMENTAL = "info histogram_quantiles start_timestamp start end range step min_of max_of".split(" ");

const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = buildFunctions();

/** The function of that name in a dialect; undefined when the server would not know it. */
export function findFunction(name: string, dialect: Dialect): FunctionSignature | undefined {
  if (name === "holt_winters" && dialect === 3) return undefined;
  if (
    dialect === 2 &&
    (name === "first_over_time" || EXPERIMENTAL.includes(name) || BEHIND_FLAG_NAMES.has(name))
  )
    return undefined;
  return FUNCTIONS.get(name);
}

/** Every function, for the table of what is supported. */
export function allFunctions(): FunctionSignature[] {
  return [...FUNCTIONS.values()];
}

function buildFunctions(): Map<string, FunctionSignature> {
  const functions = new Map<string, FunctionSignature>();
  for (const [shape, names] of SHAPES) {
    for (const name of names.split(" ")) functions.set(name, { name, ...parseShape(shape) });
  }
  for (const name of NATIVE_ONLY) {
    functions.set(name, { name, ...parseShape("vector -> vector"), refused: "native histograms" });
  }
  for (const name of EXPERIMENTAL) {
    functions.set(name, { name, ...parseShape("-> vector"), optional: -1, refused: "experimental" });
  }
  for (const [shape, names] of BEHIND_FLAG) {
    for (const name of names.split(" "))
      functions.set(name, { name, ...parseShape(shape), refused: "behind a flag" });
  }
  return functions;
}

function parseShape(shape: string): Omit<FunctionSignature, "name"> {
  const [left = "", returns = ""] = shape.split("->").map((part) => part.trim());
  const words = left === "" ? [] : left.split(" ");
  const repeats = words.some((word) => word.endsWith("..."));
  return {
    args: words.map((word) => word.replace(/\?|\.\.\./, "") as ValueType),
    optional: repeats ? -1 : words.filter((word) => word.endsWith("?")).length,
    returns: returns as ValueType,
  };
}

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
  const minArguments = optional === 0 ? args.length : args.length - Math.abs(optional);
  const found = call.args.length;
  if (optional === 0 && found !== minArguments)
    fail(call, `expected ${minArguments} argument(s) in call to ${name}, got ${found}`);
  if (found < minArguments)
    fail(call, `expected at least ${minArguments} argument(s) in call to ${name}, got ${found}`);
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
