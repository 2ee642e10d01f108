/** Commands on lists that answer at once. */
import { argument, type Args, type CommandTable, type Context } from "../command.js";
import type { Database } from "../database.js";
import { readInteger, readIntegerIn } from "../numbers.js";
import {
  EMPTY,
  NULL,
  NULL_ARRAY,
  OK,
  RedisError,
  array,
  bulk,
  bulks,
  integer,
  noSuchKey,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import { removeIfEmpty } from "./keys.js";

// Taking elements from a list and moving them between lists; shared by the waiting and the other commands.

export type ListEnd = "LEFT" | "RIGHT";

export function readEnd(text: Bytes): ListEnd {
  const word = text.toUpperCase();
  if (word !== "LEFT" && word !== "RIGHT") throw syntaxError();
  return word;
}

/** @returns The removed elements, the end first; empty when there is no list. */
export function popMany(db: Database, key: Bytes, end: ListEnd, count: number): Bytes[] {
  const list = db.edit(key, "list");
  if (list === undefined) return [];
  const taken =
    end === "LEFT"
      ? list.splice(0, count)
      : list.splice(Math.max(0, list.length - count), list.length).reverse();
  db.changed(key, "l", end === "LEFT" ? "lpop" : "rpop");
  removeIfEmpty(db, key, list.length);
  return taken;
}

export function popFirst(db: Database, key: Bytes, end: ListEnd): Bytes | undefined {
  const list = db.edit(key, "list");
  if (list === undefined) return undefined;
  const value = end === "LEFT" ? list.shift() : list.pop();
  db.changed(key, "l", end === "LEFT" ? "lpop" : "rpop");
  removeIfEmpty(db, key, list.length);
  return value;
}

/** @returns The moved element, or undefined when the source is empty. Fails before it takes anything. */
export function moveElement(
  db: Database,
  from: Bytes,
  to: Bytes,
  fromEnd: ListEnd,
  toEnd: ListEnd,
): Bytes | undefined {
  const source = db.read(from, "list");
  if (source === undefined) return undefined;
  let target = db.edit(to, "list");
  const value = (fromEnd === "LEFT" ? source[0] : source.at(-1)) ?? "";
  if (target === undefined) {
    target = [];
    db.put(to, "list", target);
  }
  // Into the same list: take first, so that the positions are right. The list is not empty in between
  // for anybody to see, since removal happens last.
  db.edit(from, "list");
  if (fromEnd === "LEFT") source.shift();
  else source.pop();
  if (toEnd === "LEFT") target.unshift(value);
  else target.push(value);
  db.ready(to);
  db.changed(to, "l", toEnd === "LEFT" ? "lpush" : "rpush");
  db.changed(from, "l", fromEnd === "LEFT" ? "lpop" : "rpop");
  removeIfEmpty(db, from, source.length);
  return value;
}

function push(end: ListEnd, onlyIfExists: boolean): (context: Context, args: Args) => RedisReply {
  const event = end === "LEFT" ? "lpush" : "rpush";
  return ({ db }, args) => {
    const key = args[0];
    let list = db.edit(key, "list");
    if (list === undefined) {
      if (onlyIfExists) return integer(0);
      list = [];
      db.put(key, "list", list);
    }
    for (let index = 1; index < args.length; index += 1) {
      if (end === "LEFT") list.unshift(args[index] ?? "");
      else list.push(args[index] ?? "");
    }
    db.ready(key);
    db.changed(key, "l", event);
    return integer(list.length);
  };
}

const countProblem = "ERR value is out of range, must be positive";

function pop(end: ListEnd): (context: Context, args: Args) => RedisReply {
  return ({ db }, args) => {
    if (args.length > 2)
      throw new RedisError(`ERR wrong number of arguments for '${end === "LEFT" ? "l" : "r"}pop' command`);
    const count = args.length === 2 ? readIntegerIn(args[1], 0, Infinity, countProblem) : undefined;
    if (count === undefined) return bulk(popFirst(db, args[0], end));
    if (db.read(args[0], "list") === undefined) return NULL_ARRAY;
    return count === 0 ? EMPTY : bulks(popMany(db, args[0], end, count));
  };
}

/** Turns Redis's inclusive, possibly negative bounds into a half-open range. */
export function bounds(start: number, stop: number, length: number): [from: number, to: number] {
  const from = start < 0 ? Math.max(0, length + start) : start;
  const to = (stop < 0 ? length + stop : Math.min(stop, length - 1)) + 1;
  return from >= length || to <= from ? [0, 0] : [from, to];
}

function range({ db }: Context, args: Args): RedisReply {
  const [start, stop] = [readInteger(args[1]), readInteger(args[2])];
  const list = db.read(args[0], "list");
  return list === undefined ? EMPTY : bulks(list.slice(...bounds(start, stop, list.length)));
}

function trim({ db }: Context, args: Args): RedisReply {
  const [start, stop] = [readInteger(args[1]), readInteger(args[2])];
  const list = db.edit(args[0], "list");
  if (list === undefined) return OK;
  const [from, to] = bounds(start, stop, list.length);
  list.splice(to);
  list.splice(0, from);
  db.changed(args[0], "l", "ltrim");
  removeIfEmpty(db, args[0], list.length);
  return OK;
}

function at({ db }: Context, args: Args): RedisReply {
  const list = db.read(args[0], "list");
  if (list === undefined) return NULL;
  return bulk(list.at(readInteger(args[1])));
}

function setAt({ db }: Context, args: Args): RedisReply {
  const list = db.edit(args[0], "list");
  if (list === undefined) throw noSuchKey();
  const given = readInteger(args[1]);
  const index = given < 0 ? list.length + given : given;
  if (index < 0 || index >= list.length) throw new RedisError("ERR index out of range");
  list[index] = args[2];
  db.changed(args[0], "l", "lset");
  return OK;
}

function insert({ db }: Context, args: Args): RedisReply {
  const where = args[1].toUpperCase();
  if (where !== "BEFORE" && where !== "AFTER") throw syntaxError();
  const list = db.edit(args[0], "list");
  if (list === undefined) return integer(0);
  const pivot = list.indexOf(args[2]);
  if (pivot < 0) return integer(-1);
  list.splice(where === "BEFORE" ? pivot : pivot + 1, 0, args[3]);
  db.changed(args[0], "l", "linsert");
  return integer(list.length);
}

function remove({ db }: Context, args: Args): RedisReply {
  const count = readInteger(args[1]);
  const list = db.edit(args[0], "list");
  if (list === undefined) return integer(0);
  const limit = count === 0 ? Infinity : Math.abs(count);
  let removed = 0;
  const keep = (value: Bytes): boolean => {
    if (value !== args[2] || removed >= limit) return true;
    removed += 1;
    return false;
  };
  const kept = count < 0 ? list.reverse().filter(keep).reverse() : list.filter(keep);
  list.splice(0, list.length, ...kept);
  if (removed > 0) db.changed(args[0], "l", "lrem");
  removeIfEmpty(db, args[0], list.length);
  return integer(removed);
}

interface PositionOptions {
  rank: number;
  count: number | undefined;
  scanned: number;
}

function readPositionOptions(words: readonly Bytes[]): PositionOptions {
  const options: PositionOptions = { rank: 1, count: undefined, scanned: Infinity };
  for (let index = 0; index < words.length; index += 2) {
    const word = (words[index] ?? "").toUpperCase();
    const value = argument(words, index + 1);
    if (word === "RANK") {
      options.rank = readInteger(value);
      if (options.rank === 0) {
        throw new RedisError(
          "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
        );
      }
    } else if (word === "COUNT")
      options.count = readIntegerIn(value, 0, Infinity, "ERR COUNT can't be negative");
    else if (word === "MAXLEN") {
      options.scanned = readIntegerIn(value, 0, Infinity, "ERR MAXLEN can't be negative") || Infinity;
    } else throw syntaxError();
  }
  return options;
}

function positions({ db }: Context, args: Args): RedisReply {
  const { rank, count, scanned } = readPositionOptions(args.slice(2));
  const list = db.read(args[0], "list");
  if (list === undefined) return count === undefined ? NULL : EMPTY;
  const limit = count === undefined ? 1 : count || Infinity;
  const found: number[] = [];
  let skip = Math.abs(rank) - 1;
  const steps = Math.min(list.length, scanned);
  for (let step = 0; step < steps && found.length < limit; step += 1) {
    const index = rank > 0 ? step : list.length - 1 - step;
    if (list[index] !== args[1]) continue;
    if (skip > 0) skip -= 1;
    else found.push(index);
  }
  if (count !== undefined) return array(found.map((index) => integer(index)));
  return found[0] === undefined ? NULL : integer(found[0]);
}

export const listCommands: CommandTable = {
  lpush: [-3, "w", push("LEFT", false)],
  rpush: [-3, "w", push("RIGHT", false)],
  lpushx: [-3, "w", push("LEFT", true)],
  rpushx: [-3, "w", push("RIGHT", true)],
  lpop: [-2, "w", pop("LEFT")],
  rpop: [-2, "w", pop("RIGHT")],
  llen: [2, "", ({ db }, args) => integer(db.read(args[0], "list")?.length ?? 0)],
  lrange: [4, "", range],
  ltrim: [4, "w", trim],
  lindex: [3, "", at],
  lset: [4, "w", setAt],
  linsert: [5, "w", insert],
  lrem: [4, "w", remove],
  lpos: [-3, "", positions],
  rpoplpush: [3, "w", ({ db }, args) => bulk(moveElement(db, args[0], args[1], "RIGHT", "LEFT"))],
  lmove: [
    5,
    "w",
    ({ db }, args) => bulk(moveElement(db, args[0], args[1], readEnd(args[2]), readEnd(args[3]))),
  ],
};
