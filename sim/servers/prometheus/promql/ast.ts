/** The tree of a query, as the evaluator sees it. */
import type { Matcher } from "../labels.js";

/** Where a part stands in the text of the query; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What an expression yields, named as the server's messages name it. */
export type ValueType = "scalar" | "vector" | "matrix" | "string";

/** `start()` and `end()` stand for the ends of the whole query. */
export type AtModifier = number | "start" | "end";

export interface NumberLiteral {
  readonly kind: "number";
  readonly span: Span;
  readonly value: number;
  /** True when written as a duration, such as `5m`. */
  readonly isDuration: boolean;
}

interface StringLiteral {
  readonly kind: "string";
  readonly span: Span;
  readonly value: string;
}

/** Shift and pin of a selector or subquery. */
export interface TimeShift {
  readonly offsetMs: number;
  readonly at: AtModifier | undefined;
}

export interface VectorSelector extends TimeShift {
  readonly kind: "selector";
  readonly span: Span;
  /** The name before the braces; empty when there is none. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

export interface MatrixSelector {
  readonly kind: "range";
  readonly span: Span;
  readonly selector: VectorSelector;
  readonly rangeMs: number;
}

export interface Subquery extends TimeShift {
  readonly kind: "subquery";
  readonly span: Span;
  readonly expr: Expr;
  readonly rangeMs: number;
  /** Zero stands for the default step. */
  readonly stepMs: number;
}

export interface Call {
  readonly kind: "call";
  readonly span: Span;
  readonly name: string;
  readonly args: readonly Expr[];
}

export interface Aggregate {
  readonly kind: "aggregate";
  readonly span: Span;
  readonly operator: string;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** How the series of two sides find each other. */
export interface Matching {
  readonly cardinality: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly include: readonly string[];
}

export interface Binary {
  readonly kind: "binary";
  readonly span: Span;
  readonly operator: string;
  readonly operatorSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnBool: boolean;
  /** Undefined when nothing was written and a side is a scalar. */
  readonly matching: Matching | undefined;
}

interface Unary {
  readonly kind: "unary";
  readonly span: Span;
  readonly operator: "+" | "-";
  readonly expr: Expr;
}

interface Paren {
  readonly kind: "paren";
  readonly span: Span;
  readonly expr: Expr;
}

/** Any expression. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregate
  | Binary
  | Unary
  | Paren;

/** The expression inside any parentheses. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === "paren") inner = inner.expr;
  return inner;
}

/** Operators that compare. */
export function isComparison(operator: string): boolean {
  return ["==", "!=", "<", ">", "<=", ">="].includes(operator);
}

/** Operators on sets of series. */
export function isSetOperator(operator: string): boolean {
  return operator === "and" || operator === "or" || operator === "unless";
}
