/** Values as JSON texts, as `to_json` writes them. */
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";

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
