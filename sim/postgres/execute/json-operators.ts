/** Operators of json and jsonb. */
import { boolType, jsonbType, textType } from "../types/builtin.js";
import { parseJson, printJson } from "../types/json.js";
import { jsonContains } from "../types/json-compare.js";
import { arrayOf } from "../types/type.js";
import type { Value } from "../types/value.js";
import { tryCoerce } from "./coerce.js";
import type { Compiled } from "./env.js";
import { jsonGet, jsonGetText } from "./json-access.js";
import { combine } from "./sides.js";

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
