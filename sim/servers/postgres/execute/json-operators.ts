/** Operators of json and jsonb. */
import { boolType, jsonbType, textType } from "../types/builtin.js";
import { isJsonNumber, jsonContains, parseJson, printJson, type Json } from "../types/json.js";
import { parseNumeric, printNumeric } from "../types/numeric.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { tryCoerce } from "./coerce.js";
import type { Compiled } from "./execution-context.js";
import { combine } from "./sides.js";

// `->` and `->>`: one step into a JSON text.

function plain(value: Json, type: PgType): string {
  return type.oid === jsonbType.oid ? printJson(value) : compact(value);
}

// `json` keeps its own spelling; whitespace inside a part is the one thing not kept here.
function compact(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(",")}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${compact(item)}`).join(",")}}`;
  }
  return value !== null && isJsonNumber(value) ? value.digits : JSON.stringify(value);
}

/** @param step - A key, or an index of an array; negative counts from the end. */
export function jsonGet(text: string, step: string | number, type: PgType): string | null {
  const value = parseJson(text);
  let found: Json | undefined;
  if (value instanceof Map) found = typeof step === "string" ? value.get(step) : undefined;
  else if (Array.isArray(value)) {
    const index = typeof step === "number" ? step : /^-?\d+$/.test(step) ? Number(step) : NaN;
    found = value.at(Number.isNaN(index) ? value.length : index);
  }
  return found === undefined ? null : plain(found, type);
}

/** The text of a JSON value: strings without quotes, null as SQL null. */
export function jsonGetText(text: string): string | null {
  const value = parseJson(text);
  if (value === null) return null;
  if (typeof value === "string") return value;
  return isJsonNumber(value) ? printNumeric(parseNumeric(value.digits)) : text;
}

export function compileJson(op: string, left: Compiled, right: Compiled): Compiled | null {
  const json = left.type.category === "json" ? left.type : right.type;
  const both = (): [Compiled, Compiled] => [
    tryCoerce(left, jsonbType, "implicit") ?? left,
    tryCoerce(right, jsonbType, "implicit") ?? right,
  ];
  if ((op === "@>" || op === "<@") && json.oid === jsonbType.oid) {
    const [a, b] = op === "@>" ? both() : (both().toReversed() as [Compiled, Compiled]);
    return combine(a, b, boolType, (x, y) => jsonContains(parseJson(x as string), parseJson(y as string)));
  }
  if (op === "||" && json.oid === jsonbType.oid) {
    const [a, b] = both();
    return combine(a, b, json, (x, y) =>
      printJson(concatJson(parseJson(x as string), parseJson(y as string))),
    );
  }
  if (op === "?" && left.type.oid === jsonbType.oid) {
    const key = tryCoerce(right, textType, "implicit");
    if (key === null) return null;
    return combine(left, key, boolType, (x, y) => {
      const value = parseJson(x as string);
      return value instanceof Map
        ? value.has(y as string)
        : Array.isArray(value)
          ? value.includes(y as string)
          : value === y;
    });
  }
  if (op === "-" && left.type.oid === jsonbType.oid) return compileJsonMinus(left, right);
  if (op === "#>" || op === "#>>") {
    const path = tryCoerce(right, arrayOf(textType), "implicit");
    if (path === null) return null;
    return combine(left, path, op === "#>>" ? textType : json, (x, y) => {
      const steps = y as readonly string[];
      let at: Value = x;
      for (const step of steps) at = at === null ? null : jsonGet(at as string, step, json);
      return op === "#>>" && at !== null ? jsonGetText(at as string) : at;
    });
  }
  return null;
}

function compileJsonMinus(left: Compiled, right: Compiled): Compiled | null {
  const key = right.coerce === undefined ? right : right.coerce(textType);
  if (key.type.category !== "text" && key.type.oid !== 23) return null;
  return combine(left, key, left.type, (x, y) => {
    const value = parseJson(x as string);
    if (value instanceof Map) value.delete(y as string);
    else if (Array.isArray(value)) {
      if (typeof y === "number") value.splice(y < 0 ? value.length + y : y, 1);
      else return printJson(value.filter((item) => item !== y));
    }
    return printJson(value);
  });
}

function concatJson(
  a: ReturnType<typeof parseJson>,
  b: ReturnType<typeof parseJson>,
): ReturnType<typeof parseJson> {
  if (a instanceof Map && b instanceof Map) return new Map([...a, ...b]);
  return [...(Array.isArray(a) ? a : [a]), ...(Array.isArray(b) ? b : [b])];
}

// Values as JSON texts, as `to_json` writes them.

export function toJsonText(value: Value, type: PgType): string {
  if (value === null) return "null";
  if (type.category === "json") return value as string;
  if (type.element !== undefined) {
    const { element } = type;
    return `[${(value as readonly Value[]).map((item) => toJsonText(item, Array.isArray(item) ? type : element)).join(",")}]`;
  }
  if (type.category === "boolean") return value === true ? "true" : "false";
  const text = type.print(value);
  if (type.category === "number" && /^-?\d/.test(text)) return text;
  return JSON.stringify(
    type.category === "datetime" ? text.replace(" ", "T").replace(/\+00$/, "+00:00") : text,
  );
}
