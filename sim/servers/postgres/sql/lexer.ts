/**
 * Splits SQL text into tokens, as PostgreSQL's scanner does.
 *
 * The parser library loses digits of numbers and stumbles over some string forms, so literals are read here.
 */
import { SimError } from "../../../errors.js";
import { DatabaseError } from "../database-error.js";

export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "parameter" | "operator";
  /** Words in lower case; quoted names and strings decoded; the others as written. */
  readonly text: string;
  /** Offset of the first character in the SQL text. */
  readonly start: number;
  readonly end: number;
}

const blank = /(?:\s+|--[^\n]*)/y;
const word = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const number = /(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const parameter = /\$\d+/y;
const dollarTag = /\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$/y;
const operator = /::|:=|\.\.|[-+*/<>=~!@#%^&|`?]+|[(),;.[\]:]/y;
const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function unterminated(what: string, text: string, at: number): DatabaseError {
  return new DatabaseError("42601", `unterminated ${what} at or near "${text.slice(at)}"`, {
    position: String(at + 1),
  });
}

function skipComment(text: string, at: number): number {
  let depth = 1;
  let end = at + 2;
  while (depth > 0) {
    if (end >= text.length) throw unterminated("/* comment", text, at);
    if (text.startsWith("/*", end)) {
      depth += 1;
      end += 2;
    } else if (text.startsWith("*/", end)) {
      depth -= 1;
      end += 2;
    } else end += 1;
  }
  return end;
}

/** Reads a literal whose opening quote stands at `at`. */
function readQuoted(text: string, at: number, escaped: boolean): { value: string; end: number } {
  const quote = text[at] ?? "'";
  let value = "";
  let end = at + 1;
  for (;;) {
    const next = text[end];
    if (next === undefined)
      throw unterminated(quote === "'" ? "quoted string" : "quoted identifier", text, at);
    if (next === quote) {
      if (text[end + 1] !== quote) return { value, end: end + 1 };
      value += quote;
      end += 2;
    } else if (escaped && next === "\\") {
      const { decoded, length } = readEscape(text, end + 1);
      value += decoded;
      end += 1 + length;
    } else {
      value += next;
      end += 1;
    }
  }
}

function readEscape(text: string, at: number): { decoded: string; length: number } {
  const [, hex = ""] = /^(?:x([0-9a-fA-F]{1,2})|)/.exec(text.slice(at, at + 3)) ?? [];
  if (hex !== "") return { decoded: String.fromCharCode(Number.parseInt(hex, 16)), length: hex.length + 1 };
  const unicode = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(at, at + 9));
  if (unicode !== null) {
    return {
      decoded: String.fromCodePoint(Number.parseInt(unicode[1] ?? unicode[2] ?? "", 16)),
      length: unicode[0].length,
    };
  }
  const octal = /^[0-7]{1,3}/.exec(text.slice(at, at + 3));
  if (octal !== null)
    return { decoded: String.fromCharCode(Number.parseInt(octal[0], 8)), length: octal[0].length };
  const next = text[at] ?? "";
  return { decoded: escapes[next] ?? next, length: 1 };
}

function readString(text: string, at: number, escaped: boolean): { value: string; end: number } {
  let { value, end } = readQuoted(text, at, escaped);
  // Literals on following lines belong to the same string.
  for (;;) {
    const gap = /^\s*\n\s*'/.exec(text.slice(end));
    if (gap === null) return { value, end };
    const more = readQuoted(text, end + gap[0].length - 1, escaped);
    value += more.value;
    end = more.end;
  }
}

function readPrefixed(text: string, at: number): Token | null {
  if (text[at + 1] !== "'" && !(text[at + 1] === "&" && text[at + 2] === "'")) return null;
  const prefix = (text[at] ?? "").toLowerCase();
  if (prefix === "e" && text[at + 1] === "'") {
    const { value, end } = readString(text, at + 1, true);
    return { kind: "string", text: value, start: at, end };
  }
  if ("bxun".includes(prefix) && prefix !== "") {
    throw new SimError(
      "SIM_UNSUPPORTED",
      `The simulated PostgreSQL does not read ${text[at]}'...' literals.`,
      "Use an ordinary string literal and a cast, or bind a parameter.",
    );
  }
  return null;
}

function nextToken(text: string, at: number): Token {
  const next = text[at] ?? "";
  const prefixed = /[a-zA-Z]/.test(next) ? readPrefixed(text, at) : null;
  if (prefixed !== null) return prefixed;
  if (next === "'") {
    const { value, end } = readString(text, at, false);
    return { kind: "string", text: value, start: at, end };
  }
  if (next === '"') {
    const { value, end } = readQuoted(text, at, false);
    return { kind: "quoted", text: value, start: at, end };
  }
  const plain = (kind: Token["kind"], found: string, shown = found): Token => ({
    kind,
    text: shown,
    start: at,
    end: at + found.length,
  });
  const name = match(word, text, at);
  if (name !== null) return plain("word", name, name.toLowerCase());
  const digits = match(number, text, at);
  if (digits !== null) return plain("number", digits);
  const slot = match(parameter, text, at);
  if (slot !== null) return plain("parameter", slot);
  const tag = match(dollarTag, text, at);
  if (tag !== null) {
    const close = text.indexOf(tag, at + tag.length);
    if (close < 0) throw unterminated("dollar-quoted string", text, at);
    return { kind: "string", text: text.slice(at + tag.length, close), start: at, end: close + tag.length };
  }
  const symbol = match(operator, text, at);
  if (symbol === null) throw syntaxError(text, at);
  // A comment start ends an operator, and a sign belongs to what follows it.
  const comment = symbol.search(/--|\/\*/);
  const body = comment > 0 ? symbol.slice(0, comment) : symbol;
  const trimmed = body.length > 1 && !/[~!@#%^&|`?]/.test(body) ? body.replace(/(?<=.)[+-]+$/, "") : body;
  return plain("operator", trimmed);
}

/** The 42601 that PostgreSQL gives for the token at `at`. */
export function syntaxError(text: string, at: number): DatabaseError {
  let found: Token | null = null;
  try {
    if (at < text.length) found = nextToken(text, at);
  } catch {
    found = null;
  }
  if (found === null) {
    return new DatabaseError("42601", "syntax error at end of input", { position: String(text.length + 1) });
  }
  const shown = text.slice(found.start, found.end);
  return new DatabaseError("42601", `syntax error at or near "${shown}"`, { position: String(at + 1) });
}

/** @throws DatabaseError 42601 for an unterminated literal or a stray character. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const space = match(blank, text, at);
    if (space !== null) at += space.length;
    else if (text.startsWith("/*", at)) at = skipComment(text, at);
    else {
      const found = nextToken(text, at);
      tokens.push(found);
      at = found.end;
    }
  }
  return tokens;
}

/** One list of tokens for each statement between semicolons; empty statements are dropped. */
export function splitStatements(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "operator" && token.text === ";") statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}
