/** Changing sorted sets: ZADD and its kin, removals, pops. */
import type { Bytes } from "../bytes.js";
import { argument, pairs, type Args, type CommandTable, type Context } from "../command.js";
import type { Database } from "../database.js";
import { readIntegerIn, requireDouble } from "../numbers.js";
import {
  array,
  bulk,
  double,
  EMPTY,
  integer,
  NULL,
  RedisError,
  syntaxError,
  type RedisReply,
} from "../reply.js";
import { createSortedSet, type Member, type SortedSet } from "../types/sorted-set.js";
import { removeIfEmpty } from "./ready.js";
import { readRange, type RangeKind } from "./sorted-set-range.js";

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
