/** Says why a text is no query, in the words of the server, from its tokens. */
import { goQuote } from "../labels/index.js";
import { AGGREGATORS, findFunction } from "./signatures.js";
import type { Token } from "./lexer.js";
import type { Dialect } from "./dialect.js";

const KEYWORDS = new Set(
  "offset by without on ignoring group_left group_right bool start end step range smoothed anchored fill fill_left fill_right".split(
    " ",
  ),
);
const OPERATORS = new Set("+ - * / % ^ == != < > <= >= =~ !~ and or unless atan2".split(" "));

/** Position and words of a syntax error. */
export interface SyntaxProblem {
  readonly problem: string;
  readonly token: Token;
}

/**
 * @param tokens - Of the whole query.
 * @param offset - Where the parser stopped understanding.
 */
export function explainSyntax(tokens: readonly Token[], offset: number, dialect: Dialect): SyntaxProblem {
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
export function describeToken({ kind, text }: Token): string {
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
