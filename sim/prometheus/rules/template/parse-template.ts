/** Reads the text of a template into its tree. */
import { unquote } from "../../promql/index.js";
import { TemplateError, type Command, type Operand, type Pipeline, type TemplateNode } from "./tree.js";

const TOKEN =
  /\s*("(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'|:=|[|(),=]|-?\d[\w.]*(?:[eE][+-]?\d+)?|[$.]?[\p{L}_][\p{L}\p{N}_]*|[$.])/uy;

interface Action {
  readonly words: readonly string[];
}

/** @throws TemplateError when the template is malformed. */
export function parseTemplate(text: string): TemplateNode[] {
  const pieces = split(text);
  let at = 0;

  function block(ends: readonly string[]): { nodes: TemplateNode[]; end: Action | undefined } {
    const nodes: TemplateNode[] = [];
    while (at < pieces.length) {
      const piece = pieces[at] as string | Action;
      at += 1;
      if (typeof piece === "string") nodes.push({ kind: "text", text: piece });
      else if (ends.includes(piece.words[0] ?? "")) return { nodes, end: piece };
      else if (piece.words.length > 0) nodes.push(action(piece));
    }
    if (ends.length > 0) throw new TemplateError("unexpected EOF");
    return { nodes, end: undefined };
  }

  function action({ words }: Action): TemplateNode {
    const [keyword = ""] = words;
    if (keyword === "if" || keyword === "with" || keyword === "range")
      return control(keyword, words.slice(1));
    if (/^(?:template|define|block|break|continue|end|else)$/.test(keyword)) {
      throw new TemplateError(`unexpected {{${keyword}}}`);
    }
    return { kind: "action", pipeline: parsePipeline(words) };
  }

  function control(kind: "if" | "with" | "range", words: readonly string[]): TemplateNode {
    const pipeline = parsePipeline(words);
    const { nodes: body, end } = block(["else", "end"]);
    let otherwise: readonly TemplateNode[] = [];
    if (end?.words[0] === "else") {
      const [, next] = end.words;
      otherwise =
        next === "if" || next === "with" ? [control(next, end.words.slice(2))] : block(["end"]).nodes;
    }
    return { kind, pipeline, body, otherwise };
  }

  return block([]).nodes;
}

/** Text and actions by turns; `{{-` and `-}}` take the blanks beside them away. */
function split(text: string): (string | Action)[] {
  const pieces: (string | Action)[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = text.indexOf("{{", at);
    let plain = open === -1 ? text.slice(at) : text.slice(at, open);
    if (trimNext) plain = plain.trimStart();
    if (open === -1) {
      pieces.push(plain);
      return pieces;
    }
    const close = closing(text, open + 2);
    let inner = text.slice(open + 2, close);
    if (/^-\s/.test(inner)) {
      plain = plain.trimEnd();
      inner = inner.slice(1);
    }
    trimNext = /\s-$/.test(inner);
    if (trimNext) inner = inner.slice(0, -1);
    pieces.push(plain, { words: /^\s*\/\*[\s\S]*\*\/\s*$/.test(inner) ? [] : tokens(inner) });
    at = close + 2;
  }
}

// Braces may stand inside the quotes of an action.
function closing(text: string, from: number): number {
  const pattern = /\}\}|"(?:[^"\\]|\\.)*"|`[^`]*`/g;
  pattern.lastIndex = from;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    if (found[0] === "}}") return found.index;
  }
  throw new TemplateError("unclosed action");
}

function tokens(text: string): string[] {
  const words: string[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (text.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null)
      throw new TemplateError(`unexpected ${JSON.stringify(text.slice(at).trim()[0])} in command`);
    // A field directly behind something belongs to it: mark it so that a blank can tell them apart.
    const word = found[1] as string;
    const attached = at > 0 && found[0] === word && word.startsWith(".");
    words.push(attached ? `\u0000${word}` : word);
    at = TOKEN.lastIndex;
  }
  return words;
}

function parsePipeline(words: readonly string[]): Pipeline {
  let at = 0;
  const variables: string[] = [];
  let declares = false;
  const assign = words.findIndex((word) => word === ":=" || word === "=");
  if (assign !== -1 && words.slice(0, assign).every((word) => word.startsWith("$") || word === ",")) {
    variables.push(...words.slice(0, assign).filter((word) => word !== ","));
    declares = words[assign] === ":=";
    at = assign + 1;
  }
  const pipeline = { variables, declares, commands: readCommands() };
  if (at < words.length) throw new TemplateError(`unexpected ${JSON.stringify(words[at])} in operand`);
  return pipeline;

  function readCommands(): Command[] {
    const commands: Command[] = [];
    let command: Operand[] = [];
    for (; at < words.length && words[at] !== ")"; at += 1) {
      if (words[at] === "|") {
        commands.push(command);
        command = [];
      } else command.push(readOperand());
    }
    commands.push(command);
    if (commands.some((one) => one.length === 0)) throw new TemplateError("missing value for command");
    return commands;
  }

  function readOperand(): Operand {
    const word = words[at] as string;
    if (word === "(") {
      at += 1;
      const inner: Pipeline = { variables: [], declares: false, commands: readCommands() };
      if (words[at] !== ")") throw new TemplateError("unclosed left paren");
      return { kind: "pipeline", pipeline: inner, fields: readFields() };
    }
    if (word.startsWith("$")) return { kind: "path", root: word, fields: readFields() };
    if (word === ".") return { kind: "path", root: ".", fields: [] };
    if (word.startsWith(".")) return { kind: "path", root: ".", fields: [word.slice(1), ...readFields()] };
    return literal(word);
  }

  function readFields(): string[] {
    const fields: string[] = [];
    while (words[at + 1]?.startsWith("\u0000.") === true) {
      at += 1;
      fields.push((words[at] as string).slice(2));
    }
    return fields;
  }
}

function literal(word: string): Operand {
  if (/^["'`]/.test(word)) {
    const value = unquote(word);
    if (value === undefined) throw new TemplateError(`invalid syntax: ${word}`);
    return { kind: "literal", value };
  }
  if (/^-?\d/.test(word)) {
    const value = Number(word.replaceAll("_", ""));
    if (Number.isNaN(value)) throw new TemplateError(`bad number syntax: ${JSON.stringify(word)}`);
    return { kind: "literal", value };
  }
  if (word === "true" || word === "false") return { kind: "literal", value: word === "true" };
  if (word === "nil") return { kind: "literal", value: null };
  if (/^[\p{L}_]/u.test(word)) return { kind: "function", name: word };
  throw new TemplateError(`unexpected ${JSON.stringify(word)} in operand`);
}
