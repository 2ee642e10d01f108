/** Reads the text of a template into its tree, and refuses what Go's text/template refuses, in its words. */
import { goQuote } from "../../labels/index.js";
import { unquote } from "../../promql/index.js";
import { readConstant } from "./constant.js";
import { lexTemplate, type TemplateToken, type TemplateTokenKind } from "./lex-template.js";
import { createTokenStream } from "./token-stream.js";
import {
  TemplateError,
  type Command,
  type ControlNode,
  type Operand,
  type Pipeline,
  type Template,
  type TemplateNode,
} from "./tree.js";

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
