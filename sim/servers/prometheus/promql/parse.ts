/**
 * Text to tree, over the official grammar. The grammar package is tolerant and accepts more than the server,
 * so what it gives is rebuilt and checked here.
 */
import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

import { METRIC_NAME, goQuote, type Labels, type Matcher, type RegExpCache } from "../labels.js";
import type { Expr } from "./ast.js";
import { buildExpr } from "./build.js";
import { AGGREGATORS, checkTypes, findFunction } from "./check.js";
import { PromqlExecutionError, type Dialect, type EvalContext } from "./context.js";
import { children } from "./node.js";
import { PromqlParseError } from "./parse-error.js";
import { createMatrixBuilder, withoutEmptyRows, type Matrix } from "./selection.js";
import { selectorMatchers } from "./selector.js";

// Which words of a query name a metric. The server lets metrics be named like most keywords (`offset`, `sum`, `by`),
// where only an operand can stand; the grammar package does not.

type Bracket = "operands" | "labels of operator" | "other";

const SET_OPERATORS = /^(?:and|or|unless|atan2)$/i;
const MATCHING = /^(?:on|ignoring|group_left|group_right|bool)$/i;
const FILL = /^fill(?:_left|_right)?$/i;
const NOT_NAMES = /^(?:inf|nan|atan2)$/i;

/** @returns Indexes of the tokens that are whole names of metrics. */
function metricWords(tokens: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  const open: Bracket[] = [];
  let operandNext = true;
  tokens.forEach(({ kind, text }, index) => {
    const inside = open.at(-1);
    if (kind === "symbol" && /^[([{]$/.test(text)) {
      open.push(bracketKind(tokens, index, operandNext));
      operandNext = open.at(-1) === "operands";
    } else if (kind === "symbol" && /^[)\]}]$/.test(text)) {
      open.pop();
      operandNext = inside === "labels of operator";
    } else if (inside === "other" || inside === "labels of operator") return;
    else if (kind === "symbol") operandNext = text !== "@";
    else if (kind !== "identifier") operandNext = false;
    else if (!operandNext) operandNext = SET_OPERATORS.test(text);
    else if (!isMatchingWord(tokens, index)) {
      if (isMetric(tokens, index)) found.add(index);
      operandNext = false;
    }
  });
  return found;
}

function bracketKind(tokens: readonly Token[], index: number, operandNext: boolean): Bracket {
  if (tokens[index]?.text !== "(") return "other";
  const before = tokens[index - 1];
  const word = before?.kind === "identifier" ? before.text : "";
  if (operandNext && isMatchingWord(tokens, index - 1)) return "labels of operator";
  return /^(?:by|without)$/i.test(word) ? "other" : "operands";
}

function isMatchingWord(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== "identifier") return false;
  return MATCHING.test(token.text) || (FILL.test(token.text) && tokens[index + 1]?.text === "(");
}

function isMetric(tokens: readonly Token[], index: number): boolean {
  const [{ text }, next] = [tokens[index] as Token, tokens[index + 1]];
  if (next?.kind === "symbol" && next.text === "(") return false;
  const groups = next?.kind === "identifier" && /^(?:by|without)$/i.test(next.text);
  return !NOT_NAMES.test(text) && !(groups && AGGREGATORS.has(text.toLowerCase()));
}

// Says why a text is no query, in the words of the server, from its tokens.

const KEYWORDS = new Set(
  "offset by without on ignoring group_left group_right bool start end step range smoothed anchored fill fill_left fill_right".split(
    " ",
  ),
);
const OPERATORS = new Set("+ - * / % ^ == != < > <= >= =~ !~ and or unless atan2".split(" "));

/** Position and words of a syntax error. */
interface SyntaxProblem {
  readonly problem: string;
  readonly token: Token;
}

/**
 * @param tokens - Of the whole query.
 * @param offset - Where the parser stopped understanding.
 */
function explainSyntax(tokens: readonly Token[], offset: number, dialect: Dialect): SyntaxProblem {
  const unknown = unknownFunction(tokens, offset, dialect);
  if (unknown !== undefined) return unknown;
  const found = tokens.findIndex((token) => token.start >= offset);
  const index = found === -1 ? tokens.length - 1 : found;
  const token = tokens[index] as Token;
  if (token.kind === "error") return { problem: token.problem ?? "", token };
  const comma = trailingComma(tokens, index);
  if (comma !== undefined)
    return { problem: "trailing commas not allowed in function call args", token: comma };
  return { problem: `unexpected ${describeToken(token)}${contextOf(tokens, index, dialect)}`, token };
}

/** How the server names a token in a message. */
function describeToken({ kind, text }: Token): string {
  if (kind === "end") return "end of input";
  if (kind === "number" || kind === "duration" || kind === "string") return `${kind} ${goQuote(text)}`;
  const lower = text.toLowerCase();
  if (AGGREGATORS.has(lower)) return `<aggr:${text}>`;
  if (OPERATORS.has(lower)) return `<op:${text}>`;
  if (kind === "symbol") return goQuote(text);
  if (/^(?:inf|nan)$/.test(lower)) return `number ${goQuote(text)}`;
  if (KEYWORDS.has(lower)) return `<${text}>`;
  return `${text.includes(":") ? "metric identifier" : "identifier"} ${goQuote(text)}`;
}

function unknownFunction(
  tokens: readonly Token[],
  offset: number,
  dialect: Dialect,
): SyntaxProblem | undefined {
  for (let index = 0; index + 1 < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    const next = tokens[index + 1] as Token;
    if (next.start > offset + 1) return undefined;
    const callable = token.kind === "identifier" && next.text === "(" && next.kind === "symbol";
    const lower = token.text.toLowerCase();
    if (!callable || KEYWORDS.has(lower) || AGGREGATORS.has(lower) || OPERATORS.has(lower)) continue;
    if (token.text.includes(":") || findFunction(token.text, dialect) !== undefined) continue;
    return { problem: `unknown function with name ${goQuote(token.text)}`, token };
  }
  return undefined;
}

function contextOf(tokens: readonly Token[], index: number, dialect: Dialect): string {
  const open: number[] = [];
  for (let at = 0; at < index; at += 1) {
    const { kind, text } = tokens[at] as Token;
    if (kind !== "symbol") continue;
    if (/^[({[]$/.test(text)) open.push(at);
    else if (/^[)}\]]$/.test(text)) open.pop();
  }
  const opener = open.at(-1) ?? -1;
  const bracket = tokens[opener]?.text;
  const previous = tokens[index - 1];
  if (bracket === "{") return labelMatchingContext(previous);
  const word = previous?.text.toLowerCase() ?? "";
  const durations = dialect === 2 ? "duration" : "number, duration, step(), or range()";
  if (word === "offset") return ` in offset, expected ${durations}`;
  if (word === "@") return " in @, expected timestamp";
  if (word === "[") return ` in subquery or range selector, expected ${durations}`;
  if (/^(?:by|without|on|ignoring)$/.test(word)) return ' in grouping opts, expected "("';
  const before = tokens[opener - 1]?.text.toLowerCase() ?? "";
  if (bracket === "(" && /^(?:by|without|on|ignoring|group_left|group_right)$/.test(before)) {
    return previous?.kind === "identifier"
      ? ' in grouping opts, expected "," or ")"'
      : " in grouping opts, expected label";
  }
  return open.some((at) => opensAggregation(tokens, at)) ? " in aggregation" : "";
}

/** Whether a bracket opens the arguments of an aggregation. */
function opensAggregation(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.text !== "(") return false;
  let before = at - 1;
  // Its labels may stand before the arguments.
  if (tokens[before]?.text === ")") {
    while (before >= 0 && tokens[before]?.text !== "(") before -= 1;
    if (!/^(?:by|without)$/i.test(tokens[before - 1]?.text ?? "")) return false;
    before -= 2;
  }
  const word = tokens[before];
  return word?.kind === "identifier" && AGGREGATORS.has(word.text.toLowerCase());
}

/** The comma before the closing parenthesis of a call. */
function trailingComma(tokens: readonly Token[], index: number): Token | undefined {
  const comma = tokens[index - 1];
  if (tokens[index]?.text !== ")" || comma?.text !== "," || comma.kind !== "symbol") return undefined;
  let depth = 0;
  for (let at = index - 1; at >= 0; at -= 1) {
    const { kind, text } = tokens[at] as Token;
    if (kind !== "symbol") continue;
    if (text === ")") depth += 1;
    if (text !== "(") continue;
    if (depth === 0) return tokens[at - 1]?.kind === "identifier" ? comma : undefined;
    depth -= 1;
  }
  return undefined;
}

function labelMatchingContext(previous: Token | undefined): string {
  if (previous?.kind === "identifier") return " in label matching, expected label matching operator";
  if (previous?.kind === "string") return ' in label matching, expected "," or "}"';
  if (previous?.text === "{" || previous?.text === ",")
    return ' in label matching, expected identifier or "}"';
  return " in label matching, expected string";
}

// The tokens of a query. The grammar package parses; this finds what it cannot say: why a text is no query,
// and how deep it nests.

type TokenKind = "identifier" | "number" | "duration" | "string" | "symbol" | "error" | "end";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  /** For `error`: what is wrong. */
  readonly problem?: string;
}

const SYMBOLS = ["==", "!=", "<=", ">=", "=~", "!~", ...Array.from("+-*/%^<>=(){}[],@:")];
const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const PLACE: Readonly<Record<string, string>> = { ")": "parenthesis", "]": "bracket", "}": "brace" };

const OPERATOR_TOKEN = /^(?:[-+*/%^@<>]|[=!<>]=|and|or|unless|atan2|offset)$/i;

const SKIP = /(?:\s+|#[^\n]*)+/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_WORD = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const DURATION =
  /(?=\d+(?:ms|[ywdhms]))(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?![a-zA-Z0-9_])/y;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?)(?![\w.])/y;
const NUMBER_PREFIX = /0[xX][0-9a-fA-F_]*|\d[\d_]*\.?[\d_]*/y;
const UNITS_IN_ANY_ORDER = /\d+[smhdwy]s?(?:\d+[smhdw]s?)*(?!\w)/y;
const UNITS_AND_MORE = /[smhdwy]s?(?:\d+[smhdw]s?)*[\s\S]?/uy;
const QUOTED = /"(?:[^\\\n"]|\\[\s\S])*"|'(?:[^\\\n']|\\[\s\S])*'|`[^`]*`/y;

/** Splits a query. The last token is `end` or the first `error`. */
function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  const open: string[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(SKIP, query, at)?.length ?? 0;
    const token = at >= query.length ? atEnd(query, open) : nextToken(query, at, open.at(-1) === "{");
    const misplaced = track(token, open);
    tokens.push(misplaced ?? token);
    if (misplaced !== undefined || token.kind === "error" || token.kind === "end") return tokens;
    at += token.text.length;
  }
}

/** Deepest nesting of brackets, and the most operators on one level of it. */
function measureTokens(tokens: readonly Token[]): {
  readonly depth: number;
  readonly operators: number;
} {
  const counts = [0];
  let depth = 0;
  let operators = 0;
  for (const { kind, text } of tokens) {
    if (kind === "symbol" && CLOSERS[text] !== undefined) counts.push(0);
    else if (kind === "symbol" && PLACE[text] !== undefined) counts.pop();
    else if (text === ",") counts[counts.length - 1] = 0;
    else if (OPERATOR_TOKEN.test(text) && kind !== "string") {
      const count = (counts.at(-1) ?? 0) + 1;
      counts[counts.length - 1] = count;
      operators = Math.max(operators, count);
    }
    depth = Math.max(depth, counts.length - 1);
  }
  return { depth, operators };
}

function nextToken(query: string, start: number, inBraces: boolean): Token {
  const quoted = matchAt(QUOTED, query, start);
  if (quoted !== undefined) return { kind: "string", text: quoted, start };
  const character = String.fromCodePoint(query.codePointAt(start) ?? 0);
  const inside = inBraces ? " inside braces" : "";
  const error = (problem: string): Token => ({ kind: "error", text: character, start, problem });
  if (character === "`") return error("unterminated raw string");
  if (character === '"' || character === "'") return error("unterminated quoted string");
  const word = matchAt(inBraces ? LABEL_WORD : WORD, query, start);
  // A colon alone stands between the range and the step of a subquery.
  if (word !== undefined && !(word.startsWith(":") && /^:(?:\d|$)/.test(word))) {
    return { kind: "identifier", text: word, start };
  }
  const duration = matchAt(DURATION, query, start);
  if (duration !== undefined) return { kind: "duration", text: duration, start };
  const number = matchAt(NUMBER, query, start);
  if (number !== undefined) return { kind: "number", text: number, start };
  const units = matchAt(UNITS_IN_ANY_ORDER, query, start);
  if (units !== undefined) return error(`not a valid duration string: ${goQuote(units)}`);
  const bad = matchAt(NUMBER_PREFIX, query, start);
  if (bad !== undefined) {
    // The server reads on as if it were a duration.
    const rest = matchAt(UNITS_AND_MORE, query, start + bad.length) ?? "";
    return error(`bad number or duration syntax: ${goQuote(bad + rest)}`);
  }
  if (!inBraces && /^[=!]~/.test(query.slice(start, start + 2)))
    return error(`unexpected character after '${character}': '~'`);
  const symbol = SYMBOLS.find((candidate) => query.startsWith(candidate, start));
  if (symbol !== undefined && !(inBraces && !/^(?:[,{}]|=~|!~|!=|=)$/.test(symbol))) {
    return { kind: "symbol", text: symbol, start };
  }
  if (character === "!") {
    return error(`unexpected character after '!'${inside}: ${goCharacter(query.slice(start + 1))}`);
  }
  return error(`unexpected character${inside}: ${goCharacter(character)}`);
}

function atEnd(query: string, open: readonly string[]): Token {
  const start = query.length;
  const innermost = open.at(-1);
  if (innermost === undefined) return { kind: "end", text: "", start };
  const problems: Readonly<Record<string, string>> = {
    "{": "unexpected end of input inside braces",
    "[": "unclosed left bracket",
    "(": "unclosed left parenthesis",
  };
  return { kind: "error", text: "", start, problem: problems[innermost] ?? "" };
}

/** Follows the brackets; returns an error token for one that closes nothing. */
function track(token: Token, open: string[]): Token | undefined {
  if (token.kind !== "symbol") return undefined;
  if (CLOSERS[token.text] !== undefined) {
    open.push(token.text);
    return undefined;
  }
  const place = PLACE[token.text];
  if (place === undefined) return undefined;
  const opener = open.pop();
  if (opener !== undefined && CLOSERS[opener] === token.text) return undefined;
  const problem =
    place === "brace" ? "unexpected character: '}'" : `unexpected right ${place} '${token.text}'`;
  // The server has read a parenthesis by the time it notices.
  const start = token.start + (place === "parenthesis" ? 1 : 0);
  return { kind: "error", text: token.text, start, problem };
}

/** Go's `%q` of a character. */
function goCharacter(text: string): string {
  if (text === "") return "'\uFFFD'";
  const character = String.fromCodePoint(text.codePointAt(0) ?? 0);
  if (character === "'" || character === '"') return character === "'" ? "'\\''" : `'"'`;
  return `'${goQuote(character).slice(1, -1)}'`;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  return found === "" ? undefined : found;
}

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

// Dropping metric names, and what happens when series become equal by it.

/**
 * The rows without their names: at once, or marked for the end of the query.
 *
 * @throws PromqlExecutionError when two rows become equal and hold values at the same time.
 */
export function dropNames(matrix: Matrix, context: EvalContext): Matrix {
  if (context.delayedNameRemoval) return { ...matrix, dropName: matrix.labels.map(() => true) };
  const nameless = { ...matrix, labels: matrix.labels.map((labels) => labels.withoutName()) };
  return namesDiffer(matrix.labels) ? mergeEqualRows(nameless) : nameless;
}

/**
 * Like {@link dropNames}, but equal rows are refused even where they hold values at different times: so does the
 * server for functions over ranges and for the unary minus.
 */
export function dropNamesStrictly(matrix: Matrix, context: EvalContext): Matrix {
  if (context.delayedNameRemoval) return dropNames(matrix, context);
  const nameless = matrix.labels.map((labels) => labels.withoutName());
  if (!namesDiffer(matrix.labels)) return { ...matrix, labels: nameless };
  const full = withoutEmptyRows({ ...matrix, labels: nameless });
  if (new Set(full.labels.map(({ key }) => key)).size < full.labels.length) throw sameLabelset();
  return full;
}

/** Carries out the removals that were only marked. */
export function removeMarkedNames(matrix: Matrix): Matrix {
  if (!matrix.dropName.includes(true)) return matrix;
  const labels = matrix.labels.map((row, index) =>
    matrix.dropName[index] === true ? row.withoutName() : row,
  );
  return mergeEqualRows({ ...matrix, labels, dropName: labels.map(() => false) });
}

/** @throws PromqlExecutionError when two equal rows hold values at the same step. */
export function mergeEqualRows(matrix: Matrix): Matrix {
  const rowsByKey = new Map<string, number[]>();
  matrix.labels.forEach((labels, row) => {
    const rows = rowsByKey.get(labels.key);
    if (rows === undefined) rowsByKey.set(labels.key, [row]);
    else rows.push(row);
  });
  if (rowsByKey.size === matrix.labels.length) return matrix;
  const { steps } = matrix;
  const builder = createMatrixBuilder(rowsByKey.size, steps);
  for (const rows of rowsByKey.values()) {
    const to = builder.offset;
    for (const row of rows) {
      for (let step = 0; step < steps; step += 1) {
        const cell = row * steps + step;
        if (matrix.present[cell] === 0) continue;
        if (builder.present[to + step] === 1) {
          throw sameLabelset();
        }
        builder.present[to + step] = 1;
        builder.values[to + step] = matrix.values[cell] as number;
      }
    }
    builder.commit(
      matrix.labels[rows[0] as number] as Labels,
      rows.some((row) => matrix.dropName[row] === true),
    );
  }
  return builder.build();
}

function sameLabelset(): PromqlExecutionError {
  return new PromqlExecutionError("vector cannot contain metrics with the same labelset");
}

function namesDiffer(labels: readonly Labels[]): boolean {
  const first = labels[0]?.get(METRIC_NAME);
  return labels.some((row) => row.get(METRIC_NAME) !== first);
}
