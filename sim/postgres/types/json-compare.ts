/** When two JSON values are equal, and when one contains the other. */
import { isJsonNumber, type Json, parseJson, printJson } from "./json.js";

/** A text that is the same for equal values, whatever the scale of their numbers. */
export function jsonKey(text: string): string {
  return text.includes(".") ? printKey(parseJson(text)) : text;
}

function printKey(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printKey).join(", ")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}: ${printKey(item)}`).join(", ")}}`;
  return value !== null && isJsonNumber(value)
    ? printJson(value)
        .replace(/(\.\d*?)0+$/, "$1")
        .replace(/\.$/, "")
    : printJson(value);
}

/** Whether `outer @> inner`. An array contains a bare scalar at the top level only. */
export function jsonContains(outer: Json, inner: Json, top = true): boolean {
  if (inner instanceof Map) {
    if (!(outer instanceof Map)) return false;
    for (const [key, item] of inner) {
      const own = outer.get(key);
      if (own === undefined || !jsonContains(own, item, false)) return false;
    }
    return true;
  }
  if (Array.isArray(outer)) {
    if (Array.isArray(inner)) {
      return inner.every((item) => outer.some((own) => jsonContains(own, item, false)));
    }
    return (
      top &&
      outer.some((own) => !Array.isArray(own) && !(own instanceof Map) && jsonContains(own, inner, false))
    );
  }
  return !(outer instanceof Map) && !Array.isArray(inner) && sameScalar(outer, inner);
}

function sameScalar(a: Json, b: Json): boolean {
  if (isJsonNumber(a) && isJsonNumber(b)) {
    return Number(a.digits) === Number(b.digits);
  }
  return a === b;
}
