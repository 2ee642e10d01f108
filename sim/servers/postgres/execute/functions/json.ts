/** Functions and operators of json and jsonb. */
import { DatabaseError } from "../../database-error.js";
import { jsonbType } from "../../types/builtin.js";
import {
  isJsonNumber,
  jsonContains,
  jsonKind,
  jsonParts,
  parseJson,
  printJson,
  type Json,
} from "../../types/json.js";
import type { PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import { define, withInfo, type CallInfo } from "../resolution.js";

const fault = (code: string, text: string): DatabaseError => new DatabaseError(code, text);

/** A value as a JSON text, as `to_json` writes it. */
export function toJsonText(value: Value, type: PgType, separator = ","): string {
  if (value === null) return "null";
  if (type.category === "json") return value as string;
  const { element, fields } = type;
  if (element !== undefined) {
    const items = (value as readonly Value[]).map((item) =>
      toJsonText(item, Array.isArray(item) && element.fields === undefined ? type : element),
    );
    return `[${items.join(separator)}]`;
  }
  if (fields !== undefined) {
    const entries = fields.map(
      ({ name, type: own }, index) =>
        `${JSON.stringify(name)}:${toJsonText((value as readonly Value[])[index] ?? null, own)}`,
    );
    return `{${entries.join(separator)}}`;
  }
  if (type.category === "boolean") return value === true ? "true" : "false";
  const text = type.print(value);
  if (type.category === "number" && /^-?\d/.test(text)) return text;
  if (type.oid !== 1184 && type.oid !== 1114) return JSON.stringify(text);
  return JSON.stringify(text.replace(" ", "T").replace(/\+00(?= BC|$)/, "+00:00"));
}

/** A scalar as text: strings without quotes, null as SQL null. */
function jsonGetText(text: string | null): string | null {
  if (text === null || /^\s*null\s*$/.test(text)) return null;
  const first = text.trimStart()[0];
  if (first === '"') return parseJson(text) as string;
  return first === "{" || first === "[" ? text : text.trim();
}

/** `->` with a key or an index; negative ones count from the end. json keeps its own spelling. */
function get({ types }: CallInfo, text: string, step: string | number): string | null {
  const { kind, entries } = jsonParts(text);
  // jsonb keeps a scalar as an array of one.
  if (typeof step === "number" && kind !== "array" && kind !== "object" && types[0] === jsonbType)
    return step === 0 || step === -1 ? text : null;
  if (typeof step === "string")
    return kind === "object" ? (entries.findLast(([key]) => key === step)?.[1] ?? null) : null;
  return kind === "array" ? (entries.at(step)?.[1] ?? null) : null;
}

/** `#>`: a path of keys and indexes. */
function getPath(text: string, path: readonly (string | null)[]): string | null {
  let at: string | null = text;
  for (const step of path) {
    if (at === null || step === null) return null;
    const { kind, entries } = jsonParts(at);
    if (kind === "object") at = entries.findLast(([key]) => key === step)?.[1] ?? null;
    else at = kind === "array" && /^\s*[+-]?\d+$/.test(step) ? (entries.at(Number(step))?.[1] ?? null) : null;
  }
  return at;
}

const hasKey = (text: string, key: string): boolean => {
  const value = parseJson(text);
  return value instanceof Map ? value.has(key) : Array.isArray(value) ? value.includes(key) : value === key;
};

function concat(a: Json, b: Json): Json {
  if (a instanceof Map && b instanceof Map) return new Map([...a, ...b]);
  return [...(Array.isArray(a) ? a : [a]), ...(Array.isArray(b) ? b : [b])];
}

function minusKeys(text: string, keys: readonly (string | null)[]): string {
  const value = parseJson(text);
  if (value instanceof Map)
    for (const key of keys) {
      if (key !== null) value.delete(key);
    }
  else if (Array.isArray(value))
    return printJson(value.filter((item) => typeof item !== "string" || !keys.includes(item)));
  else throw fault("22023", "cannot delete from scalar");
  return printJson(value);
}

function minusIndex(text: string, index: number): string {
  const value = parseJson(text);
  if (value instanceof Map) throw fault("22023", "cannot delete from object using integer index");
  if (!Array.isArray(value)) throw fault("22023", "cannot delete from scalar");
  const at = index < 0 ? value.length + index : index;
  return printJson(value.filter((_, place) => place !== at));
}

/** What a change of a path does to the place that it ends at. */
type Change =
  | { readonly kind: "set"; readonly value: Json; readonly create: boolean }
  | { readonly kind: "insert"; readonly value: Json; readonly after: boolean }
  | { readonly kind: "delete" };

function changeAt(target: Json, path: readonly (string | null)[], change: Change, depth = 1): Json {
  const [step, ...rest] = path;
  if (step === undefined) return target;
  if (step === null) throw fault("22004", `path element at position ${depth} is null`);
  const isLast = rest.length === 0;
  if (target instanceof Map) {
    const own = target.get(step);
    if (!isLast)
      return own === undefined ? target : new Map(target).set(step, changeAt(own, rest, change, depth + 1));
    const next = new Map(target);
    if (change.kind === "delete") next.delete(step);
    else if (change.kind === "insert" && own !== undefined)
      throw new DatabaseError("22023", "cannot replace existing key", {
        hint: "Try using the function jsonb_set to replace key value.",
      });
    else if (own !== undefined || change.kind === "insert" || change.create) next.set(step, change.value);
    return next;
  }
  if (!Array.isArray(target)) return target;
  if (!/^\s*[+-]?\d+$/.test(step))
    throw fault("22P02", `path element at position ${depth} is not an integer: "${step}"`);
  const index = Number(step) < 0 ? target.length + Number(step) : Number(step);
  const own = target[index];
  if (!isLast) return own === undefined ? target : target.with(index, changeAt(own, rest, change, depth + 1));
  if (change.kind === "delete") return target.filter((_, place) => place !== index);
  if (change.kind === "insert") {
    const at =
      index < 0 ? 0 : Math.min(index + (change.after && index < target.length ? 1 : 0), target.length);
    return target.toSpliced(at, 0, change.value);
  }
  if (own !== undefined) return target.with(index, change.value);
  return change.create ? (index < 0 ? [change.value, ...target] : [...target, change.value]) : target;
}

function change(text: string, path: readonly (string | null)[], how: Change): string {
  const value = parseJson(text);
  if (!(value instanceof Map) && !Array.isArray(value))
    throw fault(
      "22023",
      how.kind === "delete" ? "cannot delete path in scalar" : "cannot set path in scalar",
    );
  return printJson(changeAt(value, path, how));
}

function setLax(
  text: string,
  path: readonly string[],
  value: string | null,
  create = true,
  treatment = "use_json_null",
): string | null {
  const set = (json: Json): string => change(text, path, { kind: "set", value: json, create });
  if (value !== null) return set(parseJson(value));
  switch (treatment) {
    case "use_json_null":
      return set(null);
    case "delete_key":
      return change(text, path, { kind: "delete" });
    case "return_target":
      return text;
    case "raise_exception":
      throw new DatabaseError("22004", "JSON value must not be null", {
        detail: 'Exception was raised because null_value_treatment is "raise_exception".',
        hint: "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.",
      });
    default:
      throw fault(
        "22023",
        'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"',
      );
  }
}

function stripNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripNulls);
  if (!(value instanceof Map)) return value;
  return new Map(
    [...value].filter(([, item]) => item !== null).map(([key, item]) => [key, stripNulls(item)]),
  );
}

/** json without blanks, in its own order and spelling. */
function compactJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(compactJson).join(",")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${compactJson(item)}`).join(",")}}`;
  return value !== null && isJsonNumber(value) ? value.digits : JSON.stringify(value);
}

function pretty(value: Json, indent = ""): string {
  const deeper = `${indent}    `;
  const block = (open: string, items: readonly string[], close: string): string =>
    items.length === 0
      ? `${open}\n${indent}${close}`
      : `${open}\n${items.map((item) => deeper + item).join(",\n")}\n${indent}${close}`;
  if (Array.isArray(value))
    return block(
      "[",
      value.map((item) => pretty(item, deeper)),
      "]",
    );
  if (value instanceof Map)
    return block(
      "{",
      [...value].map(([key, item]) => `${JSON.stringify(key)}: ${pretty(item, deeper)}`),
      "}",
    );
  return printJson(value);
}

function build({ types, result }: CallInfo, values: readonly Value[], isObject: boolean): Value {
  const finish = (text: string): Value => (result === jsonbType ? result.parse(text) : text);
  const texts = values.map((value, index) => toJsonText(value, types[index] as PgType));
  if (!isObject) return finish(`[${texts.join(", ")}]`);
  if (values.length % 2 === 1)
    throw new DatabaseError("22023", "argument list must have even number of elements", {
      hint: `The arguments of ${result === jsonbType ? "jsonb" : "json"}_build_object() must consist of alternating keys and values.`,
    });
  const pairs: string[] = [];
  for (let at = 0; at < values.length; at += 2) {
    const key = values[at] ?? null;
    if (key === null)
      throw result === jsonbType
        ? fault("22023", `argument ${at + 1}: key must not be null`)
        : new DatabaseError("22023", `argument ${at + 1} cannot be null`, {
            hint: "Object keys should be text.",
          });
    const keyType = types[at] as PgType;
    if (keyType.element !== undefined || keyType.fields !== undefined || keyType.category === "json")
      throw fault("22023", "key value must be scalar, not array, composite, or json");
    pairs.push(
      `${JSON.stringify(keyType.oid === 16 ? (key === true ? "true" : "false") : keyType.print(key))} : ${texts[at + 1] ?? "null"}`,
    );
  }
  return finish(`{${pairs.join(", ")}}`);
}

function objectOf({ result }: CallInfo, keys: readonly Value[], values?: readonly Value[]): Value {
  const isPairs = Array.isArray(keys[0]);
  const flat = isPairs ? (keys as ReadonlyArray<readonly Value[]>).flat() : keys;
  if (isPairs && (keys[0] as readonly Value[]).length !== 2)
    throw fault("2202E", "array must have two columns");
  if (values === undefined && flat.length % 2 === 1)
    throw fault("2202E", "array must have even number of elements");
  if (values !== undefined && values.length !== keys.length)
    throw fault("2202E", "mismatched array dimensions");
  const pairs =
    values === undefined
      ? Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2], flat[index * 2 + 1]])
      : keys.map((key, index) => [key, values[index]]);
  const parts = pairs.map(([key, value]) => {
    if (key == null) throw fault("22004", "null value not allowed for object key");
    return `${JSON.stringify(key)} : ${value == null ? "null" : JSON.stringify(value)}`;
  });
  const text = `{${parts.join(", ")}}`;
  return result === jsonbType ? result.parse(text) : text;
}

const typeOf = (text: string): string => {
  const kind = jsonKind(parseJson(text));
  return kind === "numeric" ? "number" : kind;
};

function arrayLength(text: string): number {
  const { kind, entries } = jsonParts(text);
  if (kind === "array") return entries.length;
  throw fault(
    "22023",
    kind === "object" ? `cannot get array length of a non-array` : `cannot get array length of a scalar`,
  );
}

const strings = (path: readonly (string | null)[]): string[] => path.filter((step) => step !== null);

export const jsonFunctions = define({
  "->(json,text) json; ->(jsonb,text) jsonb; json_object_field(json,text) json; jsonb_object_field(jsonb,text) jsonb; ->(json,int4) json; ->(jsonb,int4) jsonb; json_array_element(json,int4) json; jsonb_array_element(jsonb,int4) jsonb":
    withInfo(get),
  "->>(json,text) text; ->>(jsonb,text) text; json_object_field_text(json,text) text; jsonb_object_field_text(jsonb,text) text; ->>(json,int4) text; ->>(jsonb,int4) text":
    withInfo((info, text: string, step: string | number) => jsonGetText(get(info, text, step))),
  "#>(json,text[]) json; #>(jsonb,text[]) jsonb; json_extract_path(json,variadic text[]) json; jsonb_extract_path(jsonb,variadic text[]) jsonb":
    (text: string, ...path: Array<string | readonly string[]>) => getPath(text, path.flat()),
  "#>>(json,text[]) text; #>>(jsonb,text[]) text; json_extract_path_text(json,variadic text[]) text; jsonb_extract_path_text(jsonb,variadic text[]) text":
    (text: string, ...path: Array<string | readonly string[]>) => jsonGetText(getPath(text, path.flat())),
  "@>(jsonb,jsonb) bool; jsonb_contains(jsonb,jsonb) bool": (a: string, b: string) =>
    jsonContains(parseJson(a), parseJson(b)),
  "<@(jsonb,jsonb) bool; jsonb_contained(jsonb,jsonb) bool": (a: string, b: string) =>
    jsonContains(parseJson(b), parseJson(a)),
  "?(jsonb,text) bool; jsonb_exists(jsonb,text) bool": hasKey,
  "?|(jsonb,text[]) bool; jsonb_exists_any(jsonb,text[]) bool": (
    text: string,
    keys: readonly (string | null)[],
  ) => strings(keys).some((key) => hasKey(text, key)),
  "?&(jsonb,text[]) bool; jsonb_exists_all(jsonb,text[]) bool": (
    text: string,
    keys: readonly (string | null)[],
  ) => strings(keys).every((key) => hasKey(text, key)),
  "||(jsonb,jsonb) jsonb; jsonb_concat(jsonb,jsonb) jsonb": (a: string, b: string) =>
    printJson(concat(parseJson(a), parseJson(b))),
  "-(jsonb,text) jsonb; jsonb_delete(jsonb,text) jsonb": (text: string, key: string) =>
    minusKeys(text, [key]),
  "-(jsonb,text[]) jsonb; jsonb_delete(jsonb,text[]) jsonb": minusKeys,
  "-(jsonb,int4) jsonb; jsonb_delete(jsonb,int4) jsonb": minusIndex,
  "#-(jsonb,text[]) jsonb; jsonb_delete_path(jsonb,text[]) jsonb": (text: string, path: readonly string[]) =>
    change(text, path, { kind: "delete" }),
  "jsonb_set(jsonb,text[],jsonb,bool?) jsonb": (
    text: string,
    path: readonly string[],
    value: string,
    create = true,
  ) => change(text, path, { kind: "set", value: parseJson(value), create }),
  "jsonb_set_lax(jsonb,text[],jsonb,bool?,text?) jsonb null": (
    text: string | null,
    path: readonly string[] | null,
    value: string | null,
    create?: boolean,
    treatment?: string,
  ) => (text === null || path === null ? null : setLax(text, path, value, create, treatment)),
  "jsonb_insert(jsonb,text[],jsonb,bool?) jsonb": (
    text: string,
    path: readonly string[],
    value: string,
    after = false,
  ) => change(text, path, { kind: "insert", value: parseJson(value), after }),
  "json_typeof(json) text; jsonb_typeof(jsonb) text": typeOf,
  "json_array_length(json) int4; jsonb_array_length(jsonb) int4": arrayLength,
  "json_strip_nulls(json) json": (text: string) => compactJson(stripNulls(parseJson(text))),
  "jsonb_strip_nulls(jsonb) jsonb": (text: string) => printJson(stripNulls(parseJson(text))),
  "jsonb_pretty(jsonb) text": (text: string) => pretty(parseJson(text)),
  "to_json(anyelement) json": withInfo(({ types }, value: Value) => toJsonText(value, types[0] as PgType)),
  "to_jsonb(anyelement) jsonb": withInfo(({ types }, value: Value) =>
    jsonbType.parse(toJsonText(value, types[0] as PgType)),
  ),
  "array_to_json(anyarray,bool?) json; row_to_json(any,bool?) json": withInfo(
    ({ types }, value: Value, isPretty = false) =>
      toJsonText(value, types[0] as PgType, isPretty ? ",\n " : ","),
  ),
  "json_build_object() json null; jsonb_build_object() jsonb null": withInfo((info) => build(info, [], true)),
  "json_build_array() json null; jsonb_build_array() jsonb null": withInfo((info) => build(info, [], false)),
  "json_build_object(variadic any) json null; jsonb_build_object(variadic any) jsonb null": withInfo(
    (info, ...values: Value[]) => build(info, values, true),
  ),
  "json_build_array(variadic any) json null; jsonb_build_array(variadic any) jsonb null": withInfo(
    (info, ...values: Value[]) => build(info, values, false),
  ),
  "json_object(text[],text[]?) json; jsonb_object(text[],text[]?) jsonb": withInfo(objectOf),
});
