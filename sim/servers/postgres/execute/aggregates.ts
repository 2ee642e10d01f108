/** Aggregate functions. */
import { DatabaseError } from "../database-error.js";
import type { Call, Expr } from "../sql/ast.js";
import * as builtin from "../types/builtin.js";
import { convertValue } from "../types/cast.js";
import { addNumeric, divideNumeric, numericOf, type Numeric } from "../types/numeric.js";
import { addInterval, scaleInterval, type Interval } from "../types/temporal.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { asCondition, settle, tryCoerce } from "./coerce.js";
import { unsupported, type AggregateState, type CompileContext, type Compiled } from "./execution-context.js";
import { toJsonText } from "./operators.js";

type Compile = (node: Expr, context: CompileContext) => Compiled;
interface Fold {
  readonly type: PgType;
  /** Takes the values of one row; nulls have been left out unless `keepsNulls`. */
  start(): { add(value: Value, second: Value): void; result(): Value };
  readonly keepsNulls?: boolean;
}

const names = new Set([
  "count",
  "sum",
  "min",
  "max",
  "avg",
  "bool_and",
  "bool_or",
  "every",
  "array_agg",
  "string_agg",
  "json_agg",
  "jsonb_agg",
]);
const refused = new Set([
  "stddev",
  "stddev_pop",
  "stddev_samp",
  "variance",
  "var_pop",
  "var_samp",
  "corr",
  "mode",
  "percentile_cont",
  "percentile_disc",
  "json_object_agg",
  "jsonb_object_agg",
  "bit_and",
  "bit_or",
  "xmlagg",
  "regr_slope",
]);

export function isAggregate(node: Call): boolean {
  if (refused.has(node.name)) throw unsupported(`the aggregate ${node.name}`);
  return names.has(node.name);
}

function folding(type: PgType, initial: Value, step: (sum: Value, value: Value) => Value): Fold {
  return {
    type,
    start() {
      let sum = initial;
      return { add: (value) => (sum = step(sum, value)), result: () => sum };
    },
  };
}

function noFunction(name: string, type: PgType): DatabaseError {
  return new DatabaseError("42883", `function ${name}(${type.name}) does not exist`, {
    hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
  });
}

function sumFold(type: PgType): Fold | null {
  if (type.oid === 21 || type.oid === 23) {
    return folding(
      builtin.int8Type,
      null,
      (sum, value) => ((sum as bigint | null) ?? 0n) + BigInt(value as number),
    );
  }
  if (type.oid === 20 || type.oid === 1700) {
    return folding(builtin.numericType, null, (sum, value) => {
      const next = type.oid === 20 ? numericOf(value as bigint) : (value as Numeric);
      return sum === null ? next : addNumeric(sum as Numeric, next);
    });
  }
  if (type.oid === 700 || type.oid === 701) {
    return folding(type, null, (sum, value) => {
      const next = ((sum as number | null) ?? 0) + (value as number);
      return type.oid === 700 ? Math.fround(next) : next;
    });
  }
  if (type.category === "interval") {
    return folding(type, null, (sum, value) =>
      sum === null ? value : addInterval(sum as Interval, value as Interval),
    );
  }
  return null;
}

function avgFold(type: PgType): Fold | null {
  if (type.category !== "number" && type.category !== "interval") return null;
  const isFloat = type.oid === 700 || type.oid === 701;
  const isInterval = type.category === "interval";
  return {
    type: isFloat ? builtin.float8Type : isInterval ? type : builtin.numericType,
    start() {
      let count = 0;
      const total = (
        isFloat || isInterval ? sumFold(isFloat ? builtin.float8Type : type) : sumFold(builtin.numericType)
      )?.start();
      return {
        add(value) {
          count += 1;
          total?.add(isFloat || isInterval ? value : convertValue(value, type, builtin.numericType), null);
        },
        result() {
          const sum = total?.result() ?? null;
          if (sum === null || count === 0) return null;
          if (isFloat) return (sum as number) / count;
          return isInterval
            ? scaleInterval(sum as Interval, 1 / count)
            : divideNumeric(sum as Numeric, numericOf(count));
        },
      };
    },
  };
}

function extremeFold(type: PgType, sign: number): Fold {
  return folding(type, null, (best, value) =>
    best === null || type.compare(value, best) * sign > 0 ? value : best,
  );
}

function collect(type: PgType, finish: (items: readonly Value[]) => Value): Fold {
  return {
    type,
    keepsNulls: true,
    start() {
      const items: Value[] = [];
      return { add: (value) => items.push(value), result: () => (items.length === 0 ? null : finish(items)) };
    },
  };
}

function stringFold(): Fold {
  return {
    type: builtin.textType,
    start() {
      let text: string | null = null;
      return {
        add(value, separator) {
          text =
            text === null
              ? (value as string)
              : text + ((separator as string | null) ?? "") + (value as string);
        },
        result: () => text,
      };
    },
  };
}

function findFold(name: string, type: PgType): Fold {
  let fold: Fold | null = null;
  if (name === "sum") fold = sumFold(type);
  if (name === "avg") fold = avgFold(type);
  const orders =
    type.category !== "json" &&
    type.oid !== 16 &&
    type.oid !== builtin.uuidType.oid &&
    type.oid !== builtin.byteaType.oid;
  if ((name === "min" || name === "max") && orders) {
    fold = extremeFold(
      type.oid === builtin.varcharType.oid ? builtin.textType : type,
      name === "min" ? -1 : 1,
    );
  }
  if (name === "bool_and" || name === "every")
    fold = type.oid === 16 ? folding(type, null, (all, value) => all !== false && value === true) : null;
  if (name === "bool_or")
    fold = type.oid === 16 ? folding(type, null, (any, value) => any === true || value === true) : null;
  if (name === "array_agg") fold = collect(arrayOf(type), (items) => items);
  if (name === "json_agg" || name === "jsonb_agg") {
    const result = name === "jsonb_agg" ? builtin.jsonbType : builtin.jsonType;
    fold = collect(result, (items) =>
      result.parse(`[${items.map((item) => toJsonText(item, type)).join(", ")}]`),
    );
  }
  if (fold === null) throw noFunction(name, type);
  return fold;
}

function countFold(): Fold {
  return {
    type: builtin.int8Type,
    start() {
      let count = 0n;
      return { add: () => (count += 1n), result: () => count };
    },
  };
}

/** Registers the call with the grouped query around it, and reads its result from there. */
export function compileAggregate(node: Call, context: CompileContext, compile: Compile): Compiled {
  const { name } = node;
  if (node.over !== undefined) throw unsupported("window functions");
  if (node.withinGroup === true || node.orderBy !== undefined) throw unsupported(`ORDER BY inside ${name}()`);
  if (context.aggregates === null) {
    throw new DatabaseError("42803", "aggregate functions are not allowed in WHERE");
  }
  const inner: CompileContext = { ...context, aggregates: null };
  const star = node.star === true;
  const args = star ? [] : node.args.map((argument) => settle(compile(argument, inner)));
  const argumentsMax = name === "string_agg" ? 2 : 1;
  if (args.length > argumentsMax || (name === "string_agg" && args.length < 2)) {
    throw new DatabaseError(
      "42883",
      `function ${name}(${args.map((one) => one.type.name).join(", ")}) does not exist`,
      {
        hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
      },
    );
  }
  const filter =
    node.filter !== undefined ? asCondition(compile(node.filter, inner), builtin.boolType, "FILTER") : null;
  const [first, second] = args;
  if (first === undefined && name !== "count")
    throw new DatabaseError("42883", `function ${name}() does not exist`);
  const fold =
    name === "count"
      ? countFold()
      : name === "string_agg"
        ? stringFold()
        : findFold(name, first?.type ?? builtin.textType);
  const value =
    name === "string_agg" && first !== undefined ? tryCoerce(first, builtin.textType, "implicit") : first;
  if (value === null) throw noFunction(name, first?.type ?? builtin.textType);
  const place = context.aggregates.length;
  context.aggregates.push({
    type: fold.type,
    start(): AggregateState {
      const state = fold.start();
      const seen = node.distinct === true ? new Set<unknown>() : null;
      return {
        add(env) {
          if (filter !== null && filter.run(env) !== true) return;
          const item = value === undefined ? true : value.run(env);
          if (item === null && fold.keepsNulls !== true) return;
          if (seen !== null && value !== undefined && item !== null) {
            const key = value.type.key(item);
            if (seen.has(key)) return;
            seen.add(key);
          }
          state.add(item, second?.run(env) ?? null);
        },
        result: () => state.result(),
      };
    },
  });
  return { type: fold.type, constant: false, run: (env) => env.aggregates[place] ?? null };
}
