/** Selectors: the name, the braces and the string literals in them. */
import type { SyntaxNode } from "@lezer/common";
import {
  createMatcher,
  goQuote,
  METRIC_NAME,
  RegExpSyntaxError,
  type Matcher,
  type MatchOperator,
} from "../labels/index.js";
import type { VectorSelector } from "./ast.js";
import { children, failure, spanOf, textOf, type BuildContext } from "./node.js";
import { unquote } from "./string-literal.js";

/** @throws PromqlParseError when it names a metric twice or could match a series without labels. */
export function buildSelector(node: SyntaxNode, context: BuildContext): VectorSelector {
  const { name, matchers } = selectorMatchers(node, context);
  if (matchers.every((matcher) => matcher.matches(""))) {
    throw failure(context, node, "vector selector must contain at least one non-empty matcher");
  }
  return { kind: "selector", span: spanOf(node), name, matchers, offsetMs: 0, at: undefined };
}

/** @throws PromqlParseError when it names a metric twice. */
export function selectorMatchers(
  node: SyntaxNode,
  context: BuildContext,
): { readonly name: string; readonly matchers: readonly Matcher[] } {
  const parts = children(node);
  const identifier = parts.find(({ name }) => name === "Identifier");
  const braces = parts.find(({ name }) => name === "LabelMatchers");
  let name = identifier === undefined ? "" : textOf(identifier, context);
  const matchers: Matcher[] = [];
  for (const part of braces === undefined ? [] : children(braces)) {
    if (part.name !== "QuotedLabelName") {
      matchers.push(buildMatcher(part, context));
      continue;
    }
    const quoted = labelOf(children(part)[0] as SyntaxNode, context);
    refuseQuotedName(part, context);
    if (name !== "") throw nameTwice(name, quoted, node, context);
    name = quoted;
  }
  if (name !== "") {
    const other = matchers.find((matcher) => matcher.name === METRIC_NAME);
    if (other !== undefined) throw nameTwice(name, other.value, node, context);
    matchers.push(createMatcher(METRIC_NAME, "=", name, context.expressions));
  }
  return { name, matchers };
}

/** The text that a string literal stands for. */
export function labelOf(literal: SyntaxNode, context: BuildContext): string {
  const value = unquote(textOf(literal, context));
  if (value === undefined)
    throw failure(
      context,
      literal,
      `error unquoting string ${goQuote(textOf(literal, context))}: invalid syntax`,
    );
  return value;
}

function buildMatcher(node: SyntaxNode, context: BuildContext): Matcher {
  const [label, operator, value] = children(node) as [SyntaxNode, SyntaxNode, SyntaxNode];
  const quoted = label.name === "QuotedLabelName";
  if (quoted) refuseQuotedName(label, context);
  const name = quoted ? labelOf(children(label)[0] as SyntaxNode, context) : textOf(label, context);
  try {
    return createMatcher(
      name,
      textOf(operator, context) as MatchOperator,
      labelOf(value, context),
      context.expressions,
    );
  } catch (error) {
    if (error instanceof RegExpSyntaxError) throw failure(context, node, error.message);
    throw error;
  }
}

function refuseQuotedName(node: SyntaxNode, context: BuildContext): void {
  if (context.dialect === 3) return;
  const text = goQuote(textOf(node, context));
  throw failure(context, node, `unexpected string ${text} in label matching, expected identifier or "}"`);
}

function nameTwice(first: string, second: string, node: SyntaxNode, context: BuildContext): Error {
  return failure(context, node, `metric name must not be set twice: ${goQuote(first)} or ${goQuote(second)}`);
}
