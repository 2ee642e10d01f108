/** `->` and `->>`: one step into a JSON text. */
import { jsonbType } from "../types/builtin.js";
import { isJsonNumber, type Json, parseJson, printJson } from "../types/json.js";
import { parseNumeric, printNumeric } from "../types/numeric.js";
import type { PgType } from "../types/type.js";

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
