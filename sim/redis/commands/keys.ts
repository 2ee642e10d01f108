/** Commands on keys of any type: existence, names, deadlines, moving. */
import type { Args, CommandTable, Context } from "../command.js";
import { subcommands } from "../command.js";
import type { Bytes } from "../bytes.js";
import { matchesGlob } from "../glob.js";
import {
  bulk,
  bulks,
  flag,
  integer,
  noSuchKey,
  NULL,
  OK,
  RedisError,
  simple,
  syntaxError,
  type RedisReply,
} from "../reply.js";
import { readDatabaseIndex } from "./connection.js";
import { shrink } from "../numbers.js";
import { readDeadline, type TimeUnit } from "./deadline.js";
import { encodingOf } from "./encoding.js";
import { signalNewKey } from "./ready.js";

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
