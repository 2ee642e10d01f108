/** Reads the text of a template into its tree, and refuses what Go's text/template refuses, in its words. */
import { goQuote } from "../../labels.js";
import { parseGoFloat, unquote } from "../../promql/index.js";
import {
  GoInt,
  TemplateError,
  type Command,
  type Constant,
  type ControlNode,
  type Operand,
  type Pipeline,
  type Template,
  type TemplateNode,
} from "./tree.js";

// Constants of templates.

/** @returns Undefined when the text is no constant. */
function readConstant({ kind, text }: TemplateToken): Constant | undefined {
  if (kind === "bool") return text === "true";
  if (kind === "string") return unquote(text);
  if (kind === "char") {
    const character = unquote(text);
    return character === undefined || Array.from(character).length !== 1
      ? undefined
      : new GoInt(character.codePointAt(0) as number);
  }
  return readNumber(text);
}

function readNumber(text: string): Constant | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  if (/^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(digits)) return new GoInt(sign * Number(digits));
  // A leading zero means base eight.
  if (/^0\d+$/.test(digits))
    return /^[0-7]+$/.test(digits) ? new GoInt(sign * Number.parseInt(digits, 8)) : undefined;
  if (/^\d+$/.test(digits)) return new GoInt(sign * Number(digits));
  const value = parseGoFloat(digits);
  return value === undefined ? undefined : sign * value;
}

// Tokens of a template, read one after the other.

interface TokenStream {
  peek(): TemplateToken;
  next(): TemplateToken;
  skipSpace(): void;
  peekNonSpace(): TemplateToken;
  nextNonSpace(): TemplateToken;
  /** The token that was read last. */
  last(): TemplateToken;
  /** Takes the last token back. */
  back(): void;
  /** A place to return to. */
  mark(): number;
  return(mark: number): void;
}

/** @param tokens - At least one; the last one comes again and again. */
function createTokenStream(tokens: readonly TemplateToken[]): TokenStream {
  let at = 0;
  const peek = (): TemplateToken => tokens[at] as TemplateToken;
  const next = (): TemplateToken => {
    const token = peek();
    if (at < tokens.length - 1) at += 1;
    return token;
  };
  const skipSpace = (): void => {
    while (peek().kind === "space") next();
  };
  return {
    peek,
    next,
    skipSpace,
    peekNonSpace() {
      skipSpace();
      return peek();
    },
    nextNonSpace() {
      skipSpace();
      return next();
    },
    last: () => tokens[Math.max(0, at - 1)] as TemplateToken,
    back() {
      at -= 1;
    },
    mark: () => at,
    return(mark) {
      at = mark;
    },
  };
}

// The tokens of a template: Go's text/template/parse.

type TemplateTokenKind =
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

interface TemplateToken {
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
function lexTemplate(text: string): TemplateToken[] {
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

export interface TemplateOptions {
  /** Shown in messages. */
  readonly name: string;
  /** Variables that are there before the text begins, with their `$`. */
  readonly variables: readonly string[];
  hasFunction(name: string): boolean;
}

/** What ends a list of nodes. */
type ListEnd = "end" | "else" | "EOF";

const OPERANDS: ReadonlySet<TemplateTokenKind> = new Set<TemplateTokenKind>([
  "bool",
  "char",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "string",
  "variable",
  "(",
]);

/** @throws TemplateError when the template is malformed. */
export function parseTemplate(text: string, options: TemplateOptions): Template {
  const stream = createTokenStream(lexTemplate(text));
  const { peek, next, skipSpace, peekNonSpace, nextNonSpace } = stream;
  const defined = new Map<string, readonly TemplateNode[]>();
  let variables: string[] = ["$", ...options.variables];
  let rangeDepth = 0;

  function fail(problem: string, token: TemplateToken = stream.last()): never {
    const line = text.slice(0, token.at).split("\n").length;
    throw new TemplateError(`template: ${options.name}:${line}: ${problem}`);
  }

  function unexpected(token: TemplateToken, context: string): never {
    if (token.kind === "error") fail(token.text, token);
    return fail(`unexpected ${describe(token)} in ${context}`, token);
  }

  function expectClose(context: string): void {
    const token = nextNonSpace();
    if (token.kind !== "close") unexpected(token, context);
  }

  /** Nodes up to what ends them; `{{define}}` may stand at the top only. */
  function list(isTop: boolean): { readonly nodes: TemplateNode[]; readonly end: ListEnd } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = nextNonSpace();
      if (token.kind === "end") return { nodes, end: "EOF" };
      if (token.kind === "text") nodes.push({ kind: "text", text: token.text });
      else if (token.kind === "open") {
        const node = isTop && isKeyword(peekNonSpace(), "define") ? definition() : action();
        if (node === "end" || node === "else") return { nodes, end: node };
        if (node !== undefined) nodes.push(node);
      } else unexpected(token, "input");
    }
  }

  function definition(): undefined {
    nextNonSpace();
    const name = templateName("define clause");
    expectClose("define clause");
    subtree(name);
    return undefined;
  }

  function subtree(name: string): void {
    const outer = { variables, rangeDepth };
    variables = ["$"];
    rangeDepth = 0;
    const { nodes, end } = list(false);
    if (end === "EOF") fail("unexpected EOF");
    if (end === "else") fail("unexpected {{else}} in define clause");
    ({ variables, rangeDepth } = outer);
    defined.set(name, nodes);
  }

  function templateName(context: string): string {
    const token = nextNonSpace();
    if (token.kind !== "string") unexpected(token, context);
    return unquote(token.text) ?? fail("invalid syntax");
  }

  function action(): TemplateNode | "end" | "else" {
    const token = peekNonSpace();
    if (token.kind !== "keyword") return { kind: "action", pipeline: pipeline("command", "close") };
    next();
    switch (token.text) {
      case "if":
      case "with":
      case "range":
        return control(token.text);
      case "end":
        expectClose("end");
        return "end";
      case "else":
        if (!/^(?:if|with)$/.test(peekNonSpace().text)) expectClose("else");
        return "else";
      case "template":
      case "block":
        return invocation(token);
      case "break":
      case "continue": {
        const close = nextNonSpace();
        if (close.kind !== "close") unexpected(close, `{{${token.text}}}`);
        if (rangeDepth === 0) fail(`{{${token.text}}} outside {{range}}`, token);
        return { kind: token.text };
      }
      default:
        return unexpected(token, "command");
    }
  }

  function invocation(token: TemplateToken): TemplateNode {
    const context = token.text === "block" ? "block clause" : "template clause";
    const { at } = peekNonSpace();
    const name = templateName(context);
    if (token.text === "template" && peekNonSpace().kind === "close") {
      next();
      return { kind: "template", at, name, pipeline: undefined };
    }
    const argument = pipeline(context, "close");
    if (token.text === "block") subtree(name);
    return { kind: "template", at, name, pipeline: argument };
  }

  function control(kind: ControlNode["kind"]): ControlNode {
    const outer = variables.length;
    const head = pipeline(kind, "close");
    if (kind === "range") rangeDepth += 1;
    const { nodes: body, end } = list(false);
    if (kind === "range") rangeDepth -= 1;
    if (end === "EOF") fail("unexpected EOF");
    const otherwise = end === "else" ? elseOf(kind) : [];
    variables.length = outer;
    return { kind, pipeline: head, body, otherwise };
  }

  function elseOf(kind: ControlNode["kind"]): readonly TemplateNode[] {
    const token = peekNonSpace();
    if (token.kind === "keyword" && (token.text === "if" || token.text === "with")) {
      if (token.text !== kind) unexpected(token, "else");
      next();
      return [control(token.text)];
    }
    const { nodes, end } = list(false);
    if (end === "EOF") fail("unexpected EOF");
    if (end === "else") fail("expected end; found {{else}}");
    return nodes;
  }

  function pipeline(context: string, end: "close" | ")"): Pipeline {
    const declared: string[] = [];
    let declares = true;
    for (let found = declaration(); found !== undefined; found = declaration()) {
      declared.push(found.name);
      variables.push(found.name);
      if (found.by !== ",") {
        declares = found.by === "declare";
        break;
      }
      if (context !== "range" || declared.length > 1) fail(`too many declarations in ${context}`);
      if (!/^(?:variable|close|\))$/.test(peekNonSpace().kind)) fail("range can only initialize variables");
    }
    const commands: Command[] = [];
    for (;;) {
      const token = nextNonSpace();
      if (token.kind === end) break;
      if (!OPERANDS.has(token.kind)) unexpected(token, context);
      stream.back();
      commands.push(command());
    }
    if (commands.length === 0) fail(`missing value for ${context}`);
    commands.slice(1).forEach(([first], index) => {
      if (first?.kind === "dot" || first?.kind === "nil" || first?.kind === "literal")
        fail(`non executable command in pipeline stage ${index + 2}`);
    });
    return { variables: declared, declares, commands };
  }

  function declaration(): { readonly name: string; readonly by: "declare" | "assign" | "," } | undefined {
    if (peekNonSpace().kind !== "variable") return undefined;
    const mark = stream.mark();
    const { text: name } = next();
    const by = nextNonSpace();
    if (by.kind === "declare" || by.kind === "assign") return { name, by: by.kind };
    if (by.kind === "other" && by.text === ",") return { name, by: "," };
    stream.return(mark);
    return undefined;
  }

  function command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      skipSpace();
      const found = operand();
      if (found !== undefined) operands.push(found);
      const token = next();
      if (token.kind === "space") continue;
      if (token.kind === "close" || token.kind === ")") stream.back();
      else if (token.kind !== "|") unexpected(token, "operand");
      break;
    }
    if (operands.length === 0) fail("empty command");
    return operands;
  }

  function operand(): Operand | undefined {
    const from = peekNonSpace().at;
    const first = term();
    if (first === undefined || peek().kind !== "field") return first;
    const fields: string[] = [];
    const fieldAt = peek().at;
    while (peek().kind === "field") fields.push(next().text.slice(1));
    const shown = text.slice(from, peek().at);
    if (first.kind === "path")
      return { ...first, at: fieldAt, text: shown, fields: [...first.fields, ...fields] };
    if (first.kind === "dot" || first.kind === "nil" || first.kind === "literal")
      fail(`unexpected . after term ${goQuote(first.text)}`);
    return { kind: "chain", at: from, text: shown, operand: first, fields };
  }

  function term(): Operand | undefined {
    const token = nextNonSpace();
    const place = { at: token.at, text: token.text };
    const { kind } = token;
    if (kind === "(") {
      const inner = pipeline("parenthesized pipeline", ")");
      return {
        kind: "pipeline",
        pipeline: inner,
        at: token.at,
        text: text.slice(token.at, stream.last().at + 1),
      };
    }
    if (kind === "identifier") {
      if (!options.hasFunction(token.text)) fail(`function ${goQuote(token.text)} not defined`, token);
      return { kind: "function", name: token.text, ...place };
    }
    if (kind === "dot" || kind === "nil") return { kind, ...place };
    if (kind === "variable") {
      if (!variables.includes(token.text)) fail(`undefined variable ${goQuote(token.text)}`, token);
      return { kind: "path", variable: token.text, fields: [], ...place };
    }
    if (kind === "field")
      return { kind: "path", variable: undefined, fields: [token.text.slice(1)], ...place };
    if (kind !== "bool" && kind !== "char" && kind !== "number" && kind !== "string") {
      stream.back();
      return undefined;
    }
    const value = readConstant(token) ?? fail(`illegal number syntax: ${goQuote(token.text)}`, token);
    return { kind: "literal", value, ...place };
  }
  const { nodes, end } = list(true);
  if (end !== "EOF") fail(`unexpected {{${end}}}`);
  return { nodes, defined };
}

function isKeyword(token: TemplateToken, word: string): boolean {
  return token.kind === "keyword" && token.text === word;
}

function describe({ kind, text }: TemplateToken): string {
  if (kind === "end") return "EOF";
  if (kind === "keyword") return `<${text}>`;
  return text.length > 10 ? `${goQuote(text.slice(0, 10))}...` : goQuote(text);
}
