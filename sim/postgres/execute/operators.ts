/** Binary operators: which exist between which types, and what they do. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "../types/builtin.js";
import { checkBigint, checkInteger } from "../types/cast.js";
import { addInterval, type Interval, scaleInterval } from "../types/interval.js";
import { jsonContains, parseJson, printJson } from "../types/json.js";
import * as numeric from "../types/numeric.js";
import { shiftTimestamp } from "../types/temporal.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { commonType, tryCoerce } from "./coerce.js";
import type { Compiled } from "./env.js";
import { jsonGet, jsonGetText } from "./json-access.js";
import { compileMatch } from "./patterns.js";
import { unsupported } from "./unsupported.js";

type Binary = (a: Value, b: Value) => Value;

function noOperator(left: PgType, op: string, right: PgType): DatabaseError {
  return new DatabaseError("42883", `operator does not exist: ${left.name} ${op} ${right.name}`, {
    hint: "No operator matches the given name and argument types. You might need to add explicit type casts.",
  });
}

export function combine(left: Compiled, right: Compiled, type: PgType, apply: Binary): Compiled {
  return {
    type,
    constant: left.constant && right.constant,
    run(env) {
      const a = left.run(env);
      if (a === null) return null;
      const b = right.run(env);
      return b === null ? null : apply(a, b);
    },
  };
}

/** Gives both sides one type. @throws DatabaseError 42883 */
export function alignSides(left: Compiled, op: string, right: Compiled): [Compiled, Compiled, PgType] {
  if (left.coerce !== undefined && right.coerce !== undefined) {
    return [left.coerce(builtin.textType), right.coerce(builtin.textType), builtin.textType];
  }
  if (left.coerce !== undefined) return [left.coerce(right.type), right, right.type];
  if (right.coerce !== undefined) return [left, right.coerce(left.type), left.type];
  const type = commonType(left.type, right.type);
  const a = type === null ? null : tryCoerce(left, type, "implicit");
  const b = type === null ? null : tryCoerce(right, type, "implicit");
  if (type === null || a === null || b === null) throw noOperator(left.type, op, right.type);
  return [a, b, type];
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
  if (l.category === "interval" && r.category === "interval" && (op === "+" || op === "-")) {
    const sign = op === "+" ? 1 : -1;
    return combine(left, right, l, (x, y) => addInterval(x as Interval, scaleInterval(y as Interval, sign)));
  }
  if (l.category === "interval" && r.category === "number" && (op === "*" || op === "/")) {
    const factor = tryCoerce(right, builtin.float8Type, "implicit");
    if (factor === null) return null;
    return combine(left, factor, l, (x, y) =>
      scaleInterval(x as Interval, op === "*" ? (y as number) : 1 / (y as number)),
    );
  }
  if (l.category === "number" && r.category === "interval" && op === "*") return compileTime(op, right, left);
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

function compileJson(op: string, left: Compiled, right: Compiled): Compiled | null {
  const json = left.type.category === "json" ? left.type : right.type;
  const both = (): [Compiled, Compiled] => [
    tryCoerce(left, builtin.jsonbType, "implicit") ?? left,
    tryCoerce(right, builtin.jsonbType, "implicit") ?? right,
  ];
  if ((op === "@>" || op === "<@") && json.oid === builtin.jsonbType.oid) {
    const [a, b] = op === "@>" ? both() : (both().toReversed() as [Compiled, Compiled]);
    return combine(a, b, builtin.boolType, (x, y) =>
      jsonContains(parseJson(x as string), parseJson(y as string)),
    );
  }
  if (op === "||" && json.oid === builtin.jsonbType.oid) {
    const [a, b] = both();
    return combine(a, b, json, (x, y) =>
      printJson(concatJson(parseJson(x as string), parseJson(y as string))),
    );
  }
  if (op === "?" && left.type.oid === builtin.jsonbType.oid) {
    const key = tryCoerce(right, builtin.textType, "implicit");
    if (key === null) return null;
    return combine(left, key, builtin.boolType, (x, y) => {
      const value = parseJson(x as string);
      return value instanceof Map
        ? value.has(y as string)
        : Array.isArray(value)
          ? value.includes(y as string)
          : value === y;
    });
  }
  if (op === "-" && left.type.oid === builtin.jsonbType.oid) return compileJsonMinus(left, right);
  if (op === "#>" || op === "#>>") {
    const path = tryCoerce(right, arrayOf(builtin.textType), "implicit");
    if (path === null) return null;
    return combine(left, path, op === "#>>" ? builtin.textType : json, (x, y) => {
      const steps = y as readonly string[];
      let at: Value = x;
      for (const step of steps) at = at === null ? null : jsonGet(at as string, step, json);
      return op === "#>>" && at !== null ? jsonGetText(at as string) : at;
    });
  }
  return null;
}

function compileJsonMinus(left: Compiled, right: Compiled): Compiled | null {
  const key = right.coerce === undefined ? right : right.coerce(builtin.textType);
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
        if (side.type.category === "array") return value === null ? [] : [...(value as readonly Value[])];
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
  const categories = [left.type.category, right.type.category];
  if (categories.includes("datetime") || categories.includes("interval")) return compileTime(op, left, right);
  if (categories.includes("number")) return compileNumber(op, left, right);
  return null;
}
