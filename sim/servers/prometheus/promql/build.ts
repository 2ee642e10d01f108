/** Rebuilds the grammar's tree as the evaluator's: names resolved, durations read, modifiers put in place. */
import type { SyntaxNode } from "@lezer/common";

import { goQuote } from "../labels.js";
import {
  isSetOperator,
  type Aggregate,
  type AtModifier,
  type Expr,
  type Matching,
  type NumberLiteral,
  type Span,
  type TimeShift,
} from "./ast.js";
import { AGGREGATORS, EXPERIMENTAL_AGGREGATORS } from "./check.js";
import { DURATION_MS_MAX, parseDuration } from "./duration.js";
import { formatFixed, parseGoFloat } from "./float-math.js";
import { children, failure, spanOf, textOf, type BuildContext } from "./node.js";
import { PromqlParseError } from "./parse-error.js";
import { buildSelector, labelOf } from "./selector.js";

// Operators by the server's precedence.
//
// The grammar package lets modifiers and brackets reach over the operators before them, and takes a sign as part
// of a number. So the operators of its tree are read as a flat row, and bound again here.

/** One thing of the row, in the order of the text. */
type OperatorItem =
  | { readonly kind: "operand"; readonly node: SyntaxNode; readonly isUnsigned: boolean }
  | { readonly kind: "prefix"; readonly start: number; readonly operator: "+" | "-" }
  /** `offset`, `@`, a range or a subquery: binds to the operand before it. */
  | { readonly kind: "postfix"; readonly node: SyntaxNode }
  | { readonly kind: "binary"; readonly node: SyntaxNode; readonly operator: string };

/** Builds the results of binding. */
interface OperatorBuilder<Result> {
  operand(node: SyntaxNode, isUnsigned: boolean): Result;
  postfix(target: Result, node: SyntaxNode): Result;
  prefix(operator: "+" | "-", start: number, target: Result): Result;
  binary(left: Result, operator: string, node: SyntaxNode, right: Result): Result;
}

const LEVELS: readonly (readonly string[])[] = [
  ["or"],
  ["and", "unless"],
  ["==", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%", "atan2"],
  ["^"],
];
const POWER = LEVELS.length - 1;

const POSTFIX = new Set(
  "OffsetExpr StepInvariantExpr MatrixSelector SubqueryExpr AnchoredExpr SmoothedExpr".split(" "),
);

/** Reads the row of operators that begins at a node. */
function operatorRow(root: SyntaxNode, query: string): OperatorItem[] {
  const items: OperatorItem[] = [];
  // A stack of its own: a chain of operators is as deep as it is long.
  const open: (SyntaxNode | OperatorItem)[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if ("kind" in next) items.push(next);
    else open.push(...expand(next, query).reverse());
  }
  return items;
}

/** Binds the row: `^` to the right and tightest, a sign like `*`, everything else to the left. */
function bindOperators<Result>(items: readonly OperatorItem[], builder: OperatorBuilder<Result>): Result {
  let at = 0;

  function bind(levelMin: number): Result {
    let left = unit();
    for (;;) {
      const item = items[at];
      if (item?.kind !== "binary") return left;
      const level = LEVELS.findIndex((operators) => operators.includes(item.operator));
      if (level < levelMin) return left;
      at += 1;
      const right = bind(level === POWER ? level : level + 1);
      left = builder.binary(left, item.operator, item.node, right);
    }
  }

  function unit(): Result {
    const item = items[at];
    at += 1;
    if (item?.kind === "prefix") return builder.prefix(item.operator, item.start, bind(POWER));
    if (item?.kind !== "operand") throw new TypeError("an operator without operand");
    let result = builder.operand(item.node, item.isUnsigned);
    for (let next = items[at]; next?.kind === "postfix"; next = items[at]) {
      result = builder.postfix(result, next.node);
      at += 1;
    }
    return result;
  }

  return bind(0);
}

function expand(node: SyntaxNode, query: string): (SyntaxNode | OperatorItem)[] {
  const parts = children(node);
  const first = parts[0] as SyntaxNode;
  const text = (part: SyntaxNode): string => query.slice(part.from, part.to);
  if (node.name === "BinaryExpr") {
    const operator = text(parts[1] as SyntaxNode).toLowerCase();
    return [first, { kind: "binary", node, operator }, parts.at(-1) as SyntaxNode];
  }
  if (node.name === "UnaryExpr") return [prefix(first.from, text(first)), parts[1] as SyntaxNode];
  if (POSTFIX.has(node.name)) return [first, { kind: "postfix", node }];
  const sign = node.name === "NumberDurationLiteral" ? /^[-+]/.exec(text(node))?.[0] : undefined;
  if (sign === undefined) return [{ kind: "operand", node, isUnsigned: false }];
  return [prefix(node.from, sign), { kind: "operand", node, isUnsigned: true }];
}

function prefix(start: number, operator: string): OperatorItem {
  return { kind: "prefix", start, operator: operator === "-" ? "-" : "+" };
}

// Numbers, durations, `offset` and `@`.

/**
 * @param skip - Characters of the node to pass over, such as a sign that belongs elsewhere.
 * @throws PromqlParseError for a number that the dialect does not have.
 */
function readNumber(node: SyntaxNode, context: BuildContext, skip = 0): NumberLiteral {
  const text = textOf(node, context).slice(skip);
  const [, sign = "", digits = ""] = /^([-+]?)(?:\s|#[^\n]*\n)*([^#\s]*)/.exec(text) ?? [];
  const value = numberValue(digits, node, context);
  return {
    kind: "number",
    span: { start: node.from + skip, end: node.to },
    value: sign === "-" ? -value : value,
    isDuration: /[ywdhms]$/.test(digits) && parseDuration(digits) !== undefined,
  };
}

/** Milliseconds of a duration expression; a bare number means seconds. */
function buildDuration(node: SyntaxNode, context: BuildContext, sign: "positive" | "any"): number {
  const durationMs = durationValue(node, context);
  const zeroAllowed = sign === "any" && context.dialect === 3;
  if ((sign === "positive" && durationMs < 0) || (durationMs === 0 && !zeroAllowed)) {
    throw failure(context, node, "duration must be greater than 0");
  }
  return durationMs;
}

/** Puts `offset` on the selector or subquery before it. */
function applyOffset(target: Expr, node: SyntaxNode, span: Span, context: BuildContext): Expr {
  const offsetMs = buildDuration(children(node)[2] as SyntaxNode, context, "any");
  return shiftTarget(target, span, context, "offset modifier", (shift) => {
    if (shift.offsetMs !== 0) throw failure(context, node, "offset may not be set multiple times");
    return { offsetMs, at: shift.at };
  });
}

/** Puts `@` on the selector or subquery before it. */
function applyAt(target: Expr, node: SyntaxNode, span: Span, context: BuildContext): Expr {
  const parts = children(node);
  const at = atValue(parts[2] as SyntaxNode, span, context);
  return shiftTarget(target, span, context, "@ modifier", (shift) => {
    if (shift.at !== undefined) throw failure(context, node, "@ <timestamp> may not be set multiple times");
    return { offsetMs: shift.offsetMs, at };
  });
}

function shiftTarget(
  target: Expr,
  span: Span,
  context: BuildContext,
  what: string,
  change: (shift: TimeShift) => TimeShift,
): Expr {
  if (target.kind === "selector" || target.kind === "subquery") return { ...target, span, ...change(target) };
  if (target.kind === "range") {
    return { ...target, span, selector: { ...target.selector, ...change(target.selector) } };
  }
  throw new PromqlParseError(
    `${what} must be preceded by an instant vector selector or range vector selector or a subquery`,
    span,
    context.query,
  );
}

function atValue(node: SyntaxNode, span: Span, context: BuildContext): AtModifier {
  if (node.name === "AtModifierPreprocessors") {
    return /^start/i.test(textOf(node, context)) ? "start" : "end";
  }
  const seconds = readNumber(node, context).value;
  if (!Number.isFinite(seconds) || Math.abs(seconds) > DURATION_MS_MAX * 1000) {
    throw new PromqlParseError(
      `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`,
      span,
      context.query,
    );
  }
  return Math.round(seconds * 1000);
}

function durationValue(node: SyntaxNode, context: BuildContext): number {
  const parts = children(node);
  const first = parts[0];
  if (node.name === "OffsetDurationExpr" && first?.name === "UnaryOp") {
    const inner = durationValue(parts[1] as SyntaxNode, context);
    return textOf(first, context) === "-" ? -inner : inner;
  }
  if (parts.length !== 1 || first?.name !== "NumberDurationLiteralInDurationContext") {
    throw failure(context, node, "experimental duration expression is not enabled");
  }
  const text = textOf(first, context);
  const duration = parseDuration(text);
  if (duration !== undefined && text !== "0") return duration;
  if (context.dialect === 2) {
    const problem =
      parts[0]?.parent?.name === "OffsetDurationExpr"
        ? `unexpected number ${goQuote(text)} in offset, expected duration`
        : "missing unit character in duration";
    throw failure(context, first, problem);
  }
  const seconds = numberValue(text, first, context);
  if (!Number.isFinite(seconds) || Math.abs(seconds) * 1000 > DURATION_MS_MAX) {
    throw failure(context, first, "duration out of range");
  }
  return Math.round(seconds * 1000);
}

function numberValue(text: string, node: SyntaxNode, context: BuildContext): number {
  const duration = /[ywdhms]$/.test(text) ? parseDuration(text) : undefined;
  if (duration !== undefined) {
    if (context.dialect === 2) throw failure(context, node, `unexpected duration ${goQuote(text)}`);
    return duration / 1000;
  }
  const integer =
    context.dialect === 3 && /^(?:0[xX])?_?[\da-fA-F]+(?:_[\da-fA-F]+)*$/.test(text)
      ? text.replaceAll("_", "")
      : text;
  // Go reads a leading zero as octal, unless a digit forbids it.
  const value = /^0[0-7]+$/.test(integer) ? Number.parseInt(integer, 8) : parseGoFloat(integer);
  if (value === undefined) {
    throw failure(
      context,
      node,
      `error parsing number: strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`,
    );
  }
  return value;
}

// Each operator of a chain is one level of the tree, and trees are walked by recursion.
const DEPTH_MAX = 1_000;

/** @throws PromqlParseError for what the grammar accepts and the server does not. */
export function buildExpr(node: SyntaxNode, outer: BuildContext): Expr {
  const items = operatorRow(node, outer.query);
  const context = { ...outer, depth: outer.depth + items.length };
  if (context.depth > DEPTH_MAX) {
    throw failure(context, node, `expression is nested too deeply: at most ${DEPTH_MAX} levels`);
  }
  return bindOperators<Expr>(items, {
    operand: (primary, isUnsigned) => buildPrimary(primary, isUnsigned, context),
    postfix: (target, modifier) => buildPostfix(target, modifier, context),
    prefix: (operator, start, target) => negate(operator, target, { start, end: target.span.end }),
    binary: (left, operator, operation, right) => buildBinary(left, operator, operation, right, context),
  });
}

function buildPrimary(node: SyntaxNode, isUnsigned: boolean, context: BuildContext): Expr {
  const span = spanOf(node);
  switch (node.name) {
    case "NumberDurationLiteral":
      return readNumber(node, context, isUnsigned ? 1 : 0);
    case "StringLiteral":
      return { kind: "string", span, value: labelOf(node, context) };
    case "ParenExpr":
      return { kind: "paren", span, expr: buildExpr(child(node, 0), context) };
    case "VectorSelector":
      return buildSelector(node, context);
    case "FunctionCall":
      return {
        kind: "call",
        span,
        name: textOf(child(node, 0), context),
        args: children(child(node, 1)).map((argument) => buildExpr(argument, context)),
      };
    case "AggregateExpr":
      return buildAggregate(node, context);
    default:
      throw failure(context, node, `unexpected ${node.name}`);
  }
}

function buildPostfix(target: Expr, node: SyntaxNode, context: BuildContext): Expr {
  const span = { start: target.span.start, end: node.to };
  switch (node.name) {
    case "MatrixSelector":
      return buildRange(target, node, span, context);
    case "SubqueryExpr":
      return buildSubquery(target, node, span, context);
    case "OffsetExpr":
      return applyOffset(target, node, span, context);
    case "StepInvariantExpr":
      return applyAt(target, node, span, context);
    default:
      throw failure(context, node, "anchored and smoothed modifiers are experimental and not enabled");
  }
}

function child(node: SyntaxNode, index: number): SyntaxNode {
  return children(node)[index] as SyntaxNode;
}

function negate(operator: "+" | "-", expr: Expr, span: Span): Expr {
  if (expr.kind !== "number") return { kind: "unary", span, operator, expr };
  return { ...expr, span, value: operator === "-" ? -expr.value : expr.value };
}

function buildBinary(
  left: Expr,
  operator: string,
  node: SyntaxNode,
  right: Expr,
  context: BuildContext,
): Expr {
  const parts = children(node);
  if (operator === "</" || operator === ">/") {
    throw failure(context, node, `operator ${operator} works on native histograms, which are not supported`);
  }
  if (parts.some(({ name }) => name === "FillModifier")) {
    throw failure(context, node, "fill modifiers are experimental and not enabled");
  }
  const clause = parts.find(({ name }) => name === "MatchingModifierClause");
  return {
    kind: "binary",
    span: { start: left.span.start, end: right.span.end },
    operator,
    operatorSpan: spanOf(parts[1] as SyntaxNode),
    left,
    right,
    returnBool: parts.some(({ name }) => name === "BoolModifier"),
    matching: buildMatching(clause, operator, context),
  };
}

function buildMatching(clause: SyntaxNode | undefined, operator: string, context: BuildContext): Matching {
  const parts = clause === undefined ? [] : children(clause);
  const lists = parts
    .filter(({ name }) => name === "GroupingLabels")
    .map((list) => groupingOf(list, context));
  const has = (name: string): boolean => parts.some((part) => part.name === name);
  let cardinality: Matching["cardinality"] = isSetOperator(operator) ? "many-to-many" : "one-to-one";
  if (has("GroupLeft")) cardinality = "many-to-one";
  if (has("GroupRight")) cardinality = "one-to-many";
  return { cardinality, on: has("On"), labels: lists[0] ?? [], include: lists[1] ?? [] };
}

function buildRange(selector: Expr, node: SyntaxNode, span: Span, context: BuildContext): Expr {
  const duration = child(node, 1);
  const bracket = context.query.lastIndexOf("[", duration.from);
  const fail = (problem: string): never => {
    throw new PromqlParseError(problem, { start: bracket, end: node.to }, context.query);
  };
  if (selector.kind !== "selector") return fail("ranges only allowed for vector selectors");
  if (selector.offsetMs !== 0) return fail("no offset modifiers allowed before range");
  if (selector.at !== undefined) return fail("no @ modifiers allowed before range");
  return { kind: "range", span, selector, rangeMs: buildDuration(duration, context, "positive") };
}

function buildSubquery(expr: Expr, node: SyntaxNode, span: Span, context: BuildContext): Expr {
  const step = children(node)[2];
  return {
    kind: "subquery",
    span,
    expr,
    rangeMs: buildDuration(child(node, 1), context, "positive"),
    stepMs: step === undefined ? 0 : buildDuration(step, context, "positive"),
    offsetMs: 0,
    at: undefined,
  };
}

function buildAggregate(node: SyntaxNode, context: BuildContext): Aggregate {
  const parts = children(node);
  const operator = textOf(child(node, 0), context).toLowerCase();
  if (EXPERIMENTAL_AGGREGATORS.has(operator)) {
    throw failure(context, node, `${operator}() is experimental and not enabled`);
  }
  const modifier = parts.find(({ name }) => name === "AggregateModifier");
  const body = parts.find(({ name }) => name === "FunctionCallBody");
  const args = body === undefined ? [] : children(body).map((argument) => buildExpr(argument, context));
  if (args.length === 0) throw failure(context, node, "no arguments for aggregate expression provided");
  const wanted = AGGREGATORS.get(operator) === undefined ? 1 : 2;
  if (args.length !== wanted) {
    throw failure(
      context,
      node,
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
    );
  }
  return {
    kind: "aggregate",
    span: spanOf(node),
    operator,
    expr: args[wanted - 1] as Expr,
    param: wanted === 2 ? args[0] : undefined,
    grouping: modifier === undefined ? [] : groupingOf(child(modifier, 1), context),
    without: modifier !== undefined && child(modifier, 0).name === "Without",
  };
}

function groupingOf(list: SyntaxNode, context: BuildContext): string[] {
  return children(list).map((label) =>
    label.name === "QuotedLabelName" ? labelOf(child(label, 0), context) : textOf(label, context),
  );
}
