/** Commands on strings. */
import { argument, pairs, wrongArity, type Args, type CommandTable, type Context } from "../command.js";
import type { ExpireTime } from "../database.js";
import { addFloats, fitsLong, readDouble, readInteger, readLong, shrink } from "../numbers.js";
import {
  NULL,
  OK,
  RedisError,
  bulk,
  bulks,
  flag,
  integer,
  notAFloat,
  notAnInteger,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import { readDeadline, type TimeUnit } from "./keys.js";

const sizeMax = 512 * 1024 * 1024;

const expireUnits: Readonly<Record<string, TimeUnit>> = {
  EX: { scale: 1000, relative: true },
  PX: { scale: 1, relative: true },
  EXAT: { scale: 1000, relative: false },
  PXAT: { scale: 1, relative: false },
};

interface SetOptions {
  condition: "NX" | "XX" | undefined;
  get: boolean;
  expireAt: ExpireTime | null | "keep";
}

function readSetOptions(context: Context, words: readonly Bytes[]): SetOptions {
  const options: SetOptions = { condition: undefined, get: false, expireAt: null };
  for (let index = 0; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    const unit = expireUnits[word];
    if (word === "GET") options.get = true;
    else if ((word === "NX" || word === "XX") && (options.condition ?? word) === word)
      options.condition = word;
    else if (word === "KEEPTTL" && options.expireAt === null) options.expireAt = "keep";
    else if (unit !== undefined && options.expireAt === null) {
      index += 1;
      options.expireAt = readDeadline(context.now, argument(words, index), unit, "set", true);
    } else throw syntaxError();
  }
  return options;
}

function writeString(context: Context, key: Bytes, value: Bytes, expireAt: ExpireTime | null | "keep"): void {
  context.db.setString(key, value, expireAt);
  context.db.changed(key, "$", "set");
  if (expireAt !== null && expireAt !== "keep") context.db.changed(key, "g", "expire");
}

function set(context: Context, args: Args): RedisReply {
  const [key, value] = [args[0], args[1]];
  if (args.length === 2) {
    context.db.setString(key, value, null);
    context.db.changed(key, "$", "set");
    return OK;
  }
  const options = readSetOptions(context, args.slice(2));
  const old = options.get ? bulk(context.db.string(key)) : OK;
  const exists = context.db.type(key) !== undefined;
  if (options.condition !== undefined && exists !== (options.condition === "XX")) {
    return options.get ? old : NULL;
  }
  writeString(context, key, value, options.expireAt);
  return old;
}

function increment(context: Context, key: Bytes, by: bigint): RedisReply {
  const value = readLong(context.db.string(key) ?? "0");
  if (value === undefined) throw notAnInteger();
  const sum = value + by;
  if (!fitsLong(sum)) throw new RedisError("ERR increment or decrement would overflow");
  context.db.setString(key, sum.toString(), "keep");
  context.db.changed(key, "$", "incrby");
  return integer(shrink(sum));
}

function readIncrement(text: Bytes): bigint {
  const value = readLong(text);
  if (value === undefined) throw notAnInteger();
  return value;
}

function decrementBy(context: Context, args: Args): RedisReply {
  const by = readIncrement(args[1]);
  if (by === -(2n ** 63n)) throw new RedisError("ERR decrement would overflow");
  return increment(context, args[0], -by);
}

function incrementByFloat(context: Context, args: Args): RedisReply {
  const old = context.db.string(args[0]) ?? "0";
  if (readDouble(old) === undefined || readDouble(args[1]) === undefined) throw notAFloat();
  const sum = addFloats(old, args[1]);
  context.db.setString(args[0], sum, "keep");
  context.db.changed(args[0], "$", "incrbyfloat");
  return bulk(sum);
}

function append(context: Context, args: Args): RedisReply {
  const value = (context.db.string(args[0]) ?? "") + args[1];
  context.db.setString(args[0], value, "keep");
  context.db.changed(args[0], "$", "append");
  return integer(value.length);
}

function getRange(context: Context, args: Args): RedisReply {
  let start = readInteger(args[1]);
  let end = readInteger(args[2]);
  const value = context.db.string(args[0]) ?? "";
  if (start < 0 && end < 0 && start > end) return bulk("");
  if (start < 0) start = Math.max(0, value.length + start);
  if (end < 0) end = Math.max(0, value.length + end);
  return bulk(value.slice(start, end + 1));
}

function setRange(context: Context, args: Args): RedisReply {
  const [key, , text] = args;
  const offset = readInteger(args[1]);
  if (offset < 0) throw new RedisError("ERR offset is out of range");
  const old = context.db.string(key) ?? "";
  if (text === undefined || text === "") return integer(old.length);
  if (offset + text.length > sizeMax) {
    throw new RedisError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  const value = old.slice(0, offset).padEnd(offset, "\0") + text + old.slice(offset + text.length);
  context.db.setString(key, value, "keep");
  context.db.changed(key, "$", "setrange");
  return integer(value.length);
}

function getEx(context: Context, args: Args): RedisReply {
  const word = args.length > 1 ? args[1].toUpperCase() : "";
  const unit = expireUnits[word];
  const known = args.length === 1 || (word === "PERSIST" && args.length === 2) || (unit && args.length === 3);
  if (!known) throw syntaxError();
  const value = context.db.string(args[0]);
  if (value === undefined) return NULL;
  if (word === "PERSIST" && context.db.expireAt(args[0]) !== null) {
    context.db.setExpireAt(args[0], null);
    context.db.changed(args[0], "g", "persist");
  } else if (unit !== undefined) {
    const at = readDeadline(context.now, args[2], unit, "getex", true);
    if (at <= context.now) {
      context.db.remove(args[0]);
      context.db.changed(args[0], "g", "del");
    } else {
      context.db.setExpireAt(args[0], at);
      context.db.changed(args[0], "g", "expire");
    }
  }
  return bulk(value);
}

function setMany(context: Context, args: Args, onlyIfNone: boolean): RedisReply {
  if (args.length % 2 !== 0) throw wrongArity(onlyIfNone ? "msetnx" : "mset");
  const entries = pairs(args);
  if (onlyIfNone && entries.some(([key]) => context.db.type(key) !== undefined)) return flag(false);
  for (const [key, value] of entries) writeString(context, key, value, null);
  return onlyIfNone ? flag(true) : OK;
}

function getMany(context: Context, args: Args): RedisReply {
  const { db } = context;
  return bulks(args.map((key) => (db.type(key) === "string" ? db.string(key) : null)));
}

function setWithTime(name: string, unit: TimeUnit): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const at = readDeadline(context.now, args[1], unit, name, true);
    writeString(context, args[0], args[2], at);
    return OK;
  };
}

const seconds: TimeUnit = { scale: 1000, relative: true };
const milliseconds: TimeUnit = { scale: 1, relative: true };

export const stringCommands: CommandTable = {
  get: [2, "", ({ db }, args) => bulk(db.string(args[0]))],
  set: [-3, "w", set],
  setnx: [
    3,
    "w",
    (context, args) => {
      if (context.db.type(args[0]) !== undefined) return flag(false);
      writeString(context, args[0], args[1], null);
      return flag(true);
    },
  ],
  setex: [4, "w", setWithTime("setex", seconds)],
  psetex: [4, "w", setWithTime("psetex", milliseconds)],
  getset: [
    3,
    "w",
    (context, args) => {
      const old = context.db.string(args[0]);
      writeString(context, args[0], args[1], null);
      return bulk(old);
    },
  ],
  getdel: [
    2,
    "w",
    ({ db }, args) => {
      const old = db.string(args[0]);
      if (old !== undefined) {
        db.remove(args[0]);
        db.changed(args[0], "g", "del");
      }
      return bulk(old);
    },
  ],
  getex: [-2, "w", getEx],
  mget: [-2, "", getMany],
  mset: [-3, "w", (context, args) => setMany(context, args, false)],
  msetnx: [-3, "w", (context, args) => setMany(context, args, true)],
  append: [3, "w", append],
  strlen: [2, "", ({ db }, args) => integer((db.string(args[0]) ?? "").length)],
  getrange: [4, "", getRange],
  substr: [4, "", getRange],
  setrange: [4, "w", setRange],
  incr: [2, "w", (context, args) => increment(context, args[0], 1n)],
  decr: [2, "w", (context, args) => increment(context, args[0], -1n)],
  incrby: [3, "w", (context, args) => increment(context, args[0], readIncrement(args[1]))],
  decrby: [3, "w", decrementBy],
  incrbyfloat: [3, "w", incrementByFloat],
};
