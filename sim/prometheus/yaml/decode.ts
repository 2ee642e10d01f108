/** Decoders from YAML to typed values, with the rules and the words of Go's packages. */
import { parseDuration } from "../promql/index.js";
import { mergedEntries, type YamlVersion } from "./merge-keys.js";
import { YamlError, type YamlProblem } from "./yaml-error.js";
import { plainTag, readYaml, type YamlNode, type YamlPlace } from "./yaml-node.js";

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
