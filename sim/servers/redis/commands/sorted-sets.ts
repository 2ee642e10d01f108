/** Reading sorted sets by rank, score or name. */
import { argument, pairs, type Args, type CommandTable, type Context } from "../command.js";
import type { Database } from "../database.js";
import { readDouble, readInteger, readIntegerIn, requireDouble } from "../numbers.js";
import {
  EMPTY,
  NULL,
  RedisError,
  array,
  bulk,
  bulks,
  double,
  integer,
  syntaxError,
  wrongType,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import { createSortedSet, type Member, type SortedSet } from "../sorted-set.js";
import { readPickCount, removeIfEmpty, sample } from "./keys.js";
import { bounds } from "./lists.js";

type RangeKind = "index" | "score" | "lex";
/** Half-open positions in ascending order. */
type Select = (set: SortedSet) => [from: number, to: number];

function readScoreBound(text: Bytes): { value: number; open: boolean } {
  const open = text.startsWith("(");
  const value = readDouble(open ? text.slice(1) : text);
  if (value === undefined) throw new RedisError("ERR min or max is not a float");
  return { value, open };
}

/** @returns Whether a member lies before the start (or, for an end, within it). */
function readLexBound(text: Bytes, end: "min" | "max"): (member: Bytes) => boolean {
  const open = text.startsWith("(");
  if (text === "-") return () => false;
  if (text === "+") return () => true;
  if (!open && !text.startsWith("[")) throw new RedisError("ERR min or max not valid string range item");
  const value = text.slice(1);
  // A start leaves out what is before it; an end keeps what is not after it.
  return (end === "min") === open ? (member) => member <= value : (member) => member < value;
}

/** Sets of up to so many members are small: Redis walks through them, which shows when scores differ. */
const smallSize = 128;

/** With different scores the answer is unspecified; it is that of Redis for small sets, read upwards. */
function lexRange(
  set: SortedSet,
  before: (member: Bytes) => boolean,
  within: (member: Bytes) => boolean,
): [from: number, to: number] {
  const all = set.all();
  const [first] = all;
  const last = all.at(-1);
  if (first === undefined || last === undefined || !within(first.member) || before(last.member))
    return [0, 0];
  if (all.length > smallSize) {
    const from = set.search(({ member }) => before(member));
    return [
      from,
      Math.max(
        from,
        set.search(({ member }) => within(member)),
      ),
    ];
  }
  const from = all.findIndex(({ member }) => !before(member));
  const end = all.findIndex(({ member }, index) => index >= from && !within(member));
  return [from, end < 0 ? all.length : end];
}

/** Reads both ends of an ascending range. */
function readRange(kind: RangeKind, first: Bytes, last: Bytes): Select {
  if (kind === "index") {
    const [start, stop] = [readInteger(first), readInteger(last)];
    return (set) => bounds(start, stop, set.size);
  }
  if (kind === "lex") {
    const before = readLexBound(first, "min");
    const within = readLexBound(last, "max");
    return (set) => lexRange(set, before, within);
  }
  const [min, max] = [readScoreBound(first), readScoreBound(last)];
  return (set) => {
    const from = set.search(({ score }) => score < min.value || (min.open && score === min.value));
    const to = set.search(({ score }) => score < max.value || (!max.open && score === max.value));
    return [from, Math.max(from, to)];
  };
}

interface RangeRequest {
  kind: RangeKind;
  reverse: boolean;
  withScores: boolean;
  offset: number;
  count: number;
}

function readOptions(words: readonly Bytes[], request: RangeRequest, general: boolean): RangeRequest {
  let limited = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    if (word === "WITHSCORES") request.withScores = true;
    else if (word === "LIMIT" && index + 2 < words.length) {
      limited = true;
      request.offset = readInteger(argument(words, index + 1));
      request.count = readInteger(argument(words, index + 2));
      index += 2;
    } else if (general && word === "BYSCORE") request.kind = "score";
    else if (general && word === "BYLEX") request.kind = "lex";
    else if (general && word === "REV") request.reverse = true;
    else throw syntaxError();
  }
  if (limited && request.kind === "index") {
    throw new RedisError(
      "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
    );
  }
  if (request.withScores && request.kind === "lex") {
    throw new RedisError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return request;
}

const request = (kind: RangeKind, reverse: boolean): RangeRequest => ({
  kind,
  reverse,
  withScores: false,
  offset: 0,
  count: -1,
});

/** Reads `<first> <last> [options]`, as after the key of ZRANGE. */
function readRangeRequest(
  words: readonly Bytes[],
  kind: RangeKind,
  reverse: boolean,
  general: boolean,
): { request: RangeRequest; members(set: SortedSet): Member[] } {
  const options = readOptions(words.slice(2), request(kind, reverse), general);
  const [first, last] = [argument(words, 0), argument(words, 1)];
  const swap = options.reverse && options.kind !== "index";
  const select = swap ? readRange(options.kind, last, first) : readRange(options.kind, first, last);
  function members(set: SortedSet): Member[] {
    const [from, to] = select(set);
    if (options.kind === "index") {
      return options.reverse ? set.slice(set.size - to, set.size - from).reverse() : set.slice(from, to);
    }
    if (options.offset < 0) return [];
    const count = options.count < 0 ? Infinity : options.count;
    if (!options.reverse)
      return set.slice(from + options.offset, Math.min(to, from + options.offset + count));
    const end = to - options.offset;
    return set.slice(Math.max(from, end - count), Math.max(from, end)).reverse();
  }
  return { request: options, members };
}

function replyMembers(members: readonly Member[], withScores: boolean): RedisReply {
  if (!withScores) return bulks(members.map(({ member }) => member));
  return { kind: "pairs", items: members.flatMap(({ member, score }) => [bulk(member), double(score)]) };
}

function range(kind: RangeKind, reverse: boolean, general: boolean): (c: Context, args: Args) => RedisReply {
  return ({ db }, args) => {
    const { request: options, members } = readRangeRequest(args.slice(1), kind, reverse, general);
    const set = db.read(args[0], "zset");
    return set === undefined ? EMPTY : replyMembers(members(set), options.withScores);
  };
}

function count(kind: RangeKind): (context: Context, args: Args) => RedisReply {
  return ({ db }, args) => {
    const select = readRange(kind, args[1], args[2]);
    const set = db.read(args[0], "zset");
    if (set === undefined) return integer(0);
    const [from, to] = select(set);
    return integer(to - from);
  };
}

function rank(reverse: boolean): (context: Context, args: Args) => RedisReply {
  return ({ db }, args) => {
    const set = db.read(args[0], "zset");
    const position = set?.rank(args[1]) ?? -1;
    if (set === undefined || position < 0) return NULL;
    return integer(reverse ? set.size - 1 - position : position);
  };
}

function scoreReply(set: SortedSet | undefined, member: Bytes): RedisReply {
  const score = set?.score(member);
  return score === undefined ? NULL : double(score);
}

function randomMembers({ db, core }: Context, args: Args): RedisReply {
  const members = db.read(args[0], "zset")?.all() ?? [];
  if (args.length === 1) return bulk(members[Math.floor(core.random() * members.length)]?.member);
  const withScores = args.length > 2;
  const count = readPickCount(args[1], withScores);
  if (withScores && (args[2].toUpperCase() !== "WITHSCORES" || args.length > 3)) throw syntaxError();
  return replyMembers(sample(members, count, core.random), withScores);
}

export const sortedSetRangeCommands: CommandTable = {
  zrange: [-4, "", range("index", false, true)],
  zrevrange: [-4, "", range("index", true, false)],
  zrangebyscore: [-4, "", range("score", false, false)],
  zrevrangebyscore: [-4, "", range("score", true, false)],
  zrangebylex: [-4, "", range("lex", false, false)],
  zrevrangebylex: [-4, "", range("lex", true, false)],
  zcount: [4, "", count("score")],
  zlexcount: [4, "", count("lex")],
  zcard: [2, "", ({ db }, args) => integer(db.read(args[0], "zset")?.size ?? 0)],
  zrank: [3, "", rank(false)],
  zrevrank: [3, "", rank(true)],
  zscore: [3, "", ({ db }, args) => scoreReply(db.read(args[0], "zset"), args[1])],
  zmscore: [
    -3,
    "",
    ({ db }, args) => {
      const set = db.read(args[0], "zset");
      return array(args.slice(1).map((member) => scoreReply(set, member)));
    },
  ],
  zrandmember: [-2, "", randomMembers],
};

// Changing sorted sets: ZADD and its kin, removals, pops.

interface AddOptions {
  readonly flags: ReadonlySet<string>;
  readonly elements: readonly [score: number, member: Bytes][];
}

const addFlags = new Set(["NX", "XX", "GT", "LT", "CH", "INCR"]);

function readAddOptions(args: Args): AddOptions {
  const flags = new Set<string>();
  let index = 1;
  while (addFlags.has((args[index] ?? "").toUpperCase())) {
    flags.add((args[index] ?? "").toUpperCase());
    index += 1;
  }
  const words = args.slice(index);
  if (words.length === 0 || words.length % 2 !== 0) throw syntaxError();
  if (flags.has("NX") && flags.has("XX")) {
    throw new RedisError("ERR XX and NX options at the same time are not compatible");
  }
  if (["GT", "LT", "NX"].filter((word) => flags.has(word)).length > 1) {
    throw new RedisError("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (flags.has("INCR") && words.length > 2) {
    throw new RedisError("ERR INCR option supports a single increment-element pair");
  }
  return { flags, elements: pairs(words).map(([score, member]) => [requireDouble(score), member]) };
}

function allowed(flags: ReadonlySet<string>, old: number | undefined, score: number): boolean {
  if (old === undefined) return !flags.has("XX");
  if (flags.has("NX")) return false;
  if (flags.has("GT")) return score > old;
  return flags.has("LT") ? score < old : true;
}

function setForEdit(db: Database, key: Bytes, create: boolean): SortedSet | undefined {
  const set = db.edit(key, "zset");
  if (set !== undefined || !create) return set;
  const created = createSortedSet();
  db.put(key, "zset", created);
  return created;
}

function add({ db }: Context, args: Args): RedisReply {
  const { flags, elements } = readAddOptions(args);
  const key = args[0];
  const increment = flags.has("INCR");
  const set = setForEdit(db, key, !flags.has("XX"));
  let added = 0;
  let changed = 0;
  let last: number | undefined;
  for (const [given, member] of elements) {
    const old = set?.score(member);
    const score = increment ? (old ?? 0) + given : given;
    if (Number.isNaN(score)) throw new RedisError("ERR resulting score is not a number (NaN)");
    if (set === undefined || !allowed(flags, old, score)) continue;
    last = score;
    if (set.set(member, score)) added += 1;
    else if (old !== score) changed += 1;
  }
  if (added + changed > 0) {
    db.ready(key);
    db.changed(key, "z", increment ? "zincr" : "zadd");
  }
  if (increment) return last === undefined ? NULL : double(last);
  return integer(flags.has("CH") ? added + changed : added);
}

function incrementBy({ db }: Context, args: Args): RedisReply {
  const by = requireDouble(args[1]);
  const old = db.read(args[0], "zset")?.score(args[2]) ?? 0;
  const score = old + by;
  if (Number.isNaN(score)) throw new RedisError("ERR resulting score is not a number (NaN)");
  setForEdit(db, args[0], true)?.set(args[2], score);
  db.ready(args[0]);
  db.changed(args[0], "z", "zincr");
  return double(score);
}

function remove({ db }: Context, args: Args): RedisReply {
  const set = db.edit(args[0], "zset");
  if (set === undefined) return integer(0);
  const count = args.slice(1).filter((member) => set.delete(member)).length;
  if (count > 0) db.changed(args[0], "z", "zrem");
  removeIfEmpty(db, args[0], set.size);
  return integer(count);
}

function removeRange(kind: RangeKind): (context: Context, args: Args) => RedisReply {
  const event = { index: "zremrangebyrank", score: "zremrangebyscore", lex: "zremrangebylex" }[kind];
  return ({ db }, args) => {
    const select = readRange(kind, args[1], args[2]);
    const set = db.edit(args[0], "zset");
    if (set === undefined) return integer(0);
    const gone = set.slice(...select(set));
    for (const { member } of gone) set.delete(member);
    if (gone.length > 0) db.changed(args[0], "z", event);
    removeIfEmpty(db, args[0], set.size);
    return integer(gone.length);
  };
}

/** @returns The removed members, the extreme one first; empty when there is no set. */
export function popMembers(db: Database, key: Bytes, end: "MIN" | "MAX", count: number): Member[] {
  if (db.read(key, "zset") === undefined) return [];
  const set = db.edit(key, "zset");
  if (set === undefined) return [];
  const popped =
    end === "MIN" ? set.slice(0, count) : set.slice(Math.max(0, set.size - count), set.size).reverse();
  for (const { member } of popped) set.delete(member);
  if (popped.length > 0) db.changed(key, "z", end === "MIN" ? "zpopmin" : "zpopmax");
  removeIfEmpty(db, key, set.size);
  return popped;
}

function pop(end: "MIN" | "MAX"): (context: Context, args: Args) => RedisReply {
  const problem = "ERR value is out of range, must be positive";
  return ({ db }, args) => {
    if (args.length > 2) throw syntaxError();
    const count = args.length === 2 ? readIntegerIn(argument(args, 1), 0, Infinity, problem) : 1;
    const popped = popMembers(db, args[0], end, count);
    if (popped.length === 0) return EMPTY;
    const items = popped.flatMap(({ member, score }) => [bulk(member), double(score)]);
    return args.length === 2 ? { kind: "pairs", items } : array(items);
  };
}

export const sortedSetEditCommands: CommandTable = {
  zadd: [-4, "w", add],
  zincrby: [4, "w", incrementBy],
  zrem: [-3, "w", remove],
  zremrangebyrank: [4, "w", removeRange("index")],
  zremrangebyscore: [4, "w", removeRange("score")],
  zremrangebylex: [4, "w", removeRange("lex")],
  zpopmin: [-2, "w", pop("MIN")],
  zpopmax: [-2, "w", pop("MAX")],
};

// Unions, intersections and differences of sorted sets, and ZRANGESTORE.

type Operation = "union" | "inter" | "diff";
type Aggregate = (a: number, b: number) => number;

const aggregates: Readonly<Record<string, Aggregate>> = {
  // Infinity minus infinity is zero here, as in Redis.
  SUM: (a, b) => (Number.isNaN(a + b) ? 0 : a + b),
  MIN: (a, b) => Math.min(a, b),
  MAX: (a, b) => Math.max(a, b),
};

interface CombineRequest {
  readonly inputs: readonly ReadonlyMap<Bytes, number>[];
  readonly weights: readonly number[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
  readonly limit: number;
}

/** A plain set takes part with all scores 1. */
function scoresOf({ db }: Context, key: Bytes): ReadonlyMap<Bytes, number> {
  const type = db.type(key);
  if (type === undefined) return new Map();
  if (type === "set") return new Map([...(db.read(key, "set") ?? [])].map((member) => [member, 1]));
  if (type !== "zset") throw wrongType();
  return new Map(
    db
      .read(key, "zset")
      ?.all()
      .map(({ member, score }) => [member, score]),
  );
}

interface Allowed {
  readonly combining: boolean;
  readonly scores: boolean;
  readonly limit: boolean;
}

function readRequest(
  context: Context,
  words: readonly Bytes[],
  name: string,
  allow: Allowed,
): CombineRequest {
  const problem = allow.limit
    ? "ERR numkeys should be greater than 0"
    : `ERR at least 1 input key is needed for '${name}' command`;
  const keyCount = Number(words[0]);
  if (!Number.isInteger(keyCount))
    readIntegerIn(argument(words, 0), 1, Infinity, "ERR value is not an integer or out of range");
  if (keyCount < 1) throw new RedisError(problem);
  if (keyCount > words.length - 1) {
    throw allow.limit
      ? new RedisError("ERR Number of keys can't be greater than number of args")
      : syntaxError();
  }
  const inputs = words.slice(1, keyCount + 1).map((key) => scoresOf(context, key));
  let weights = inputs.map(() => 1);
  let aggregate = aggregates["SUM"] ?? Math.max;
  let withScores = false;
  let limit = 0;
  for (let index = keyCount + 1; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    if (allow.combining && word === "WEIGHTS" && index + keyCount < words.length) {
      weights = words.slice(index + 1, index + 1 + keyCount).map((text) => {
        const weight = readDouble(text);
        if (weight === undefined) throw new RedisError("ERR weight value is not a float");
        return weight;
      });
      index += keyCount;
    } else if (allow.combining && word === "AGGREGATE") {
      const chosen = aggregates[argument(words, index + 1).toUpperCase()];
      if (chosen === undefined) throw syntaxError();
      aggregate = chosen;
      index += 1;
    } else if (allow.scores && word === "WITHSCORES") withScores = true;
    else if (allow.limit && word === "LIMIT") {
      limit = readIntegerIn(argument(words, index + 1), 0, Infinity, "ERR LIMIT can't be negative");
      index += 1;
    } else throw syntaxError();
  }
  return { inputs, weights, aggregate, withScores, limit };
}

function combine(operation: Operation, { inputs, weights, aggregate }: CombineRequest): Member[] {
  const result = new Map<Bytes, number>();
  const weighted = (score: number, index: number): number => {
    const value = score * (weights[index] ?? 1);
    return Number.isNaN(value) ? 0 : value;
  };
  for (const [index, input] of inputs.entries()) {
    for (const [member, score] of input) {
      const old = result.get(member);
      if (operation === "union") {
        result.set(
          member,
          old === undefined ? weighted(score, index) : aggregate(old, weighted(score, index)),
        );
      } else if (index === 0) {
        const others = inputs.slice(1);
        if (operation === "diff" && !others.some((other) => other.has(member))) result.set(member, score);
        if (operation === "inter" && others.every((other) => other.has(member))) {
          result.set(member, weighted(score, 0));
        }
      } else if (operation === "inter" && old !== undefined) {
        result.set(member, aggregate(old, weighted(score, index)));
      }
    }
  }
  return [...createSortedSet([...result].map(([member, score]) => ({ member, score }))).all()];
}

function show(operation: Operation): (context: Context, args: Args) => RedisReply {
  const allow = { combining: operation !== "diff", scores: true, limit: false };
  return (context, args) => {
    const request = readRequest(context, args, `z${operation}`, allow);
    return replyMembers(combine(operation, request), request.withScores);
  };
}

function replace({ db }: Context, key: Bytes, members: readonly Member[], event: string): RedisReply {
  if (members.length > 0) {
    db.put(key, "zset", createSortedSet(members));
    db.ready(key);
    db.changed(key, "z", event);
  } else if (db.remove(key)) db.changed(key, "g", "del");
  return integer(members.length);
}

function store(operation: Operation): (context: Context, args: Args) => RedisReply {
  const name = `z${operation}store`;
  const allow = { combining: operation !== "diff", scores: false, limit: false };
  return (context, args) => {
    const request = readRequest(context, args.slice(1), name, allow);
    return replace(context, args[0], combine(operation, request), name);
  };
}

function storeRange(context: Context, args: Args): RedisReply {
  const { request, members } = readRangeRequest(args.slice(2), "index", false, true);
  if (request.withScores) throw syntaxError();
  const source = context.db.read(args[1], "zset");
  return replace(context, args[0], source === undefined ? [] : members(source), "zrangestore");
}

function intersectionSize(context: Context, args: Args): RedisReply {
  const request = readRequest(context, args, "zintercard", { combining: false, scores: false, limit: true });
  const size = combine("inter", request).length;
  return integer(request.limit > 0 ? Math.min(request.limit, size) : size);
}

export const sortedSetCombineCommands: CommandTable = {
  zunion: [-3, "", show("union")],
  zinter: [-3, "", show("inter")],
  zdiff: [-3, "", show("diff")],
  zunionstore: [-4, "w", store("union")],
  zinterstore: [-4, "w", store("inter")],
  zdiffstore: [-4, "w", store("diff")],
  zintercard: [-3, "", intersectionSize],
  zrangestore: [-5, "w", storeRange],
};
