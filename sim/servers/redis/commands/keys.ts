/** Commands on keys of any type: existence, names, deadlines, moving. */
import { subcommands, type Args, type CommandTable, type Context } from "../command.js";
import type { Database, ExpireTime } from "../database.js";
import { fitsLong, readInteger, readLong, shrink } from "../numbers.js";
import { matchesGlob } from "../pubsub.js";
import {
  NULL,
  OK,
  RedisError,
  bulk,
  bulks,
  flag,
  integer,
  noSuchKey,
  notAnInteger,
  simple,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import { readDatabaseIndex } from "./connection.js";

// Reading when a key shall expire.

export interface TimeUnit {
  /** Milliseconds per unit. */
  readonly scale: 1 | 1000;
  /** Counted from now, not from the epoch. */
  readonly relative: boolean;
}

/**
 * @param positive - Zero and less are refused, as by SET; EXPIRE allows them.
 * @throws RedisError for what is no integer, or no moment in 64 bits of milliseconds.
 */
export function readDeadline(
  now: number,
  text: Bytes,
  unit: TimeUnit,
  command: string,
  positive: boolean,
): ExpireTime {
  const value = readLong(text);
  if (value === undefined) throw notAnInteger();
  const at = value * BigInt(unit.scale) + (unit.relative ? BigInt(now) : 0n);
  if ((positive && value <= 0n) || !fitsLong(value * BigInt(unit.scale)) || !fitsLong(at)) {
    throw new RedisError(`ERR invalid expire time in '${command}' command`);
  }
  return shrink(at);
}

// Telling blocked clients of a key that has just come to be, and removing one that has become empty.

/** After a whole key appeared under a new name: whoever waits for its type may have it. */
function signalNewKey(db: Database, key: Bytes): void {
  const type = db.type(key);
  if (type === "list" || type === "zset" || type === "stream") db.ready(key);
}

/** Redis has no empty collections: the last element takes the key with it. */
export function removeIfEmpty(db: Database, key: Bytes, size: number): void {
  if (size > 0) return;
  db.remove(key);
  db.changed(key, "g", "del");
}

// OBJECT ENCODING: the answer of a server with default limits.

const smallEntries = 128;
const smallBytes = 64;
const smallIntegers = 512;

const isSmall = (words: Iterable<Bytes>): boolean => [...words].every((word) => word.length <= smallBytes);

/** @returns The name of the encoding; the key must exist. */
function encodingOf(db: Database, key: Bytes): string {
  switch (db.type(key)) {
    case "string": {
      const value = db.string(key) ?? "";
      if (readLong(value) !== undefined) return "int";
      return value.length <= 44 ? "embstr" : "raw";
    }
    case "list":
      return "quicklist";
    case "hash": {
      const hash = db.read(key, "hash") ?? new Map<Bytes, Bytes>();
      const small = hash.size <= smallEntries && isSmall(hash.keys()) && isSmall(hash.values());
      return small ? "listpack" : "hashtable";
    }
    case "set": {
      const members = [...(db.read(key, "set") ?? [])];
      const integers = members.every((member) => readLong(member) !== undefined);
      return integers && members.length <= smallIntegers ? "intset" : "hashtable";
    }
    case "zset": {
      const members = db.read(key, "zset")?.all() ?? [];
      return members.length <= smallEntries && isSmall(members.map(({ member }) => member))
        ? "listpack"
        : "skiplist";
    }
    case "stream":
    case undefined:
    default:
      return "stream";
  }
}

function remove(context: Context, args: Args): RedisReply {
  let count = 0;
  for (const key of args) {
    if (!context.db.remove(key)) continue;
    context.db.changed(key, "g", "del");
    count += 1;
  }
  return integer(count);
}

function countExisting({ db }: Context, args: Args): RedisReply {
  return integer(args.filter((key) => db.type(key) !== undefined).length);
}

function readConditions(words: readonly Bytes[]): ReadonlySet<string> {
  const conditions = new Set<string>();
  for (const word of words) {
    const condition = word.toUpperCase();
    if (!["NX", "XX", "GT", "LT"].includes(condition)) throw new RedisError(`ERR Unsupported option ${word}`);
    conditions.add(condition);
  }
  if (conditions.has("NX") && conditions.size > 1) {
    throw new RedisError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (conditions.has("GT") && conditions.has("LT")) {
    throw new RedisError("ERR GT and LT options at the same time are not compatible");
  }
  return conditions;
}

function expireWith(name: string, unit: TimeUnit): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const { db } = context;
    const key = args[0];
    const conditions = readConditions(args.slice(2));
    const at = readDeadline(context.now, args[1], unit, name, false);
    const current = db.expireAt(key);
    if (current === undefined) return flag(false);
    // A key without a deadline counts as one that lives for ever.
    const reached = current ?? Infinity;
    const refused =
      (conditions.has("NX") && current !== null) ||
      (conditions.has("XX") && current === null) ||
      (conditions.has("GT") && (current === null || at <= current)) ||
      (conditions.has("LT") && at >= reached);
    if (refused) return flag(false);
    if (at <= context.now) {
      db.remove(key);
      db.changed(key, "g", "del");
    } else {
      db.setExpireAt(key, at);
      db.changed(key, "g", "expire");
    }
    return flag(true);
  };
}

/** TTL rounds to whole seconds, half up; EXPIRETIME likewise. */
function remaining(scale: 1 | 1000, relative: boolean): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const at = context.db.expireAt(args[0]);
    if (at === undefined) return integer(-2);
    if (at === null) return integer(-1);
    const left = BigInt(at) - (relative ? BigInt(context.now) : 0n);
    const value = relative && left < 0n ? 0n : left;
    return integer(shrink(scale === 1 ? value : (value + 500n) / 1000n));
  };
}

function rename(context: Context, args: Args, onlyIfFree: boolean): RedisReply {
  const { db } = context;
  const [from, to] = [args[0], args[1]];
  const image = db.image(from);
  if (db.type(from) === undefined || image === undefined) throw noSuchKey();
  if (onlyIfFree && db.type(to) !== undefined) return flag(false);
  if (from !== to) {
    db.remove(from);
    db.remove(to);
    db.restore(to, image);
    db.changed(from, "g", "rename_from");
    db.changed(to, "g", "rename_to");
    signalNewKey(db, to);
  }
  return onlyIfFree ? flag(true) : OK;
}

function copy(context: Context, args: Args): RedisReply {
  let target = context.db;
  let replace = false;
  for (let index = 2; index < args.length; index += 1) {
    const word = (args[index] ?? "").toUpperCase();
    if (word === "REPLACE") replace = true;
    else if (word === "DB" && index + 1 < args.length) {
      index += 1;
      target = context.core.database(readDatabaseIndex(context.core, args[index] ?? ""));
    } else throw syntaxError();
  }
  if (target === context.db && args[0] === args[1]) {
    throw new RedisError("ERR source and destination objects are the same");
  }
  if (context.db.type(args[0]) === undefined) return flag(false);
  const image = context.db.image(args[0]);
  if (target.type(args[1]) !== undefined && !replace) return flag(false);
  target.remove(args[1]);
  target.restore(args[1], image);
  target.changed(args[1], "g", "copy_to");
  signalNewKey(target, args[1]);
  return flag(true);
}

function move(context: Context, args: Args): RedisReply {
  const target = context.core.database(readDatabaseIndex(context.core, args[1]));
  if (target === context.db) throw new RedisError("ERR source and destination objects are the same");
  if (context.db.type(args[0]) === undefined || target.type(args[0]) !== undefined) return flag(false);
  const image = context.db.image(args[0]);
  context.db.remove(args[0]);
  target.restore(args[0], image);
  context.db.changed(args[0], "g", "move_from");
  target.changed(args[0], "g", "move_to");
  signalNewKey(target, args[0]);
  return flag(true);
}

function persist({ db }: Context, args: Args): RedisReply {
  if ((db.expireAt(args[0]) ?? null) === null) return flag(false);
  db.setExpireAt(args[0], null);
  db.changed(args[0], "g", "persist");
  return flag(true);
}

function objectInfo(of: (context: Context, key: Bytes) => RedisReply): (c: Context, a: Args) => RedisReply {
  return (context, args) => (context.db.type(args[0]) === undefined ? NULL : of(context, args[0]));
}

const object = subcommands("object", {
  encoding: [3, "", objectInfo(({ db }, key) => bulk(encodingOf(db, key)))],
  refcount: [3, "", objectInfo(() => integer(1))],
});

export const keyCommands: CommandTable = {
  del: [-2, "w", remove],
  unlink: [-2, "w", remove],
  exists: [-2, "", countExisting],
  touch: [-2, "", countExisting],
  type: [2, "", ({ db }, args) => simple(db.type(args[0]) ?? "none")],
  keys: [2, "", ({ db }, args) => bulks(db.keys().filter((key) => matchesGlob(args[0], key)))],
  randomkey: [
    1,
    "",
    ({ db, core }) => {
      const keys = db.keys();
      return bulk(keys[Math.floor(core.random() * keys.length)]);
    },
  ],
  dbsize: [1, "", ({ db }) => integer(db.size)],
  expire: [-3, "w", expireWith("expire", { scale: 1000, relative: true })],
  pexpire: [-3, "w", expireWith("pexpire", { scale: 1, relative: true })],
  expireat: [-3, "w", expireWith("expireat", { scale: 1000, relative: false })],
  pexpireat: [-3, "w", expireWith("pexpireat", { scale: 1, relative: false })],
  ttl: [2, "", remaining(1000, true)],
  pttl: [2, "", remaining(1, true)],
  expiretime: [2, "", remaining(1000, false)],
  pexpiretime: [2, "", remaining(1, false)],
  persist: [2, "w", persist],
  rename: [3, "w", (context, args) => rename(context, args, false)],
  renamenx: [3, "w", (context, args) => rename(context, args, true)],
  copy: [-3, "w", copy],
  move: [3, "w", move],
  object: [-2, "", object],
};

// Random picks, from the server's own random source.

/** An answer with more would hold up the world. */
const repeatsMax = 10_000_000;

/**
 * Reads how many to pick.
 *
 * @param withValues - Each pick is answered by two items.
 * @throws RedisError as Redis, for a count that it could not negate or double.
 */
export function readPickCount(text: string, withValues: boolean): number {
  const count = readInteger(text);
  if (BigInt(text) === -(2n ** 63n)) {
    throw new RedisError(
      "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
    );
  }
  if (withValues && Math.abs(count) > Number(2n ** 62n - 1n)) {
    throw new RedisError("ERR value is out of range");
  }
  return count;
}

/**
 * @param count - At least 0 for distinct items; negative allows repeats, as in SRANDMEMBER.
 * @returns Picked items; all of them, in order, when `count` reaches their number.
 */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pick = (limit: number): number => Math.floor(random() * limit);
  if (count < 0) {
    if (-count > repeatsMax) {
      throw new RedisError(
        `ERR SIM_UNSUPPORTED ${-count} random picks: the simulated Redis gives ${repeatsMax} at the most`,
      );
    }
    return Array.from({ length: items.length === 0 ? 0 : -count }, () => items[pick(items.length)] as T);
  }
  if (count >= items.length) return [...items];
  const rest = [...items];
  const picked: T[] = [];
  for (let index = 0; index < count; index += 1) {
    const chosen = index + pick(rest.length - index);
    picked.push(rest[chosen] as T);
    rest[chosen] = rest[index] as T;
  }
  return picked;
}
