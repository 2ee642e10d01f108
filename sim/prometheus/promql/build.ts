/** Rebuilds the grammar's tree as the evaluator's: names resolved, durations read, modifiers put in place. */
import type { SyntaxNode } from "@lezer/common";
import { isSetOperator, type Aggregate, type Expr, type Matching, type Span } from "./ast.js";
import { applyAt, applyOffset, buildDuration, readNumber } from "./modifiers.js";
import { children, failure, spanOf, textOf, type BuildContext } from "./node.js";
import { bindOperators, operatorRow } from "./operator-row.js";
import { PromqlParseError } from "./parse-error.js";
import { buildSelector, labelOf } from "./selector.js";
import { AGGREGATORS, EXPERIMENTAL_AGGREGATORS } from "./signatures.js";

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
