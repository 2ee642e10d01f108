/**
 * The tokens of a query. The grammar package parses; this finds what it cannot say: why a text is no query,
 * and how deep it nests.
 */
import { goQuote } from "../labels/index.js";

export type TokenKind = "identifier" | "number" | "duration" | "string" | "symbol" | "error" | "end";

export interface Token {
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
export function tokenize(query: string): Token[] {
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
export function measureTokens(tokens: readonly Token[]): {
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
