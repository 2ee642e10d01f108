/** Commands on hashes. */
import type { Bytes } from "../bytes.js";
import { pairs, wrongArity, type Args, type CommandTable, type Context } from "../command.js";
import { addFloats, fitsLong, readDouble, readLong, shrink } from "../numbers.js";
import {
  map,
  bulk,
  bulks,
  EMPTY,
  flag,
  integer,
  notAnInteger,
  notAFloat,
  OK,
  RedisError,
  syntaxError,
  type RedisReply,
} from "../reply.js";
import { removeIfEmpty } from "./ready.js";
import { readPickCount, sample } from "./sample.js";

function hashOf({ db }: Context, key: Bytes): Map<Bytes, Bytes> {
  const hash = db.edit(key, "hash");
  if (hash !== undefined) return hash;
  const created = new Map<Bytes, Bytes>();
  db.put(key, "hash", created);
  return created;
}

function setFields(context: Context, args: Args, name: string): number {
  if (args.length % 2 === 0) throw wrongArity(name);
  const hash = hashOf(context, args[0]);
  const before = hash.size;
  for (const [field, value] of pairs(args.slice(1))) hash.set(field, value);
  context.db.changed(args[0], "h", "hset");
  return hash.size - before;
}

function setFieldIfNew(context: Context, args: Args): RedisReply {
  if (context.db.read(args[0], "hash")?.has(args[1]) === true) return flag(false);
  hashOf(context, args[0]).set(args[1], args[2]);
  context.db.changed(args[0], "h", "hset");
  return flag(true);
}

function removeFields({ db }: Context, args: Args): RedisReply {
  const hash = db.edit(args[0], "hash");
  if (hash === undefined) return integer(0);
  const count = args.slice(1).filter((field) => hash.delete(field)).length;
  if (count > 0) db.changed(args[0], "h", "hdel");
  removeIfEmpty(db, args[0], hash.size);
  return integer(count);
}

function increment(context: Context, args: Args): RedisReply {
  const by = readLong(args[2]);
  if (by === undefined) throw notAnInteger();
  const value = readLong(context.db.read(args[0], "hash")?.get(args[1]) ?? "0");
  if (value === undefined) throw new RedisError("ERR hash value is not an integer");
  const sum = value + by;
  if (!fitsLong(sum)) throw new RedisError("ERR increment or decrement would overflow");
  hashOf(context, args[0]).set(args[1], sum.toString());
  context.db.changed(args[0], "h", "hincrby");
  return integer(shrink(sum));
}

function incrementByFloat(context: Context, args: Args): RedisReply {
  if (readDouble(args[2]) === undefined) throw notAFloat();
  const value = context.db.read(args[0], "hash")?.get(args[1]) ?? "0";
  if (readDouble(value) === undefined) throw new RedisError("ERR hash value is not a float");
  const sum = addFloats(value, args[2]);
  hashOf(context, args[0]).set(args[1], sum);
  context.db.changed(args[0], "h", "hincrbyfloat");
  return bulk(sum);
}

function randomFields(context: Context, args: Args): RedisReply {
  const hash = context.db.read(args[0], "hash");
  if (args.length === 1) {
    const fields = [...(hash?.keys() ?? [])];
    return bulk(fields[Math.floor(context.core.random() * fields.length)]);
  }
  const withValues = args.length > 2;
  const count = readPickCount(args[1], withValues);
  if (withValues && (args[2].toUpperCase() !== "WITHVALUES" || args.length > 3)) throw syntaxError();
  if (hash === undefined) return EMPTY;
  const fields = sample([...hash.keys()], count, context.core.random);
  if (!withValues) return bulks(fields);
  return { kind: "pairs", items: fields.flatMap((field) => [bulk(field), bulk(hash.get(field))]) };
}

export const hashCommands: CommandTable = {
  hset: [-4, "w", (context, args) => integer(setFields(context, args, "hset"))],
  hmset: [
    -4,
    "w",
    (context, args) => {
      setFields(context, args, "hmset");
      return OK;
    },
  ],
  hsetnx: [4, "w", setFieldIfNew],
  hget: [3, "", ({ db }, args) => bulk(db.read(args[0], "hash")?.get(args[1]))],
  hmget: [
    -3,
    "",
    ({ db }, args) => {
      const hash = db.read(args[0], "hash");
      return bulks(args.slice(1).map((field) => hash?.get(field)));
    },
  ],
  hgetall: [
    2,
    "",
    ({ db }, args) => {
      const items: RedisReply[] = [];
      for (const [field, value] of db.read(args[0], "hash") ?? []) items.push(bulk(field), bulk(value));
      return map(items);
    },
  ],
  hdel: [-3, "w", removeFields],
  hexists: [3, "", ({ db }, args) => flag(db.read(args[0], "hash")?.has(args[1]) === true)],
  hlen: [2, "", ({ db }, args) => integer(db.read(args[0], "hash")?.size ?? 0)],
  hstrlen: [3, "", ({ db }, args) => integer(db.read(args[0], "hash")?.get(args[1])?.length ?? 0)],
  hkeys: [2, "", ({ db }, args) => bulks(db.read(args[0], "hash")?.keys() ?? [])],
  hvals: [2, "", ({ db }, args) => bulks(db.read(args[0], "hash")?.values() ?? [])],
  hincrby: [4, "w", increment],
  hincrbyfloat: [4, "w", incrementByFloat],
  hrandfield: [-2, "", randomFields],
};
