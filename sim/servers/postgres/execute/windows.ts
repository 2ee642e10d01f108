/** Window functions: over partitions of the rows that a query is about to return. */
import { DatabaseError } from "../database-error.js";
import type { Call, FrameBound, OrderBy, WindowDefinition, WindowFrame } from "../sql/ast.js";
import { boolType, float8Type, int4Type, int8Type } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { aggregateOf, isAggregate } from "./aggregates.js";
import { asCondition, settle, tryCoerce, unify } from "./coerce.js";
import {
  compile,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type SortKey,
  type WindowCall,
} from "./execution-context.js";
import { compileBinary } from "./operators.js";
import { compareKeys, compileSortKeys } from "./sort.js";
import type { RowState } from "./combination.js";

const names = new Set([
  "row_number",
  "rank",
  "dense_rank",
  "percent_rank",
  "cume_dist",
  "ntile",
  "lag",
  "lead",
  "first_value",
  "last_value",
  "nth_value",
]);

function resolveWindow(over: string | WindowDefinition, context: CompileContext): WindowDefinition {
  const named = (name: string): WindowDefinition => {
    const found = context.windowNames.get(name);
    if (found === undefined) throw new DatabaseError("42704", `window "${name}" does not exist`);
    return resolveWindow(found, context);
  };
  if (typeof over === "string") return named(over);
  if (over.base === undefined) return over;
  const base = named(over.base);
  if (over.partitionBy.length > 0)
    throw new DatabaseError("42P20", `cannot override PARTITION BY clause of window "${over.base}"`);
  if (over.orderBy.length > 0 && base.orderBy.length > 0)
    throw new DatabaseError("42P20", `cannot override ORDER BY clause of window "${over.base}"`);
  if (base.frame !== undefined)
    throw new DatabaseError("42P20", `cannot copy window "${over.base}" because it has a frame clause`);
  return {
    ...over,
    partitionBy: base.partitionBy,
    orderBy: over.orderBy.length > 0 ? over.orderBy : base.orderBy,
  };
}

/** Registers the call with the query around it, and reads its result from there. */
export function compileWindowCall(call: Call, context: CompileContext): Compiled {
  const { windows } = context;
  if (windows === null) {
    throw new DatabaseError("42P20", `window functions are not allowed in ${context.clause}`);
  }
  const isPlainAggregate = isAggregate(call);
  if (!isPlainAggregate && !names.has(call.name)) {
    throw new DatabaseError(
      "42809",
      `OVER specified, but ${call.name} is not a window function nor an aggregate function`,
    );
  }
  if (call.distinct === true)
    throw new DatabaseError("0A000", "DISTINCT is not implemented for window functions");
  const inner: CompileContext = { ...context, windows: null, clause: "window definitions" };
  const window = resolveWindow(call.over ?? "", context);
  checkFrame(window.frame, window.orderBy);
  const order = compileSortKeys(window.orderBy, (by) => compile(by, inner));
  const args = isPlainAggregate ? [] : call.args.map((argument) => compile(argument, inner));
  const aggregate = isPlainAggregate ? aggregateOf(call, inner) : null;
  const signature = aggregate === null ? signatureOf(call, args) : { type: aggregate.type, args: [] };
  const frame = window.frame ?? null;
  windows.push({
    name: call.name,
    type: signature.type,
    args: signature.args,
    filter:
      call.filter === undefined || aggregate !== null
        ? null
        : asCondition(compile(call.filter, inner), boolType, "FILTER"),
    aggregate,
    partition: window.partitionBy.map((expr) => settle(compile(expr, inner))),
    order,
    frame,
    offsets:
      frame === null
        ? { start: null, end: null }
        : {
            start: offsetOf(frame.start, frame, order, inner),
            end: offsetOf(frame.end, frame, order, inner),
          },
  });
  const index = windows.length - 1;
  return { type: signature.type, constant: false, run: (env) => env.windows[index] ?? null };
}

function signatureOf(
  call: Call,
  args: readonly Compiled[],
): { readonly type: PgType; readonly args: readonly Compiled[] } {
  const wrong = (): DatabaseError =>
    new DatabaseError(
      "42883",
      `function ${call.name}(${args.map(({ type }) => type.name).join(", ")}) does not exist`,
      {
        hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
      },
    );
  const [value, second, third] = args;
  switch (call.name) {
    case "row_number":
    case "rank":
    case "dense_rank":
      if (args.length > 0) throw wrong();
      return { type: int8Type, args };
    case "percent_rank":
    case "cume_dist":
      if (args.length > 0) throw wrong();
      return { type: float8Type, args };
    case "ntile": {
      const count = value === undefined ? null : tryCoerce(value, int4Type, "implicit");
      if (count === null || args.length !== 1) throw wrong();
      return { type: int4Type, args: [count] };
    }
    case "lag":
    case "lead": {
      if (value === undefined || args.length > 3) throw wrong();
      const [item = value, fallback] = unify(
        third === undefined ? [value] : [value, third],
        call.name.toUpperCase(),
      );
      const offset = second === undefined ? null : tryCoerce(second, int4Type, "implicit");
      if (second !== undefined && offset === null) throw wrong();
      const own = settle(item);
      return {
        type: own.type,
        args: [own, ...(offset === null ? [] : [offset]), ...(fallback === undefined ? [] : [fallback])],
      };
    }
    case "nth_value": {
      const place = second === undefined ? null : tryCoerce(second, int4Type, "implicit");
      if (value === undefined || place === null) throw wrong();
      const own = settle(value);
      return { type: own.type, args: [own, place] };
    }
    default: {
      if (value === undefined || args.length > 1) throw wrong();
      const own = settle(value);
      return { type: own.type, args: [own] };
    }
  }
}

// Frames.

function checkFrame(frame: WindowFrame | undefined, order: readonly OrderBy[]): void {
  if (frame === undefined) return;
  const fail = (message: string): never => {
    throw new DatabaseError("42P20", message);
  };
  if (frame.start.kind === "unbounded following") fail("frame start cannot be UNBOUNDED FOLLOWING");
  if (frame.end.kind === "unbounded preceding") fail("frame end cannot be UNBOUNDED PRECEDING");
  if (frame.start.kind === "current row" && frame.end.kind === "preceding")
    fail("frame starting from current row cannot have preceding rows");
  if (
    frame.start.kind === "following" &&
    (frame.end.kind === "preceding" || frame.end.kind === "current row")
  )
    fail("frame starting from following row cannot have preceding rows");
  if (frame.unit === "groups" && order.length === 0) fail("GROUPS mode requires an ORDER BY clause");
  const hasOffset = "offset" in frame.start || "offset" in frame.end;
  if (frame.unit === "range" && hasOffset && order.length !== 1)
    fail("RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
}

let probe: Value = null;
let width: Value = null;

/** In ROWS and GROUPS mode a count; in RANGE mode the key of the row, moved by the offset. */
function offsetOf(
  bound: FrameBound,
  frame: WindowFrame,
  order: readonly SortKey[],
  context: CompileContext,
): Compiled | null {
  if (!("offset" in bound)) return null;
  const raw = compile(bound.offset, context);
  if (frame.unit !== "range") {
    const count = tryCoerce(raw, int8Type, "implicit");
    if (count === null)
      throw new DatabaseError(
        "42804",
        `argument of ${frame.unit.toUpperCase()} must be type bigint, not type ${raw.type.name}`,
      );
    return count;
  }
  const key = order[0] as SortKey;
  const isBack = (bound.kind === "preceding") !== key.descending;
  const typed =
    raw.coerce === undefined
      ? raw
      : raw.coerce(
          key.value.type.category === "datetime"
            ? compile(
                { type: "cast", operand: { type: "string", value: "0" }, to: { name: "interval" } },
                context,
              ).type
            : key.value.type,
        );
  const moved = compileBinary(
    isBack ? "-" : "+",
    { type: key.value.type, constant: false, run: () => probe },
    { type: typed.type, constant: false, run: () => width },
  );
  return {
    type: moved.type,
    constant: false,
    run(env) {
      width = typed.run(env);
      return moved.run(env);
    },
  };
}

/** One partition in its order, with what a frame is reckoned by. */
interface Partition {
  readonly states: readonly RowState[];
  readonly keys: ReadonlyArray<readonly Value[]>;
  /** For each row the first and the end of the rows that its order cannot tell apart. */
  readonly peers: ReadonlyArray<readonly [from: number, to: number]>;
}

function peersOf(
  order: readonly SortKey[],
  keys: ReadonlyArray<readonly Value[]>,
): Array<readonly [number, number]> {
  const peers: Array<readonly [number, number]> = [];
  let from = 0;
  while (from < keys.length) {
    let to = from + 1;
    while (to < keys.length && compareKeys(order, keys[from] ?? [], keys[to] ?? []) === 0) to += 1;
    const pair = [from, to] as const;
    for (let index = from; index < to; index += 1) peers.push(pair);
    from = to;
  }
  return peers;
}

function countOf(value: Value, edge: "starting" | "ending"): number {
  if (value === null) throw new DatabaseError("22004", `frame ${edge} offset must not be null`);
  if ((value as bigint) < 0n) throw new DatabaseError("22013", `frame ${edge} offset must not be negative`);
  return Number(value);
}

/** Rows of the frame of one row: from the first to before the second. */
function frameOf(
  call: WindowCall,
  partition: Partition,
  index: number,
  env: EvaluationContext,
): readonly [number, number] {
  const { frame } = call;
  const { length } = partition.states;
  const [peerFrom, peerTo] = partition.peers[index] ?? [0, length];
  if (frame === null) return [0, call.order.length === 0 ? length : peerTo];
  const bound = (side: "start" | "end"): number => {
    const { kind } = frame[side];
    const isStart = side === "start";
    if (kind === "unbounded preceding") return 0;
    if (kind === "unbounded following") return length;
    if (kind === "current row") {
      if (frame.unit === "rows") return isStart ? index : index + 1;
      return isStart ? peerFrom : peerTo;
    }
    const offset = call.offsets[side];
    const sign = kind === "preceding" ? -1 : 1;
    const edge = isStart ? "starting" : "ending";
    if (frame.unit === "rows") {
      const place = index + sign * countOf(offset?.run(env) ?? null, edge);
      return Math.max(0, Math.min(length, isStart ? place : place + 1));
    }
    if (frame.unit === "groups")
      return groupBound(partition, index, sign * countOf(offset?.run(env) ?? null, edge), isStart);
    return rangeBound(call, partition, index, offset, isStart, env);
  };
  const from = bound("start");
  return [from, Math.max(from, bound("end"))];
}

function groupBound(partition: Partition, index: number, shift: number, isStart: boolean): number {
  const groups = [...new Set(partition.peers)];
  const own = groups.indexOf(partition.peers[index] ?? [0, 0]);
  const at = own + shift;
  if (at < 0) return 0;
  if (at >= groups.length) return partition.states.length;
  return groups[at]?.[isStart ? 0 : 1] ?? 0;
}

function rangeBound(
  call: WindowCall,
  partition: Partition,
  index: number,
  offset: Compiled | null,
  isStart: boolean,
  env: EvaluationContext,
): number {
  const [key] = call.order;
  const own = partition.keys[index]?.[0] ?? null;
  const [peerFrom, peerTo] = partition.peers[index] ?? [0, 0];
  if (own === null || key === undefined) return isStart ? peerFrom : peerTo;
  probe = own;
  const limit = offset?.run(env) ?? null;
  const { type } = key.value;
  let at = isStart ? 0 : partition.keys.length;
  const compare = (place: number): number | null => {
    const value = partition.keys[place]?.[0] ?? null;
    return value === null ? null : type.compare(value, limit) * (key.descending ? -1 : 1);
  };
  if (isStart) {
    while (at < partition.keys.length) {
      const order = compare(at);
      if (order === null ? !key.nullsFirst : order >= 0) break;
      at += 1;
    }
    return at;
  }
  while (at > 0) {
    const order = compare(at - 1);
    if (order === null ? key.nullsFirst : order <= 0) break;
    at -= 1;
  }
  return at;
}

function isExcluded(call: WindowCall, partition: Partition, index: number, other: number): boolean {
  const exclude = call.frame?.exclude;
  if (exclude === undefined) return false;
  if (exclude === "current row") return other === index;
  const [from, to] = partition.peers[index] ?? [0, 0];
  const isPeer = other >= from && other < to;
  return isPeer && (exclude === "group" || other !== index);
}

// Values.

type Restore = (state: RowState) => void;

function valuesOf(call: WindowCall, partition: Partition, env: EvaluationContext, restore: Restore): Value[] {
  if (call.aggregate !== null) return aggregatesOver(call, partition, env, restore);
  const { states, peers } = partition;
  const count = states.length;
  const read = (argument: Compiled | undefined, index: number): Value => {
    const state = states[index];
    if (state === undefined || argument === undefined) return null;
    restore(state);
    return argument.run(env);
  };
  let dense = 0;
  return states.map((_, index): Value => {
    const [from, to] = peers[index] ?? [0, count];
    if (index === from) dense += 1;
    const [value, second, third] = call.args;
    switch (call.name) {
      case "row_number":
        return BigInt(index + 1);
      case "rank":
        return BigInt(from + 1);
      case "dense_rank":
        return BigInt(dense);
      case "percent_rank":
        return count === 1 ? 0 : from / (count - 1);
      case "cume_dist":
        return to / count;
      case "ntile": {
        const buckets = read(value, index) as number | null;
        if (buckets === null) return null;
        if (buckets <= 0) throw new DatabaseError("22014", "argument of ntile must be greater than zero");
        const small = Math.floor(count / buckets);
        const large = count % buckets;
        const edge = large * (small + 1);
        return index < edge
          ? Math.floor(index / (small + 1)) + 1
          : large + Math.floor((index - edge) / small) + 1;
      }
      case "lag":
      case "lead": {
        const offset = second === undefined ? 1 : (read(second, index) as number | null);
        if (offset === null) return null;
        const at = call.name === "lag" ? index - offset : index + offset;
        return at >= 0 && at < count ? read(value, at) : read(third, index);
      }
      default:
        return frameValue(call, partition, index, env, read, restore);
    }
  });
}

function frameValue(
  call: WindowCall,
  partition: Partition,
  index: number,
  env: EvaluationContext,
  read: (argument: Compiled | undefined, index: number) => Value,
  restore: Restore,
): Value {
  const state = partition.states[index];
  if (state !== undefined) restore(state);
  const [from, to] = frameOf(call, partition, index, env);
  const places: number[] = [];
  for (let at = from; at < to; at += 1) if (!isExcluded(call, partition, index, at)) places.push(at);
  const [value, second] = call.args;
  if (call.name === "first_value") return places.length === 0 ? null : read(value, places[0] ?? -1);
  if (call.name === "last_value") return places.length === 0 ? null : read(value, places.at(-1) ?? -1);
  const nth = read(second, index) as number | null;
  if (nth === null) return null;
  if (nth <= 0) throw new DatabaseError("22016", "argument of nth_value must be greater than zero");
  return nth > places.length ? null : read(value, places[nth - 1] ?? -1);
}

function aggregatesOver(
  call: WindowCall,
  partition: Partition,
  env: EvaluationContext,
  restore: Restore,
): Value[] {
  const { states } = partition;
  const { aggregate } = call;
  if (aggregate === null) return [];
  // A frame that only grows is added to; any other is begun anew.
  let running = aggregate.start();
  let from = 0;
  let to = 0;
  const isPlain = call.frame?.exclude === undefined;
  return states.map((state, index) => {
    restore(state);
    const [first, end] = frameOf(call, partition, index, env);
    if (!isPlain || first !== from || end < to) {
      running = aggregate.start();
      from = first;
      to = first;
    }
    for (; to < end; to += 1) {
      const other = states[to];
      if (other === undefined || isExcluded(call, partition, index, to)) continue;
      restore(other);
      running.add(env);
    }
    return running.result();
  });
}

/**
 * Works out all window functions of a query.
 *
 * @returns The rows in the order of the last window, as PostgreSQL leaves them.
 */
export function computeWindows(
  calls: readonly WindowCall[],
  states: readonly RowState[],
  env: EvaluationContext,
  restore: Restore,
): RowState[] {
  let order = [...states];
  const results = new Map<RowState, Value[]>(states.map((state) => [state, []]));
  for (const [at, call] of calls.entries()) {
    const rows = order.map((state) => {
      restore(state);
      return {
        state,
        parts: call.partition.map((part) => part.run(env)),
        sort: call.order.map(({ value }) => value.run(env)),
      };
    });
    const parts = call.partition.map((value): SortKey => ({ value, descending: false, nullsFirst: false }));
    rows.sort((a, b) => compareKeys(parts, a.parts, b.parts) || compareKeys(call.order, a.sort, b.sort));
    order = rows.map(({ state }) => state);
    let from = 0;
    while (from < rows.length) {
      let to = from + 1;
      while (to < rows.length && compareKeys(parts, rows[from]?.parts ?? [], rows[to]?.parts ?? []) === 0)
        to += 1;
      const own = rows.slice(from, to);
      const keys = own.map(({ sort }) => sort);
      const partition: Partition = {
        states: own.map(({ state }) => state),
        keys,
        peers: peersOf(call.order, keys),
      };
      for (const [index, value] of valuesOf(call, partition, env, restore).entries()) {
        const result = results.get(own[index]?.state as RowState);
        if (result !== undefined) result[at] = value;
      }
      from = to;
    }
  }
  for (const [state, values] of results) state.windows = values;
  return order;
}
