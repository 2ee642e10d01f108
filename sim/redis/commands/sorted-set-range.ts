/** Reading sorted sets by rank, score or name. */
import type { Bytes } from "../bytes.js";
import { argument, type Args, type CommandTable, type Context } from "../command.js";
import { readDouble, readInteger } from "../numbers.js";
import {
  array,
  bulk,
  bulks,
  double,
  EMPTY,
  integer,
  NULL,
  RedisError,
  syntaxError,
  type RedisReply,
} from "../reply.js";
import type { Member, SortedSet } from "../types/sorted-set.js";
import { bounds } from "./lists.js";
import { readPickCount, sample } from "./sample.js";

export type RangeKind = "index" | "score" | "lex";
/** Half-open positions in ascending order. */
export type Select = (set: SortedSet) => [from: number, to: number];

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
export function readRange(kind: RangeKind, first: Bytes, last: Bytes): Select {
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

export interface RangeRequest {
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
export function readRangeRequest(
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

export function replyMembers(members: readonly Member[], withScores: boolean): RedisReply {
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
