/** Arithmetic on numbers, times and spans. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "../types/builtin.js";
import { checkBigint, checkInteger } from "../types/cast.js";
import { addInterval, type Interval, scaleInterval } from "../types/interval.js";
import * as numeric from "../types/numeric.js";
import { shiftTimestamp } from "../types/temporal.js";
import type { PgType } from "../types/type.js";
import { tryCoerce } from "./coerce.js";
import type { Compiled } from "./env.js";
import { alignSides, type Binary, combine, noOperator } from "./sides.js";

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

export function compileNumber(op: string, left: Compiled, right: Compiled): Compiled | null {
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

export function compileTime(op: string, left: Compiled, right: Compiled): Compiled | null {
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
