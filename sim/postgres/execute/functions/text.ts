/** Text functions. */
import { DatabaseError } from "../../database-error.js";
import { byteaType, int4Type, jsonbType, textType, boolType } from "../../types/builtin.js";
import { type Json, parseJson, printJson } from "../../types/json.js";
import { arrayOf, type PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import type { FunctionDef } from "../function-table.js";

type Args = readonly Value[];

function define(
  name: string,
  args: readonly PgType[],
  result: PgType,
  run: (args: Args) => Value,
  required = args.length,
): FunctionDef {
  return { name, args, result, required, run };
}

const text = (args: Args, index: number): string => (args[index] ?? "") as string;
const int = (args: Args, index: number): number => (args[index] ?? 0) as number;
const points = (value: string): string[] => Array.from(value);

function substring(value: string, start: number, length: number | null): string {
  if (length !== null && length < 0)
    throw new DatabaseError("22011", "negative substring length not allowed");
  const from = Math.max(start - 1, 0);
  const to = length === null ? undefined : Math.max(start - 1 + length, 0);
  return points(value).slice(from, to).join("");
}

function pad(value: string, length: number, fill: string, left: boolean): string {
  const own = points(value);
  if (own.length >= length || fill === "") return own.slice(0, Math.max(length, 0)).join("");
  const filler = points(fill.repeat(Math.ceil((length - own.length) / points(fill).length)));
  const padding = filler.slice(0, length - own.length).join("");
  return left ? padding + value : value + padding;
}

function trim(value: string, characters: string, sides: "both" | "left" | "right"): string {
  const set = new Set(characters);
  const own = points(value);
  let from = 0;
  let to = own.length;
  if (sides !== "right") while (from < to && set.has(own[from] ?? "")) from += 1;
  if (sides !== "left") while (to > from && set.has(own[to - 1] ?? "")) to -= 1;
  return own.slice(from, to).join("");
}

function jsonbSet(target: Json, path: readonly string[], value: Json, create: boolean): Json {
  const [step, ...rest] = path;
  if (step === undefined) return target;
  if (target instanceof Map) {
    const own = target.get(step);
    if (own === undefined && (!create || rest.length > 0)) return target;
    return new Map(target).set(step, rest.length === 0 ? value : jsonbSet(own ?? null, rest, value, create));
  }
  if (!Array.isArray(target)) return target;
  const index = Number(step) < 0 ? target.length + Number(step) : Number(step);
  const own = target[index];
  if (own === undefined)
    return create && rest.length === 0 ? (index < 0 ? [value, ...target] : [...target, value]) : target;
  return target.with(index, rest.length === 0 ? value : jsonbSet(own, rest, value, create));
}

const trims = (["both", "left", "right"] as const).map((sides) => {
  const name = sides === "both" ? "btrim" : sides === "left" ? "ltrim" : "rtrim";
  return define(
    name,
    [textType, textType],
    textType,
    (args) => trim(text(args, 0), args.length > 1 ? text(args, 1) : " ", sides),
    1,
  );
});

export const textFunctions: readonly FunctionDef[] = [
  ...trims,
  define("trim", [textType], textType, (args) => trim(text(args, 0), " ", "both")),
  define("lower", [textType], textType, (args) => text(args, 0).toLowerCase()),
  define("upper", [textType], textType, (args) => text(args, 0).toUpperCase()),
  define("length", [textType], int4Type, (args) => points(text(args, 0)).length),
  define("length", [byteaType], int4Type, (args) => (args[0] as Uint8Array).length),
  define("char_length", [textType], int4Type, (args) => points(text(args, 0)).length),
  define("octet_length", [textType], int4Type, (args) => Buffer.byteLength(text(args, 0))),
  define(
    "substring",
    [textType, int4Type, int4Type],
    textType,
    (args) => substring(text(args, 0), int(args, 1), args.length > 2 ? int(args, 2) : null),
    2,
  ),
  define(
    "substr",
    [textType, int4Type, int4Type],
    textType,
    (args) => substring(text(args, 0), int(args, 1), args.length > 2 ? int(args, 2) : null),
    2,
  ),
  define("left", [textType, int4Type], textType, (args) =>
    points(text(args, 0)).slice(0, int(args, 1)).join(""),
  ),
  define("right", [textType, int4Type], textType, (args) => {
    const own = points(text(args, 0));
    const count = int(args, 1);
    return own.slice(count >= 0 ? Math.max(own.length - count, 0) : -count).join("");
  }),
  define("replace", [textType, textType, textType], textType, (args) =>
    text(args, 1) === "" ? text(args, 0) : text(args, 0).replaceAll(text(args, 1), () => text(args, 2)),
  ),
  define("strpos", [textType, textType], int4Type, (args) => {
    const at = text(args, 0).indexOf(text(args, 1));
    return at < 0 ? 0 : points(text(args, 0).slice(0, at)).length + 1;
  }),
  define("starts_with", [textType, textType], boolType, (args) => text(args, 0).startsWith(text(args, 1))),
  define("repeat", [textType, int4Type], textType, (args) => text(args, 0).repeat(Math.max(int(args, 1), 0))),
  define("reverse", [textType], textType, (args) => points(text(args, 0)).toReversed().join("")),
  define(
    "lpad",
    [textType, int4Type, textType],
    textType,
    (args) => pad(text(args, 0), int(args, 1), args.length > 2 ? text(args, 2) : " ", true),
    2,
  ),
  define(
    "rpad",
    [textType, int4Type, textType],
    textType,
    (args) => pad(text(args, 0), int(args, 1), args.length > 2 ? text(args, 2) : " ", false),
    2,
  ),
  define("split_part", [textType, textType, int4Type], textType, (args) => {
    const parts = text(args, 1) === "" ? [text(args, 0)] : text(args, 0).split(text(args, 1));
    const place = int(args, 2);
    if (place === 0) throw new DatabaseError("22023", "field position must not be zero");
    return parts.at(place > 0 ? place - 1 : place) ?? "";
  }),
  define("jsonb_typeof", [jsonbType], textType, (args) => {
    const value = parseJson(text(args, 0));
    if (value === null) return "null";
    if (Array.isArray(value)) return "array";
    if (value instanceof Map) return "object";
    return typeof value === "object" ? "number" : typeof value;
  }),
  define("jsonb_array_length", [jsonbType], int4Type, (args) => {
    const value = parseJson(text(args, 0));
    if (!Array.isArray(value)) {
      throw new DatabaseError(
        "22023",
        `cannot get array length of ${value instanceof Map ? "a non-array" : "a scalar"}`,
      );
    }
    return value.length;
  }),
  define(
    "jsonb_set",
    [jsonbType, arrayOf(textType), jsonbType, boolType],
    jsonbType,
    (args) =>
      printJson(
        jsonbSet(
          parseJson(text(args, 0)),
          args[1] as readonly string[],
          parseJson(text(args, 2)),
          args[3] !== false,
        ),
      ),
    3,
  ),
];
