/** The tokens of a template: Go's text/template/parse. */

export type TemplateTokenKind =
  | "text"
  | "open"
  | "close"
  | "bool"
  | "char"
  | "number"
  | "string"
  | "assign"
  | "declare"
  | "dot"
  | "nil"
  | "field"
  | "identifier"
  | "variable"
  | "keyword"
  | "("
  | ")"
  | "|"
  | "space"
  | "other"
  | "error"
  | "end";

export interface TemplateToken {
  readonly kind: TemplateTokenKind;
  /** For `error`: what is wrong. */
  readonly text: string;
  /** Where it stands in the text of the template. */
  readonly at: number;
}

const KEYWORDS = /^(?:block|break|continue|define|else|end|if|range|template|with)$/;
const WORD = /[\p{L}\p{Nd}_]+/uy;
const NUMBER =
  /[-+]?(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?\d+)?|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?[\d_]+)?)/y;
const QUOTED = /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y;
const CHARACTER = /'(?:[^'\\\n]|\\.)+'/y;
const SPACE = /[ \t\r\n]+/y;

/** Splits a whole template; the last token is `end` or the first `error`. */
export function lexTemplate(text: string): TemplateToken[] {
  const tokens: TemplateToken[] = [];
  let at = 0;
  let trimsNext = false;
  for (;;) {
    const open = text.indexOf("{{", at);
    const trimsBefore = open !== -1 && /^-[ \t\r\n]/.test(text.slice(open + 2, open + 4));
    addText(text, at, open === -1 ? text.length : open, trimsNext, trimsBefore, tokens);
    if (open === -1) break;
    at = open + 2 + (trimsBefore ? 1 : 0);
    const comment = readComment(text, at + (trimsBefore ? 1 : 0));
    if (comment !== undefined) {
      if (typeof comment === "string") return [...tokens, { kind: "error", text: comment, at }];
      ({ at, trimsNext } = comment);
      continue;
    }
    tokens.push({ kind: "open", text: "{{", at: open });
    const action = lexAction(text, at, tokens);
    if (action === undefined) return tokens;
    ({ at, trimsNext } = action);
  }
  tokens.push({ kind: "end", text: "EOF", at: text.length });
  return tokens;
}

function addText(
  text: string,
  from: number,
  to: number,
  trimsStart: boolean,
  trimsEnd: boolean,
  tokens: TemplateToken[],
): void {
  let plain = text.slice(from, to);
  if (trimsStart) plain = plain.replace(/^[ \t\r\n]+/, "");
  if (trimsEnd) plain = plain.replace(/[ \t\r\n]+$/, "");
  if (plain !== "") tokens.push({ kind: "text", text: plain, at: from });
}

interface ActionEnd {
  readonly at: number;
  readonly trimsNext: boolean;
}

function readComment(text: string, at: number): ActionEnd | string | undefined {
  if (!text.startsWith("/*", at)) return undefined;
  const end = text.indexOf("*/", at + 2);
  if (end === -1) return "unclosed comment";
  const close = /^[ \t\r\n]-\}\}|^\}\}/.exec(text.slice(end + 2, end + 6));
  if (close === null) return "comment ends before closing delimiter";
  return { at: end + 2 + close[0].length, trimsNext: close[0].length > 2 };
}

/** @returns Undefined after an error. */
function lexAction(text: string, from: number, tokens: TemplateToken[]): ActionEnd | undefined {
  let at = from;
  let depth = 0;
  const error = (problem: string): undefined => {
    tokens.push({ kind: "error", text: problem, at });
    return undefined;
  };
  for (;;) {
    const close = /^[ \t\r\n]-\}\}|^\}\}/.exec(text.slice(at, at + 4));
    if (close !== null) {
      if (depth > 0) return error("unclosed left paren");
      tokens.push({ kind: "close", text: "}}", at });
      return { at: at + close[0].length, trimsNext: close[0].length > 2 };
    }
    const token = nextToken(text, at);
    if (token === undefined) return error("unclosed action");
    if (token.kind === "error") return error(token.text);
    if (token.kind === "(") depth += 1;
    if (token.kind === ")") depth -= 1;
    if (depth < 0) return error("unexpected right paren");
    tokens.push(token);
    at += token.text.length;
  }
}

function nextToken(text: string, at: number): TemplateToken | undefined {
  if (at >= text.length) return undefined;
  const token = (kind: TemplateTokenKind, found: string): TemplateToken => ({ kind, text: found, at });
  const space = matchAt(SPACE, text, at);
  // The blank before a closing delimiter that trims belongs to it.
  if (space !== undefined) {
    const isTrim = text.startsWith("-}}", at + space.length);
    const shown = isTrim && space.length > 1 ? space.slice(0, -1) : space;
    return token("space", shown);
  }
  const character = text[at] as string;
  if (character === '"' || character === "`") {
    const quoted = matchAt(QUOTED, text, at);
    if (quoted !== undefined) return token("string", quoted);
    return token(
      "error",
      character === "`" ? "unterminated raw quoted string" : "unterminated quoted string",
    );
  }
  if (character === "'") {
    const constant = matchAt(CHARACTER, text, at);
    return constant === undefined
      ? token("error", "unterminated character constant")
      : token("char", constant);
  }
  if (text.startsWith(":=", at)) return token("declare", ":=");
  if (character === ":") return token("error", "expected :=");
  if (character === "=") return token("assign", "=");
  if (character === "|" || character === "(" || character === ")") return token(character, character);
  return wordOrNumber(text, at, token);
}

function wordOrNumber(
  text: string,
  at: number,
  token: (kind: TemplateTokenKind, found: string) => TemplateToken,
): TemplateToken {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === "$" || (character === "." && !/\d/.test(text[at + 1] ?? ""))) {
    const word = matchAt(WORD, text, at + 1) ?? "";
    const end = at + 1 + word.length;
    if (!endsWord(text, end)) return token("error", badCharacter(text, end));
    if (character === "$") return token("variable", `$${word}`);
    return token(word === "" ? "dot" : "field", `.${word}`);
  }
  if (/[-+.\d]/.test(character)) {
    const number = matchAt(NUMBER, text, at);
    const rest = /^[\p{L}\p{Nd}_]/u.exec(text.slice(at + (number?.length ?? 0)));
    if (number === undefined || rest !== null)
      return token(
        "error",
        `bad number syntax: ${JSON.stringify((number ?? character) + (rest?.[0] ?? ""))}`,
      );
    return token("number", number);
  }
  const word = matchAt(WORD, text, at);
  if (word !== undefined) {
    if (!endsWord(text, at + word.length)) return token("error", badCharacter(text, at + word.length));
    if (KEYWORDS.test(word)) return token("keyword", word);
    if (word === "true" || word === "false") return token("bool", word);
    return token(word === "nil" ? "nil" : "identifier", word);
  }
  if (character >= " " && character <= "~") return token("other", character);
  return token("error", `unrecognized character in action: ${unicodeName(character)}`);
}

function endsWord(text: string, at: number): boolean {
  return at >= text.length || /^(?:[ \t\r\n.,|:()]|\}\})/.test(text.slice(at, at + 2)) || text[at] === "=";
}

function badCharacter(text: string, at: number): string {
  return `bad character ${unicodeName(String.fromCodePoint(text.codePointAt(at) ?? 0))}`;
}

/** Go's `%#U`. */
function unicodeName(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${code} '${character}'`;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
