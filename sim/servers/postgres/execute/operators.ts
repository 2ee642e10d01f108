/** Binary operators: which exist between which types, and what they do. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "../types/builtin.js";
import {
  boolType,
  float8Type,
  int4Type,
  jsonbType,
  textType,
  timestampType,
  timestamptzType,
} from "../types/builtin.js";
import { checkBigint, checkInteger } from "../types/cast.js";
import { isJsonNumber, jsonContains, parseJson, printJson, type Json } from "../types/json.js";
import * as numeric from "../types/numeric.js";
import { negateNumeric, parseNumeric, printNumeric, type Numeric } from "../types/numeric.js";
import { addInterval, scaleInterval, shiftTimestamp, type Interval } from "../types/temporal.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import {
  alignSides,
  asCondition,
  combine,
  constantOf,
  mapCompiled,
  noOperator,
  settle,
  tryCoerce,
  type Binary,
} from "./coerce.js";
import { unsupported, type Compiled } from "./execution-context.js";

// Operators of json and jsonb.

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
function jsonGet(text: string, step: string | number, type: PgType): string | null {
  const value = parseJson(text);
  let found: Json | undefined;
  if (value instanceof Map) found = typeof step === "string" ? value.get(step) : undefined;
  else if (Array.isArray(value)) {
    const index = typeof step === "number" ? step : /^-?\d+$/.test(step) ? Number(step) : NaN;
    found = value.at(Number.isNaN(index) ? value.length : index);
  }
  return found === undefined ? null : plain(found, type);
}

function jsonGetKey(text: string, key: string, type: PgType): string | null {
  const value = parseJson(text);
  const found = value instanceof Map ? value.get(key) : undefined;
  return found === undefined ? null : plain(found, type);
}

/** The text of a JSON value: strings without quotes, null as SQL null. */
function jsonGetText(text: string): string | null {
  const value = parseJson(text);
  if (value === null) return null;
  if (typeof value === "string") return value;
  return isJsonNumber(value) ? printNumeric(parseNumeric(value.digits)) : text;
}

function compileJson(op: string, left: Compiled, right: Compiled): Compiled | null {
  if ((op === "->" || op === "->>") && left.type.category === "json") {
    const { type } = left;
    const step = right.coerce === undefined ? right : right.coerce(textType);
    const key = step.type.category === "text" ? step : tryCoerce(step, int4Type, "implicit");
    if (key === null) return null;
    const isKey = key.type.category === "text";
    return combine(left, key, op === "->" ? type : textType, (document, name) => {
      // A key that looks like a number is still no index.
      const found = isKey
        ? jsonGetKey(document as string, name as string, type)
        : jsonGet(document as string, name as number, type);
      return found === null || op === "->" ? found : jsonGetText(found);
    });
  }
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

// Arithmetic on numbers, times and spans.

const divisionByZero = (): DatabaseError => new DatabaseError("22012", "division by zero");

const integerOps: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => {
    if (b === 0) throw divisionByZero();
    return Math.trunc(a / b) + 0;
  },
  "%": (a, b) => {
    if (b === 0) throw divisionByZero();
    return (a % b) + 0;
  },
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "#": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
};

const bigintOps: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => {
    if (b === 0n) throw divisionByZero();
    return a / b;
  },
  "%": (a, b) => {
    if (b === 0n) throw divisionByZero();
    return a % b;
  },
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
};

const numericOps: Readonly<Record<string, (a: numeric.Numeric, b: numeric.Numeric) => numeric.Numeric>> = {
  "+": numeric.addNumeric,
  "-": (a, b) => numeric.addNumeric(a, numeric.negateNumeric(b)),
  "*": numeric.multiplyNumeric,
  "/": numeric.divideNumeric,
  "%": numeric.remainderNumeric,
};

function floatOp(op: string): ((a: number, b: number) => number) | undefined {
  if (op === "/" || op === "+" || op === "-" || op === "*") {
    return (a, b) => {
      if (op === "/" && b === 0) throw divisionByZero();
      const result = op === "/" ? a / b : op === "+" ? a + b : op === "-" ? a - b : a * b;
      if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
        throw new DatabaseError("22003", "value out of range: overflow");
      }
      return result;
    };
  }
  return op === "^" ? (a, b) => a ** b : undefined;
}

function compileNumber(op: string, left: Compiled, right: Compiled): Compiled | null {
  const [a, b, type] = alignSides(left, op, right);
  if (type.category !== "number") return null;
  if (op === "^") {
    const x = tryCoerce(a, builtin.float8Type, "implicit");
    const y = tryCoerce(b, builtin.float8Type, "implicit");
    if (x === null || y === null || type.oid === 1700) throw noOperator(a.type, op, b.type);
    return combine(x, y, builtin.float8Type, floatOp(op) as unknown as Binary);
  }
  if (type.oid === 1700) {
    const apply = numericOps[op];
    if (apply === undefined) throw noOperator(a.type, op, b.type);
    return combine(a, b, builtin.numericType, (x, y) => apply(x as numeric.Numeric, y as numeric.Numeric));
  }
  if (type.oid === 20) {
    const apply = bigintOps[op];
    if (apply === undefined) throw noOperator(a.type, op, b.type);
    return combine(a, b, type, (x, y) => checkBigint(apply(x as bigint, y as bigint)));
  }
  const apply = type.oid === 700 || type.oid === 701 ? floatOp(op) : integerOps[op];
  if (apply === undefined) throw noOperator(a.type, op, b.type);
  if (type.oid === 700) return combine(a, b, type, (x, y) => Math.fround(apply(x as number, y as number)));
  return combine(a, b, type, (x, y) => checkInteger(type, apply(x as number, y as number)));
}

const dayMicros = 86_400_000_000;

/** Spans added to spans, and scaled by numbers. A side of no type of its own is taken for what the other needs. */
function compileSpan(op: string, left: Compiled, right: Compiled): Compiled | null {
  const spanOf = (side: Compiled): Compiled | null =>
    side.type.category === "interval" ? side : (side.coerce?.(builtin.intervalType) ?? null);
  const factorOf = (side: Compiled): Compiled | null => {
    if (side.coerce !== undefined) return side.coerce(builtin.float8Type);
    return side.type.category === "number" ? tryCoerce(side, builtin.float8Type, "implicit") : null;
  };
  if (op === "+" || op === "-") {
    const [a, b] = [spanOf(left), spanOf(right)];
    const sign = op === "+" ? 1 : -1;
    if (a === null || b === null || (a !== left && b !== right)) return null;
    return combine(a, b, builtin.intervalType, (x, y) =>
      addInterval(x as Interval, scaleInterval(y as Interval, sign)),
    );
  }
  if (left.type.category === "interval" && (op === "*" || op === "/")) {
    const factor = factorOf(right);
    if (factor === null) return null;
    return combine(left, factor, left.type, (x, y) =>
      scaleInterval(x as Interval, op === "*" ? (y as number) : 1 / (y as number)),
    );
  }
  if (right.type.category !== "interval" || op !== "*" || factorOf(left) === null) return null;
  return compileSpan(op, right, left);
}

function compileTime(op: string, left: Compiled, right: Compiled): Compiled | null {
  const l = left.type;
  const r = right.type;
  const isStamp = (type: PgType): boolean => type.oid === 1184 || type.oid === 1114;
  if (
    l.category === "datetime" &&
    (r.category === "interval" || (right.coerce !== undefined && isStamp(l)))
  ) {
    const shiftBy =
      right.coerce === undefined ? right : op === "+" ? right.coerce(builtin.intervalType) : null;
    if (shiftBy !== null && (op === "+" || op === "-") && l.oid !== builtin.timeType.oid) {
      const base = l.oid === builtin.dateType.oid ? tryCoerce(left, builtin.timestampType, "implicit") : left;
      if (base === null) return null;
      const sign = op === "+" ? 1 : -1;
      return combine(base, shiftBy, base.type, (x, y) =>
        shiftTimestamp(x as number, scaleInterval(y as Interval, sign)),
      );
    }
  }
  if (l.category === "interval" && r.category === "datetime" && op === "+")
    return compileTime(op, right, left);
  const span = compileSpan(op, left, right);
  if (span !== null) return span;
  if (l.oid === builtin.dateType.oid && r.oid === builtin.int4Type.oid && (op === "+" || op === "-")) {
    return combine(left, right, l, (x, y) =>
      op === "+" ? (x as number) + (y as number) : (x as number) - (y as number),
    );
  }
  if (op !== "-" || l.category !== "datetime") return null;
  const [a, b, type] = alignSides(left, op, right);
  if (type.oid === builtin.dateType.oid)
    return combine(a, b, builtin.int4Type, (x, y) => (x as number) - (y as number));
  return combine(a, b, builtin.intervalType, (x, y) => {
    const micros = (x as number) - (y as number);
    const days = Math.trunc(micros / dayMicros);
    return { months: 0, days, microseconds: micros - days * dayMicros };
  });
}

// `LIKE` and regular expressions.

function likePattern(pattern: string, ignoreCase: boolean): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const next = pattern[at] ?? "";
    if (next === "\\") {
      at += 1;
      if (at >= pattern.length)
        throw new DatabaseError("22025", "LIKE pattern must not end with escape character");
      source += (pattern[at] ?? "").replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    } else if (next === "%") source += "[^]*";
    else if (next === "_") source += "[^]";
    else source += next.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, ignoreCase ? "iu" : "u");
}

// The part of PostgreSQL's regular expressions that means the same in JavaScript.
function posixPattern(pattern: string, ignoreCase: boolean): RegExp {
  if (/\\[mMyYAZ]|\[[[.=]|\(\?<?[=!]|\*\*\*|\\\d/.test(pattern)) {
    throw unsupported(`the regular expression ${JSON.stringify(pattern)}`);
  }
  try {
    return new RegExp(pattern, ignoreCase ? "i" : "");
  } catch {
    throw new DatabaseError("2201B", "invalid regular expression");
  }
}

function compileMatch(
  op: string,
  left: Compiled,
  right: Compiled,
  noOperator: (left: PgType, op: string, right: PgType) => DatabaseError,
): Compiled {
  const shown = op
    .replace("NOT ILIKE", "!~~*")
    .replace("NOT LIKE", "!~~")
    .replace("ILIKE", "~~*")
    .replace("LIKE", "~~");
  const isText = (side: Compiled): boolean => side.coerce !== undefined || side.type.category === "text";
  const text = isText(left) ? tryCoerce(left, textType, "implicit") : null;
  const pattern = isText(right) ? tryCoerce(right, textType, "implicit") : null;
  if (text === null || pattern === null) throw noOperator(left.type, shown, right.type);
  const ignoreCase = op.includes("ILIKE") || op.endsWith("*");
  const build = op.includes("LIKE") ? likePattern : posixPattern;
  const negate = op.startsWith("NOT") || op.startsWith("!");
  // A pattern is usually the same for every row.
  let lastPattern: string | null = null;
  let lastRegExp = /^/;
  return {
    type: boolType,
    constant: text.constant && pattern.constant,
    run(env) {
      const subject = text.run(env) as string | null;
      const source = pattern.run(env) as string | null;
      if (subject === null || source === null) return null;
      if (source !== lastPattern) {
        lastRegExp = build(source, ignoreCase);
        lastPattern = source;
      }
      return lastRegExp.test(subject) !== negate;
    },
  };
}

const primitives = new Set(["boolean", "enum", "datetime"]);

/** Whether two values of a type are equal exactly when `===` says so. */
function isPrimitive(type: PgType): boolean {
  if (primitives.has(type.category) || type.oid === builtin.uuidType.oid) return true;
  if (type.category === "number") return type.size > 0 && type.oid !== 700 && type.oid !== 701;
  return type.category === "text" && type.oid !== builtin.bpcharType.oid;
}

export function compileComparison(op: string, left: Compiled, right: Compiled): Compiled {
  const [a, b, type] = alignSides(left, op, right);
  if (type.oid === builtin.jsonType.oid) throw noOperator(type, op, type);
  const compare = type.compare;
  const bool = builtin.boolType;
  if (op === "=")
    return combine(a, b, bool, isPrimitive(type) ? (x, y) => x === y : (x, y) => compare(x, y) === 0);
  if (op === "<>")
    return combine(a, b, bool, isPrimitive(type) ? (x, y) => x !== y : (x, y) => compare(x, y) !== 0);
  if (type.oid === builtin.jsonbType.oid) throw unsupported(`ordering of jsonb by ${op}`);
  if (op === "<") return combine(a, b, bool, (x, y) => compare(x, y) < 0);
  if (op === "<=") return combine(a, b, bool, (x, y) => compare(x, y) <= 0);
  if (op === ">") return combine(a, b, bool, (x, y) => compare(x, y) > 0);
  return combine(a, b, bool, (x, y) => compare(x, y) >= 0);
}

function compileConcat(left: Compiled, right: Compiled): Compiled | null {
  if (left.type.category === "array" || right.type.category === "array")
    return compileArrayConcat(left, right);
  const isText = (side: Compiled): boolean => side.coerce !== undefined || side.type.category === "text";
  if (!isText(left) && !isText(right)) return null;
  const a = tryCoerce(left, builtin.textType, "assignment");
  const b = tryCoerce(right, builtin.textType, "assignment");
  if (a === null || b === null) return null;
  return combine(a, b, builtin.textType, (x, y) => (x as string) + (y as string));
}

function compileArrayConcat(left: Compiled, right: Compiled): Compiled | null {
  const type = left.type.category === "array" ? left.type : right.type;
  const part = (side: Compiled): Compiled | null =>
    side.type.category === "array" || side.coerce !== undefined
      ? tryCoerce(side, type, "implicit")
      : tryCoerce(side, type.element ?? type, "implicit");
  const a = part(left);
  const b = part(right);
  if (a === null || b === null) return null;
  return {
    type,
    constant: a.constant && b.constant,
    run(env) {
      const items = [a, b].flatMap((side) => {
        const value = side.run(env);
        if (side.type.category === "array") return value === null ? [] : value;
        return [value];
      });
      return items;
    },
  };
}

function compileArrayOverlap(op: string, left: Compiled, right: Compiled): Compiled {
  const [a, b, type] = alignSides(left, op, right);
  const element = type.element;
  if (element === undefined) throw noOperator(left.type, op, right.type);
  const has = (list: readonly Value[], item: Value): boolean =>
    item !== null && list.some((other) => other !== null && element.compare(item, other) === 0);
  return combine(a, b, builtin.boolType, (x, y) => {
    const one = x as readonly Value[];
    const two = y as readonly Value[];
    if (op === "@>") return two.every((item) => has(one, item));
    if (op === "<@") return one.every((item) => has(two, item));
    return one.some((item) => has(two, item));
  });
}

const comparisons = new Set(["=", "<>", "<", "<=", ">", ">="]);
const matches = new Set(["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE", "~", "~*", "!~"]);

/** @throws DatabaseError 42883 when there is no such operator. */
export function compileBinary(op: string, left: Compiled, right: Compiled): Compiled {
  const name = op === "!=" ? "<>" : op;
  if (comparisons.has(name)) return compileComparison(name, left, right);
  if (matches.has(name)) return compileMatch(name, left, right, noOperator);
  const found = compileOther(name, left, right);
  if (found === null) throw noOperator(left.type, op, right.type);
  return found;
}

function compileOther(op: string, left: Compiled, right: Compiled): Compiled | null {
  if (left.coerce !== undefined && right.coerce !== undefined && op !== "||") {
    throw new DatabaseError("42725", `operator is not unique: unknown ${op} unknown`, {
      hint: "Could not choose a best candidate operator. You might need to add explicit type casts.",
    });
  }
  if (left.type.category === "json" || right.type.category === "json") {
    const json = compileJson(op, left, right);
    if (json !== null) return json;
  }
  if (op === "||") return compileConcat(left, right);
  if (["@>", "<@", "&&"].includes(op)) return compileArrayOverlap(op, left, right);
  const categories = new Set([left.type.category, right.type.category]);
  if (categories.has("datetime") || categories.has("interval")) return compileTime(op, left, right);
  if (categories.has("number")) return compileNumber(op, left, right);
  return null;
}

// Operators that treat null in their own way, and other special forms.

export function compileMinus(operand: Compiled): Compiled {
  const number = operand.coerce === undefined ? operand : operand.coerce(float8Type);
  if (number.type.category === "interval") return compileBinary("*", number, constantOf(int4Type, -1));
  if (number.type.category !== "number") {
    throw new DatabaseError("42883", `operator does not exist: - ${number.type.name}`, {
      hint: "No operator matches the given name and argument type. You might need to add an explicit type cast.",
    });
  }
  return mapCompiled(number, number.type, (value) => {
    if (typeof value === "bigint") return -value;
    return typeof value === "number" ? 0 - value : negateNumeric(value as Numeric);
  });
}

/** AND and OR with three values. */
export function compileLogic(op: "AND" | "OR", left: Compiled, right: Compiled): Compiled {
  const a = asCondition(left, boolType, op);
  const b = asCondition(right, boolType, op);
  const decisive = op === "OR";
  return {
    type: boolType,
    constant: a.constant && b.constant,
    run(env) {
      const first = a.run(env);
      if (first === decisive) return decisive;
      const second = b.run(env);
      if (second === decisive) return decisive;
      return first === null || second === null ? null : !decisive;
    },
  };
}

export function compileDistinctFrom(left: Compiled, right: Compiled, negate: boolean): Compiled {
  const [a, b, type] = alignSides(left, "=", right);
  return {
    type: boolType,
    constant: a.constant && b.constant,
    run(env) {
      const x = a.run(env);
      const y = b.run(env);
      const same = x === null || y === null ? x === y : type.compare(x, y) === 0;
      return same === negate;
    },
  };
}

export function compileAtTimeZone(left: Compiled, zone: Compiled): Compiled {
  const name = settle(zone);
  const from = left.coerce === undefined ? left : left.coerce(timestamptzType);
  const to = from.type.oid === timestamptzType.oid ? timestampType : timestamptzType;
  return combine(from, name, to, (micros, text) => {
    if (!/^(utc|gmt|etc\/utc|z)$/i.test(text as string)) throw unsupported(`the time zone ${text as string}`);
    return micros;
  });
}

export function compileIndex(array: Compiled, index: Compiled): Compiled {
  const { element } = array.type;
  if (element === undefined)
    throw new DatabaseError(
      "42804",
      `cannot subscript type ${array.type.name} because it does not support subscripting`,
    );
  const at = tryCoerce(index, int4Type, "assignment");
  if (at === null) throw new DatabaseError("42804", "array subscript must have type integer");
  return combine(
    array,
    at,
    element,
    (items, place) => (items as readonly Value[])[(place as number) - 1] ?? null,
  );
}
