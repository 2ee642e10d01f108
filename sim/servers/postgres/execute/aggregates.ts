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
import {
  compile,
  unsupported,
  type Aggregate,
  type AggregateState,
  type SortKey,
  type CompileContext,
  type Compiled,
} from "./execution-context.js";
import { toJsonText } from "./operators.js";
import { compareKeys, compileSortKeys } from "./sort.js";

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
  "bit_and",
  "bit_or",
  "array_agg",
  "string_agg",
  "json_agg",
  "jsonb_agg",
  "json_object_agg",
  "jsonb_object_agg",
  "variance",
  "var_samp",
  "var_pop",
  "stddev",
  "stddev_samp",
  "stddev_pop",
  "mode",
  "percentile_cont",
  "percentile_disc",
]);
const orderedSets = new Set(["mode", "percentile_cont", "percentile_disc"]);
const refused = new Set([
  "any_value",
  "bit_xor",
  "corr",
  "covar_pop",
  "covar_samp",
  "range_agg",
  "regr_avgx",
  "regr_avgy",
  "regr_count",
  "regr_intercept",
  "regr_r2",
  "regr_slope",
  "regr_sxx",
  "regr_sxy",
  "regr_syy",
  "xmlagg",
]);

export function isAggregate(call: Call): boolean {
  if (call.schema !== undefined) return false;
  if (refused.has(call.name)) throw unsupported(`the aggregate ${call.name}`);
  return names.has(call.name);
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
  let found: Fold | null = null;
  if (name === "sum") found = sumFold(type);
  if (name === "avg") found = avgFold(type);
  const orders =
    type.category !== "json" &&
    type.oid !== 16 &&
    type.oid !== builtin.uuidType.oid &&
    type.oid !== builtin.byteaType.oid;
  if ((name === "min" || name === "max") && orders) {
    found = extremeFold(
      type.oid === builtin.varcharType.oid ? builtin.textType : type,
      name === "min" ? -1 : 1,
    );
  }
  if (name === "bool_and" || name === "every")
    found = type.oid === 16 ? folding(type, null, (all, value) => all !== false && value === true) : null;
  if (name === "bool_or")
    found = type.oid === 16 ? folding(type, null, (any, value) => any === true || value === true) : null;
  if (name === "bit_and" || name === "bit_or") found = bitFold(name, type);
  if (/^(var|stddev)/.test(name)) found = varianceFold(name, type);
  if (name === "array_agg") found = collect(arrayOf(type), (items) => items);
  if (name === "json_agg" || name === "jsonb_agg") {
    const result = name === "jsonb_agg" ? builtin.jsonbType : builtin.jsonType;
    found = collect(result, (items) =>
      result.parse(`[${items.map((item) => toJsonText(item, type)).join(", ")}]`),
    );
  }
  if (found === null) throw noFunction(name, type);
  return found;
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
export function compileAggregate(call: Call, context: CompileContext): Compiled {
  const { aggregates } = context;
  if (aggregates === null) {
    throw new DatabaseError("42803", `aggregate functions are not allowed in ${context.clause}`);
  }
  const aggregate = aggregateOf(call, context);
  aggregates.push(aggregate);
  const place = aggregates.length - 1;
  return { type: aggregate.type, constant: false, run: (env) => env.aggregates[place] ?? null };
}

function fold(
  call: Call,
  args: readonly Compiled[],
): { readonly fold: Fold; readonly args: readonly Compiled[] } {
  const { name } = call;
  const wrong = (): DatabaseError =>
    new DatabaseError(
      "42883",
      `function ${name}(${args.map(({ type }) => type.name).join(", ")}) does not exist`,
      {
        hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
      },
    );
  const [first, second] = args;
  if (name === "count") {
    if (args.length > 1 || (first === undefined && call.star !== true)) {
      if (args.length > 1) throw wrong();
      throw new DatabaseError("42809", "count(*) must be used to call a parameterless aggregate function");
    }
    return { fold: countFold(), args: first === undefined ? [] : [settle(first)] };
  }
  if (first === undefined) throw wrong();
  if (name === "string_agg") {
    if (second === undefined || args.length > 2) throw wrong();
    const text = tryCoerce(first, builtin.textType, "implicit");
    const separator = tryCoerce(second, builtin.textType, "implicit");
    if (text === null || separator === null) throw wrong();
    return { fold: stringFold(), args: [text, separator] };
  }
  if (name === "json_object_agg" || name === "jsonb_object_agg") {
    if (second === undefined || args.length > 2) throw wrong();
    return {
      fold: objectFold(name === "jsonb_object_agg", settle(first).type, settle(second).type),
      args: [settle(first), settle(second)],
    };
  }
  if (args.length > 1) throw wrong();
  const value = settle(first);
  return { fold: findFold(name, value.type), args: [value] };
}

/** `json_object_agg(key, value)`: pairs in the order they come; jsonb keeps the last of each key, in its own order. */
function objectFold(isBinary: boolean, keyType: PgType, type: PgType): Fold {
  const result = isBinary ? builtin.jsonbType : builtin.jsonType;
  return {
    type: result,
    keepsNulls: true,
    start() {
      const pairs: string[] = [];
      return {
        add(key, value) {
          if (key === null)
            throw new DatabaseError(
              "22004",
              isBinary ? "field name must not be null" : "null value not allowed for object key",
            );
          pairs.push(`${JSON.stringify(keyType.print(key))} : ${toJsonText(value, type)}`);
        },
        result: () => (pairs.length === 0 ? null : result.parse(`{ ${pairs.join(", ")} }`)),
      };
    },
  };
}

/** One aggregate call, ready to be fed rows. @throws DatabaseError 42883, 42803 */
export function aggregateOf(call: Call, context: CompileContext): Aggregate {
  const inner: CompileContext = {
    ...context,
    aggregates: null,
    windows: null,
    grouping: null,
    clause: "FILTER",
  };
  const argumentContext: CompileContext = { ...inner, clause: "aggregate function calls" };
  const compileArgument = (argument: Expr): Compiled => {
    try {
      return compile(argument, argumentContext);
    } catch (error) {
      if (
        error instanceof DatabaseError &&
        error.message.startsWith("aggregate functions are not allowed in aggregate")
      )
        throw new DatabaseError("42803", "aggregate function calls cannot be nested");
      throw error;
    }
  };
  const filter =
    call.filter === undefined ? null : asCondition(compile(call.filter, inner), builtin.boolType, "FILTER");
  const order = compileSortKeys(call.orderBy ?? [], compileArgument);
  if (call.withinGroup === true) return orderedSet(call, order, filter, call.args.map(compileArgument));
  if (orderedSets.has(call.name)) {
    throw new DatabaseError("42809", `WITHIN GROUP is required for ordered-set aggregate ${call.name}`);
  }
  const compiled = fold(call, call.args.map(compileArgument));
  const [value, second] = compiled.args;
  const isDistinct = call.distinct === true;
  if (
    isDistinct &&
    order.some(
      (key, index) => call.args[index] === undefined || key.value.type !== compiled.args[index]?.type,
    )
  ) {
    throw new DatabaseError(
      "42P10",
      "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
    );
  }
  // DISTINCT sorts what it is given, unless told how.
  const keys =
    isDistinct && order.length === 0 && value !== undefined
      ? [{ value, descending: false, nullsFirst: false }]
      : order;
  if (isDistinct && value !== undefined && value.type.name === "json") {
    throw new DatabaseError("42883", "could not identify an equality operator for type json");
  }
  const { fold: own } = compiled;
  return {
    type: own.type,
    start(): AggregateState {
      const state = own.start();
      const rows: Array<{ item: Value; extra: Value; sort: Value[] }> = [];
      const isSorted = keys.length > 0;
      return {
        add(env) {
          if (filter !== null && filter.run(env) !== true) return;
          const item = value === undefined ? true : value.run(env);
          if (item === null && own.keepsNulls !== true) return;
          const extra = second?.run(env) ?? null;
          if (isSorted) rows.push({ item, extra, sort: keys.map((key) => key.value.run(env)) });
          else state.add(item, extra);
        },
        result() {
          if (!isSorted) return state.result();
          const done = own.start();
          rows.sort((a, b) => compareKeys(keys, a.sort, b.sort));
          const seen = new Set<unknown>();
          for (const { item, extra } of rows) {
            const key = item === null || value === undefined ? null : value.type.key(item);
            if (isDistinct && seen.has(key)) continue;
            seen.add(key);
            done.add(item, extra);
          }
          return done.result();
        },
      };
    },
  };
}

/** `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)` and its kin. */
function orderedSet(
  call: Call,
  order: readonly SortKey[],
  filter: Compiled | null,
  direct: readonly Compiled[],
): Aggregate {
  const { name } = call;
  const [key] = order;
  if (!orderedSets.has(name) || key === undefined || order.length > 1) {
    throw new DatabaseError(
      "42809",
      `${name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`,
    );
  }
  const [argument] = direct;
  const fraction = argument === undefined ? null : tryCoerce(argument, builtin.float8Type, "implicit");
  if (name !== "mode" && fraction === null) throw noFunction(name, key.value.type);
  const isContinuous = name === "percentile_cont";
  const value = isContinuous ? tryCoerce(key.value, builtin.float8Type, "implicit") : key.value;
  if (value === null) throw noFunction(name, key.value.type);
  const { type } = value;
  return {
    type,
    start() {
      const items: Value[] = [];
      let wanted: number | null = null;
      return {
        add(env) {
          wanted ??= (fraction?.run(env) as number | null | undefined) ?? null;
          if (filter !== null && filter.run(env) !== true) return;
          const item = value.run(env);
          if (item !== null) items.push(item);
        },
        result() {
          const sorted = items.sort((a, b) => type.compare(a, b) * (key.descending ? -1 : 1));
          if (sorted.length === 0) return null;
          if (name === "mode") return mostFrequent(sorted, type);
          if (wanted === null) return null;
          if (wanted < 0 || wanted > 1)
            throw new DatabaseError("22003", `percentile value ${wanted} is not between 0 and 1`);
          if (!isContinuous) return sorted[Math.max(0, Math.ceil(wanted * sorted.length) - 1)] ?? null;
          const place = wanted * (sorted.length - 1);
          const low = sorted[Math.floor(place)] as number;
          const high = sorted[Math.ceil(place)] as number;
          return low + (place - Math.floor(place)) * (high - low);
        },
      };
    },
  };
}

function mostFrequent(sorted: readonly Value[], type: PgType): Value {
  let best: Value = null;
  let bestCount = 0;
  let count = 0;
  for (const [index, item] of sorted.entries()) {
    const previous = sorted[index - 1];
    count = index > 0 && previous !== undefined && type.compare(previous, item) === 0 ? count + 1 : 1;
    if (count > bestCount) [best, bestCount] = [item, count];
  }
  return best;
}

/** Variance and its root, of floating-point numbers by the method of Youngs and Cramer, as the server reckons them. */
function varianceFold(name: string, type: PgType): Fold | null {
  if (type.oid !== 700 && type.oid !== 701) {
    if (type.category === "number")
      throw unsupported(`${name} of ${type.name}: cast its argument to double precision`);
    return null;
  }
  const isSample = !name.endsWith("_pop");
  const isRoot = name.startsWith("stddev");
  return {
    type: builtin.float8Type,
    start() {
      let count = 0;
      let sum = 0;
      let squares = 0;
      return {
        add(item) {
          const value = item as number;
          count += 1;
          sum += value;
          if (count > 1) {
            const difference = value * count - sum;
            squares += (difference * difference) / (count * (count - 1));
          }
        },
        result() {
          if (count === 0 || (isSample && count === 1)) return null;
          const variance = squares / (isSample ? count - 1 : count);
          return isRoot ? Math.sqrt(variance) : variance;
        },
      };
    },
  };
}

function bitFold(name: string, type: PgType): Fold | null {
  if (type.oid === 20) {
    return folding(type, null, (sum, value) =>
      sum === null
        ? value
        : name === "bit_and"
          ? (sum as bigint) & (value as bigint)
          : (sum as bigint) | (value as bigint),
    );
  }
  if (type.oid !== 21 && type.oid !== 23) return null;
  return folding(type, null, (sum, value) =>
    sum === null
      ? value
      : name === "bit_and"
        ? (sum as number) & (value as number)
        : (sum as number) | (value as number),
  );
}
