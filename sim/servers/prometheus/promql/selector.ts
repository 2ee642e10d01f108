/** Selectors: the name, the braces and the string literals in them. */
import type { SyntaxNode } from "@lezer/common";

import {
  METRIC_NAME,
  RegExpSyntaxError,
  bytesOf,
  createMatcher,
  goQuote,
  textOfBytes,
  type MatchOperator,
  type Matcher,
} from "../labels.js";
import type { VectorSelector } from "./ast.js";
import { children, failure, spanOf, textOf, type BuildContext } from "./node.js";

// Quoted strings of PromQL, with Go's escapes.

/**
 * The text a literal stands for.
 *
 * @param source - With its quotes: double, single or back quotes (raw).
 * @returns Undefined when an escape is not valid.
 */
export function unquote(source: string): string | undefined {
  const quote = source[0] ?? "";
  if (source.length < 2 || !source.endsWith(quote)) return undefined;
  const inner = source.slice(1, -1);
  if (quote === "`") return inner;
  if (!inner.includes("\\")) return inner.includes("\n") ? undefined : inner;
  return unescape(inner, quote);
}

const SHORT: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]?))/g;

function unescape(inner: string, quote: string): string | undefined {
  let valid = true;
  // \x and octal escapes are bytes: several in a row can be one character of UTF-8.
  const bytes: number[] = [];
  let from = 0;
  const plain = (text: string): void => {
    for (const byte of bytesOf(text)) bytes.push(byte);
  };
  for (const match of inner.matchAll(ESCAPE)) {
    plain(inner.slice(from, match.index));
    from = match.index + match[0].length;
    const [, hex, short, long, octal, letter = ""] = match;
    const code = hex ?? short ?? long;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined && Number.parseInt(octal, 8) < 256) bytes.push(Number.parseInt(octal, 8));
    else if (code !== undefined && isCodePoint(Number.parseInt(code, 16))) {
      plain(String.fromCodePoint(Number.parseInt(code, 16)));
    } else if (letter === quote) plain(quote);
    else if (SHORT[letter] !== undefined) plain(SHORT[letter]);
    else valid = false;
  }
  plain(inner.slice(from));
  return valid ? textOfBytes(Uint8Array.from(bytes)) : undefined;
}

function isCodePoint(code: number): boolean {
  return code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff);
}

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
