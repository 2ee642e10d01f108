/**
 * The nodes of a YAML document with their places and the texts of their scalars. Go's packages decode into typed
 * fields: `007` is a number for a number, and the text `007` for a text.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  Scalar,
  type Document,
  type Node,
  type ParsedNode,
  type YAMLMap,
} from "yaml";
import { goLayout } from "./go-layout.js";
import { YamlError } from "./yaml-error.js";

/** Both counted from 1. */
export interface YamlPlace {
  readonly line: number;
  readonly column: number;
}

/** What a scalar is when nothing wants it to be something else. */
export type ScalarTag = "!!str" | "!!int" | "!!float" | "!!bool" | "!!null" | "!!binary" | "!!merge";

export type YamlNode =
  | { readonly kind: "scalar"; readonly tag: ScalarTag; readonly text: string; readonly place: YamlPlace }
  | { readonly kind: "sequence"; readonly items: readonly YamlNode[]; readonly place: YamlPlace }
  | { readonly kind: "mapping"; readonly entries: readonly YamlEntry[]; readonly place: YamlPlace };

export interface YamlEntry {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

// An alias that contains itself, or a few that repeat each other a million times.
const NODES_MAX = 1_000_000;

/**
 * The first document of a text.
 *
 * @returns Undefined when there is none.
 * @throws YamlError when it is not YAML.
 */
export function readYaml(text: string): YamlNode | undefined {
  const lines = new LineCounter();
  const documents = parseAllDocuments(goLayout(text), {
    version: "1.1",
    schema: "failsafe",
    lineCounter: lines,
    uniqueKeys: false,
    logLevel: "silent",
    prettyErrors: false,
  });
  const document = "empty" in documents ? undefined : documents[0];
  if (document === undefined) return undefined;
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw syntaxError(error.message, { line, column: col });
  }
  return document.contents === null ? undefined : createReader(document, lines)(document.contents);
}

function syntaxError(problem: string, place: YamlPlace): YamlError {
  const message = `line ${place.line}: ${problem}`;
  return new YamlError(`yaml: ${message}`, [{ message, place }]);
}

function createReader(document: Document.Parsed, lines: LineCounter): (node: Node) => YamlNode {
  let nodes = 0;
  const open = new Set<Node>();
  const placeOf = (node: Node | undefined): YamlPlace => {
    const { line, col } = lines.linePos((node as Partial<ParsedNode> | undefined)?.range?.[0] ?? 0);
    return { line, column: col };
  };

  function read(node: Node, near: YamlPlace = placeOf(node)): YamlNode {
    nodes += 1;
    if (nodes > NODES_MAX) throw syntaxError("document contains excessive aliasing", near);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined)
        throw syntaxError(`unknown anchor '${node.source}' referenced`, placeOf(node));
      if (open.has(target)) throw syntaxError(`anchor '${node.source}' value contains itself`, placeOf(node));
      return { ...read(target), place: placeOf(node) };
    }
    if (isScalar(node)) {
      const text = node.source ?? "";
      // A value that is missing stands nowhere.
      return { kind: "scalar", tag: tagOf(node, text), text, place: text === "" ? near : placeOf(node) };
    }
    open.add(node);
    const place = placeOf(node);
    const result: YamlNode = isSeq(node)
      ? { kind: "sequence", place, items: node.items.map((item) => read(item as Node, place)) }
      : { kind: "mapping", place, entries: isMap(node) ? entriesOf(node) : [] };
    open.delete(node);
    return result;
  }

  function entriesOf(map: YAMLMap): YamlEntry[] {
    return map.items.map(({ key, value }) => {
      const name = read(key as Node);
      const missing: YamlNode = { kind: "scalar", tag: "!!null", text: "", place: name.place };
      return { key: name, value: value === null ? missing : read(value as Node, name.place) };
    });
  }

  return (node) => read(node);
}

const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function tagOf({ tag, type }: Scalar, text: string): ScalarTag {
  const forced = /^tag:yaml\.org,2002:(str|int|float|bool|null|binary)$/.exec(tag ?? "")?.[1];
  if (forced !== undefined) return `!!${forced}` as ScalarTag;
  return type === Scalar.PLAIN && tag === undefined ? plainTag(text) : "!!str";
}

/** What a scalar without quotes is. */
export function plainTag(text: string): ScalarTag {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return "!!null";
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return "!!bool";
  if (text === "<<") return "!!merge";
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)) return "!!float";
  const digits = text.replaceAll("_", "");
  if (/^[-+.\d]/.test(text) && INTEGER.test(digits)) return "!!int";
  return /^[-+.\d]/.test(text) && FLOAT.test(digits) ? "!!float" : "!!str";
}
