/** Decoders from YAML to typed values, with the rules and the words of Go's packages. */
import {
  LineCounter,
  Scalar,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type Node,
  type ParsedNode,
  type YAMLMap,
} from "yaml";

import { parseDuration } from "./promql/index.js";

// A text that is not YAML, or does not have the form that is wanted.

/** One reason, in the words of Go's package, and where. */
export interface YamlProblem {
  readonly message: string;
  readonly place: YamlPlace;
}

/** The message is the one of Go's package; the place is the one of the first problem. */
export class YamlError extends Error {
  override readonly name = "YamlError";
  readonly problems: readonly YamlProblem[];

  /** @param problems - At least one. */
  constructor(message: string, problems: readonly YamlProblem[]) {
    super(message);
    this.problems = problems;
  }

  get place(): YamlPlace {
    return this.problems[0]?.place ?? { line: 1, column: 1 };
  }
}

// Layout that Go's packages take and the parser here does not: quoted texts and flow collections may go on at any
// column, and a comment may follow a quote at once. Lines keep their numbers.

/** Deeper than any block around it. */
const DEEP = " ".repeat(200);
const BLOCK_SCALAR = /(?:^|[\s])[|>][-+\d]*[ \t]*(?:#.*)?$/;
/** What stands between the beginning of a line, or a separator, and a value. */
const PREFIXES = /(?:(?:-|\?)[ \t]+|[&!][^\s[\]{},]*[ \t]+)*$/;

/** @returns The same document for the parser here. */
function goLayout(text: string): string {
  // Most documents have nothing of the kind.
  if (!/["'[{]/.test(text)) return text;
  const lines = text.split("\n");
  const state: State = { quote: "", depth: 0 };
  let blockIndent: number | undefined;
  return lines
    .map((line) => {
      const indent = line.length - line.trimStart().length;
      if (blockIndent !== undefined && (line.trim() === "" || indent > blockIndent)) return line;
      blockIndent = undefined;
      const inside = state.quote !== "" || state.depth > 0;
      const laid = scanLine(line, state);
      if (inside) return DEEP + laid.trimStart();
      if (state.quote === "" && state.depth === 0 && BLOCK_SCALAR.test(line)) blockIndent = keyColumn(line);
      return laid;
    })
    .join("\n");
}

interface State {
  /** The quote that is open, or empty. */
  quote: string;
  /** Flow collections that are open. */
  depth: number;
}

/** Column of the key or item of a line; what is deeper belongs to its value. */
function keyColumn(line: string): number {
  const lead = /^[ ]*(?:-[ ]+)*/.exec(line)?.[0] ?? "";
  // An item that is a block scalar itself goes by its dash.
  return /^[|>]/.test(line.slice(lead.length)) ? Math.max(-1, lead.trimEnd().length - 1) : lead.length;
}

function scanLine(line: string, state: State): string {
  let laid = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] as string;
    if (state.quote !== "") {
      const length = quotedLength(line, at, state.quote);
      const piece = line.slice(at, at + length);
      laid += piece === "\\'" ? "'" : piece;
      at += length - 1;
      if (piece !== state.quote) continue;
      state.quote = "";
      if (line[at + 1] === "#") laid += " ";
      continue;
    }
    if (letter === "#" && (at === 0 || /\s/.test(line[at - 1] ?? ""))) return laid + line.slice(at);
    laid += letter;
    if (/["'[{]/.test(letter) && beginsValue(line.slice(0, at), state.depth)) {
      if (letter === '"' || letter === "'") state.quote = letter;
      else state.depth += 1;
    } else if (state.depth > 0 && (letter === "]" || letter === "}")) state.depth -= 1;
  }
  return laid;
}

/** Characters of what comes next inside of quotes: an escape, or one. */
function quotedLength(line: string, at: number, quote: string): number {
  if (quote === '"') return line[at] === "\\" && at + 1 < line.length ? 2 : 1;
  return line.startsWith("''", at) ? 2 : 1;
}

function beginsValue(before: string, depth: number): boolean {
  const rest = before.replace(PREFIXES, "").trimEnd();
  if (rest === "") return true;
  return depth > 0 ? /[[{,:]$/.test(rest) : rest.endsWith(":") && /[ \t]$/.test(before);
}

// The nodes of a YAML document with their places and the texts of their scalars. Go's packages decode into typed
// fields: `007` is a number for a number, and the text `007` for a text.

/** Both counted from 1. */
export interface YamlPlace {
  readonly line: number;
  readonly column: number;
}

/** What a scalar is when nothing wants it to be something else. */
type ScalarTag = "!!str" | "!!int" | "!!float" | "!!bool" | "!!null" | "!!binary" | "!!merge";

export type YamlNode =
  | { readonly kind: "scalar"; readonly tag: ScalarTag; readonly text: string; readonly place: YamlPlace }
  | { readonly kind: "sequence"; readonly items: readonly YamlNode[]; readonly place: YamlPlace }
  | { readonly kind: "mapping"; readonly entries: readonly YamlEntry[]; readonly place: YamlPlace };

interface YamlEntry {
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
function plainTag(text: string): ScalarTag {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return "!!null";
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return "!!bool";
  if (text === "<<") return "!!merge";
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)) return "!!float";
  const digits = text.replaceAll("_", "");
  if (/^[-+.\d]/.test(text) && INTEGER.test(digits)) return "!!int";
  return /^[-+.\d]/.test(text) && FLOAT.test(digits) ? "!!float" : "!!str";
}

// Merge keys: `<<: *anchor` takes in the keys of another mapping.

/** Which of Go's packages reads: rule tests are read by version 2, rule files by version 3. */
type YamlVersion = 2 | 3;

/**
 * The entries of a mapping with those of its merge keys in their place. Of two with the same key the last one counts.
 *
 * @param version - In version 3 keys of the mapping itself count whatever their place, in version 2 the last ones.
 * @throws YamlError when something is merged that is not a mapping.
 */
function mergedEntries(entries: readonly YamlEntry[], version: YamlVersion): readonly YamlEntry[] {
  if (!entries.some(isMerge)) return entries;
  const merged = (entry: YamlEntry): readonly YamlEntry[] =>
    mappingsOf(entry.value).flatMap((mapping) => mergedEntries(mapping, version));
  if (version === 2) return entries.flatMap((entry) => (isMerge(entry) ? merged(entry) : [entry]));
  return [...entries.filter(isMerge).flatMap(merged), ...entries.filter((entry) => !isMerge(entry))];
}

function isMerge({ key }: YamlEntry): boolean {
  return key.kind === "scalar" && key.tag === "!!merge";
}

/** The mappings that a merge key names; of several the first one counts most. */
function mappingsOf(value: YamlNode): readonly (readonly YamlEntry[])[] {
  const nodes = value.kind === "sequence" ? [...value.items].reverse() : [value];
  return nodes.map((node) => {
    if (node.kind === "mapping") return node.entries;
    const message = "map merge requires map or sequence of maps as the value";
    throw new YamlError(`yaml: ${message}`, [{ message, place: node.place }]);
  });
}

export interface DecodeOptions {
  readonly version: YamlVersion;
  /** Whether keys that are not known are passed over. */
  readonly ignoreUnknownFields: boolean;
}

interface DecodeContext extends DecodeOptions {
  readonly problems: YamlProblem[];
}

/** Reads one node; a missing one gives the zero value. */
export type Decoder<Value> = (node: YamlNode | undefined, context: DecodeContext) => Value;
export type Decoded<Of> = Of extends Decoder<infer Value> ? Value : never;

/**
 * The first document of a text, decoded.
 *
 * @throws YamlError listing everything that does not fit.
 */
export function decodeYaml<Value>(text: string, decoder: Decoder<Value>, options: DecodeOptions): Value {
  const context: DecodeContext = { ...options, problems: [] };
  const value = decoder(readYaml(text), context);
  if (context.problems.length === 0) return value;
  const lines = context.problems.map(({ message, place }) => `\n  line ${place.line}: ${message}`);
  throw new YamlError(`yaml: unmarshal errors:${lines.join("")}`, context.problems);
}

/** Texts, and whatever a plain scalar holds, letter by letter. */
export const yamlString: Decoder<string> = (node, context) => {
  if (node === undefined || isNull(node)) return "";
  if (node.kind !== "scalar") return refuse(node, "string", "", context);
  return node.tag === "!!binary" ? Buffer.from(node.text, "base64").toString("utf8") : node.text;
};

/** Also the words of YAML 1.1: `yes`, `on`. */
export const yamlBoolean: Decoder<boolean> = (node, context) => {
  if (node === undefined || isNull(node)) return false;
  if (node.kind === "scalar" && node.tag === "!!bool") return node.text.toLowerCase() === "true";
  if (node.kind === "scalar" && /^(?:y|Y|yes|Yes|YES|on|On|ON)$/.test(node.text)) return true;
  if (node.kind === "scalar" && /^(?:n|N|no|No|NO|off|Off|OFF)$/.test(node.text)) return false;
  return refuse(node, "bool", false, context);
};

export const yamlNumber: Decoder<number> = (node, context) => {
  if (node === undefined || isNull(node)) return 0;
  const isNumber = node.kind === "scalar" && (node.tag === "!!int" || node.tag === "!!float");
  return isNumber ? numberOf(node.text) : refuse(node, "float64", 0, context);
};

export const yamlInteger: Decoder<number> = (node, context) => {
  if (node === undefined || isNull(node)) return 0;
  const isNumber = node.kind === "scalar" && (node.tag === "!!int" || node.tag === "!!float");
  const value = isNumber ? numberOf(node.text) : NaN;
  return Number.isFinite(value) && (node.kind !== "scalar" || node.tag === "!!int" || Number.isInteger(value))
    ? value
    : refuse(node, "int", 0, context);
};

/** Milliseconds of a text like `5m`; undefined when it is missing. */
export const yamlDuration: Decoder<number | undefined> = (node, context) => {
  if (node === undefined || isNull(node)) return undefined;
  const text = yamlString(node, context);
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return durationMs;
  const message =
    text === "" ? "empty duration string" : `not a valid duration string: ${JSON.stringify(text)}`;
  throw new YamlError(message, [{ message, place: node.place }]);
};

/** @param type - As Go names it, such as `[]string`. */
export function yamlList<Item>(type: string, item: Decoder<Item>): Decoder<Item[]> {
  return (node, context) => {
    if (node === undefined || isNull(node)) return [];
    if (node.kind === "sequence") return node.items.map((inner) => item(inner, context));
    return refuse(node, type, [], context);
  };
}

/** Texts by name, in the order of the file. */
export const yamlStringMap: Decoder<Readonly<Record<string, string>>> = (node, context) => {
  if (node === undefined || isNull(node)) return {};
  if (node.kind !== "mapping") return refuse(node, "map[string]string", {}, context);
  refuseRepeated(node, (text) => `key ${JSON.stringify(text)} already set in map`, context);
  const merged = mergedEntries(node.entries, context.version);
  return Object.fromEntries(
    merged.map(({ key, value }) => [yamlString(key, context), yamlString(value, context)]),
  );
};

/** What a struct was read from, beside its fields. */
export interface StructPlaces {
  readonly place: YamlPlace;
  /** Where the values of its fields stand. */
  readonly places: Readonly<Record<string, YamlPlace>>;
}

/**
 * @param type - As Go names it, such as `main.testGroup`.
 * @param fields - Decoders by key.
 */
export function yamlStruct<Fields extends Readonly<Record<string, Decoder<unknown>>>>(
  type: string,
  fields: Fields,
): Decoder<{ readonly [Key in keyof Fields]: Decoded<Fields[Key]> } & StructPlaces> {
  return (node, context) => {
    const place = node?.place ?? { line: 0, column: 0 };
    const given = new Map<string, YamlNode>();
    if (node !== undefined && !isNull(node)) {
      if (node.kind !== "mapping") refuse(node, type, undefined, context);
      else collectFields(node, type, fields, given, context);
    }
    const values = Object.entries(fields).map(([name, decoder]) => [name, decoder(given.get(name), context)]);
    const places = Object.fromEntries([...given].map(([name, value]) => [name, value.place]));
    return { ...Object.fromEntries(values), place, places } as {
      readonly [Key in keyof Fields]: Decoded<Fields[Key]>;
    } & StructPlaces;
  };
}

function collectFields(
  node: Extract<YamlNode, { kind: "mapping" }>,
  type: string,
  fields: Readonly<Record<string, unknown>>,
  given: Map<string, YamlNode>,
  context: DecodeContext,
): void {
  refuseRepeated(node, (text) => `field ${text} already set in type ${type}`, context);
  for (const { key, value } of mergedEntries(node.entries, context.version)) {
    const name = yamlString(key, context);
    if (Object.hasOwn(fields, name)) given.set(name, value);
    else if (!context.ignoreUnknownFields)
      context.problems.push({ message: `field ${name} not found in type ${type}`, place: key.place });
  }
}

function refuseRepeated(
  { entries }: Extract<YamlNode, { kind: "mapping" }>,
  problem: (text: string) => string,
  { version, problems }: DecodeContext,
): void {
  const seen = new Map<string, YamlPlace>();
  for (const { key } of entries) {
    if (key.kind !== "scalar" || key.tag === "!!merge") continue;
    const before = seen.get(key.text);
    seen.set(key.text, before ?? key.place);
    if (before === undefined) continue;
    const again = `mapping key ${JSON.stringify(key.text)} already defined at line ${before.line}`;
    problems.push({ message: version === 3 ? again : problem(key.text), place: key.place });
  }
}

function refuse<Value>(node: YamlNode, type: string, zero: Value, { problems }: DecodeContext): Value {
  const text = node.kind === "scalar" ? ` \`${shortened(node.text)}\`` : "";
  const tag = { scalar: "", sequence: "!!seq", mapping: "!!map" }[node.kind];
  const found = node.kind === "scalar" ? node.tag : tag;
  problems.push({ message: `cannot unmarshal ${found}${text} into ${type}`, place: node.place });
  return zero;
}

function shortened(text: string): string {
  return text.length > 10 ? `${text.slice(0, 7)}...` : text;
}

function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && node.tag === "!!null";
}

function numberOf(text: string): number {
  const digits = text.replaceAll("_", "");
  if (/nan$/i.test(digits)) return NaN;
  if (/inf$/i.test(digits)) return digits.startsWith("-") ? -Infinity : Infinity;
  if (plainTag(text) !== "!!int") return Number(digits);
  const sign = digits.startsWith("-") ? -1 : 1;
  const size = digits.replace(/^[-+]/, "");
  const octal = /^0[0-7]+$/.test(size) ? `0o${size.slice(1)}` : size;
  return sign * Number(octal);
}

// Nodes as plain values, for readers that convert texts themselves.

/** @returns Objects, arrays, texts and, for nothing at all, null. */
export function plainOf(node: YamlNode | undefined): unknown {
  if (node === undefined) return null;
  if (node.kind === "sequence") return node.items.map(plainOf);
  if (node.kind === "scalar") return node.tag === "!!null" ? null : node.text;
  return Object.fromEntries(
    mergedEntries(node.entries, 3).map(({ key, value }) => [
      key.kind === "scalar" ? key.text : JSON.stringify(plainOf(key)),
      plainOf(value),
    ]),
  );
}
