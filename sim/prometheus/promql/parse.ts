/**
 * Text to tree, over the official grammar. The grammar package is tolerant and accepts more than the server,
 * so what it gives is rebuilt and checked here.
 */
import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import type { Matcher, RegExpCache } from "../labels/index.js";
import type { Expr } from "./ast.js";
import { checkTypes } from "./check.js";
import type { Dialect } from "./dialect.js";
import { measureTokens, tokenize, type Token } from "./lexer.js";
import { PromqlParseError } from "./parse-error.js";
import { selectorMatchers } from "./selector.js";
import { describeToken, explainSyntax } from "./syntax-error.js";
import { buildExpr } from "./build.js";
import { children } from "./node.js";
import { metricWords } from "./metric-words.js";

export interface ParseOptions {
  readonly dialect: Dialect;
  readonly expressions: RegExpCache;
  /** Whether functions behind the server's flag are known. @default false */
  readonly experimentalFunctions?: boolean;
}

// Trees are walked by recursion; these bounds keep any query far from the end of the stack.
const NESTING_MAX = 200;
const TOKENS_MAX = 10_000;
// The grammar's parser gives up on longer rows.
const OPERATORS_MAX = 300;

/**
 * @param query - One PromQL expression.
 * @throws PromqlParseError with the position, when it is none or its types do not fit.
 */
export function parsePromql(
  query: string,
  { dialect, expressions, experimentalFunctions = false }: ParseOptions,
): Expr {
  const tokens = tokenize(query);
  const last = tokens[tokens.length - 1] as Token;
  if (tokens.length === 1 && last.kind === "end") {
    throw new PromqlParseError("no expression found in input", { start: 0, end: 0 }, query);
  }
  const { depth, operators } = measureTokens(tokens);
  if (tokens.length > TOKENS_MAX || depth > NESTING_MAX || operators > OPERATORS_MAX) {
    const problem = `expression is too large: at most ${TOKENS_MAX} tokens, ${NESTING_MAX} nested brackets and ${OPERATORS_MAX} operators in a row`;
    throw new PromqlParseError(problem, { start: 0, end: query.length }, query);
  }
  const tree = parser.parse(normalise(query, tokens, dialect));
  const errorAt = firstError(tree);
  if (last.kind === "error" || errorAt !== undefined) {
    const { problem, token } = explainSyntax(tokens, Math.min(errorAt ?? Infinity, last.start), dialect);
    throw new PromqlParseError(problem, { start: token.start, end: token.start + token.text.length }, query);
  }
  const expr = buildExpr(children(tree.topNode)[0] as SyntaxNode, { query, dialect, expressions, depth: 0 });
  checkTypes(expr, query, dialect, experimentalFunctions);
  return expr;
}

/**
 * @param text - A selector and nothing else.
 * @returns Its matchers, which may match everything.
 * @throws PromqlParseError with the position, when it is none.
 */
export function parseSelector(text: string, { dialect, expressions }: ParseOptions): readonly Matcher[] {
  const tokens = tokenize(text);
  const after = selectorEnd(tokens);
  const next = tokens[after] as Token;
  if (after === 0 || next.kind !== "end") {
    const problem = next.problem ?? `unexpected ${describeToken(next)}`;
    throw new PromqlParseError(problem, { start: next.start, end: next.start + next.text.length }, text);
  }
  const tree = parser.parse(normalise(text, tokens, dialect));
  const errorAt = firstError(tree);
  if (errorAt !== undefined) {
    const { problem, token } = explainSyntax(tokens, errorAt, dialect);
    throw new PromqlParseError(problem, { start: token.start, end: token.start + token.text.length }, text);
  }
  const node = children(tree.topNode)[0] as SyntaxNode;
  if (node.name !== "VectorSelector") {
    const found = describeToken(tokens[0] as Token);
    throw new PromqlParseError(`unexpected ${found}`, { start: node.from, end: node.to }, text);
  }
  return selectorMatchers(node, { query: text, dialect, expressions, depth: 0 }).matchers;
}

/** How many tokens the selector at the beginning has; an error inside of it ends it. */
function selectorEnd(tokens: readonly Token[]): number {
  let at = tokens[0]?.kind === "identifier" ? 1 : 0;
  if (tokens[at]?.text !== "{" || tokens[at]?.kind !== "symbol") return at;
  while (tokens[at]?.kind !== "end" && tokens[at]?.kind !== "error" && tokens[at]?.text !== "}") at += 1;
  return tokens[at]?.text === "}" ? at + 1 : at;
}

// The grammar does not know `2.`, `0X1F`, `0x_f` and holt_winters. Each becomes something of the same length that it
// knows; the tree is then read with the original text. So does a metric that is named like a keyword.
function normalise(query: string, tokens: readonly Token[], dialect: Dialect): string {
  let text = query;
  const metrics = metricWords(tokens);
  for (const [index, { kind, text: token, start }] of tokens.entries()) {
    let replacement = token;
    if (kind === "number") {
      replacement = /^0[xX]/.test(token)
        ? token.replace("X", "x").replaceAll("_", "0")
        : token.replace(/^([\d_]+)\.([eE][+-]?)/, "$1$20").replace(/\.$/, " ");
    } else if (metrics.has(index)) {
      replacement = "x".repeat(token.length);
    } else if (kind === "identifier" && dialect === 2 && token === "holt_winters") {
      replacement = "day_of_month";
    } else if (kind === "identifier" && /^(?:start|end|by)$/i.test(token)) {
      replacement = token.toLowerCase();
    }
    if (replacement !== token) text = text.slice(0, start) + replacement + text.slice(start + token.length);
  }
  return text;
}

function firstError(tree: Tree): number | undefined {
  let at: number | undefined;
  tree.iterate({
    enter(node) {
      if (node.type.isError) at = Math.min(at ?? node.from, node.from);
      return at === undefined;
    },
  });
  return at;
}
