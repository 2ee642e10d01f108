/** Commands on sets. */
import { argument, type Args, type CommandTable, type Context } from "../command.js";
import { readIntegerIn, readLong } from "../numbers.js";
import {
  NULL,
  RedisError,
  bulk,
  bulks,
  flag,
  integer,
  setOf,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import { readPickCount, removeIfEmpty, sample } from "./keys.js";

function add({ db }: Context, args: Args): RedisReply {
  let set = db.edit(args[0], "set");
  if (set === undefined) {
    set = new Set();
    db.put(args[0], "set", set);
  }
  const before = set.size;
  for (let index = 1; index < args.length; index += 1) set.add(args[index] ?? "");
  const added = set.size - before;
  if (added > 0) db.changed(args[0], "s", "sadd");
  return integer(added);
}

function remove({ db }: Context, args: Args): RedisReply {
  const set = db.edit(args[0], "set");
  if (set === undefined) return integer(0);
  const count = args.slice(1).filter((member) => set.delete(member)).length;
  if (count > 0) db.changed(args[0], "s", "srem");
  removeIfEmpty(db, args[0], set.size);
  return integer(count);
}

function move({ db }: Context, args: Args): RedisReply {
  const from = db.edit(args[0], "set");
  if (from === undefined) return flag(false);
  const to = db.edit(args[1], "set");
  if (!from.has(args[2])) return flag(false);
  if (args[0] === args[1]) return flag(true);
  from.delete(args[2]);
  db.changed(args[0], "s", "srem");
  removeIfEmpty(db, args[0], from.size);
  if (to === undefined) db.put(args[1], "set", new Set([args[2]]));
  else to.add(args[2]);
  db.changed(args[1], "s", "sadd");
  return flag(true);
}

function pop(context: Context, args: Args): RedisReply {
  const { db, core } = context;
  const single = args.length === 1;
  if (args.length > 2) throw syntaxError();
  const problem = "ERR value is out of range, must be positive";
  const count = single ? 1 : readIntegerIn(args[1], 0, Number.MAX_SAFE_INTEGER, problem);
  const set = db.edit(args[0], "set");
  if (set === undefined) return single ? NULL : setOf([]);
  const popped = sample([...set], count, core.random);
  for (const member of popped) set.delete(member);
  if (popped.length > 0) db.changed(args[0], "s", "spop");
  removeIfEmpty(db, args[0], set.size);
  return single ? bulk(popped[0]) : setOf(popped);
}

function randomMembers({ db, core }: Context, args: Args): RedisReply {
  if (args.length > 2) throw syntaxError();
  const members = [...(db.read(args[0], "set") ?? [])];
  if (args.length === 1) return bulk(members[Math.floor(core.random() * members.length)]);
  return bulks(sample(members, readPickCount(args[1], false), core.random));
}

const sortedMax = 512;

/** A small set of whole numbers is kept sorted by Redis; any other order is that of insertion here. */
function inOrder(set: ReadonlySet<Bytes>): Iterable<Bytes> {
  if (set.size > sortedMax) return set;
  const numbers: [bigint, Bytes][] = [];
  for (const member of set) {
    const number = readLong(member);
    if (number === undefined) return set;
    numbers.push([number, member]);
  }
  return numbers.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member);
}

type Combine = (sets: readonly ReadonlySet<Bytes>[]) => Set<Bytes>;

const union: Combine = (sets) => new Set(sets.flatMap((set) => [...set]));
const difference: Combine = ([first = new Set(), ...others]) =>
  new Set([...first].filter((member) => !others.some((set) => set.has(member))));
const intersection: Combine = (sets) => {
  const [smallest = new Set<Bytes>(), ...others] = sets.toSorted((a, b) => a.size - b.size);
  return new Set([...smallest].filter((member) => others.every((set) => set.has(member))));
};

const setsOf = ({ db }: Context, keys: readonly Bytes[]): ReadonlySet<Bytes>[] =>
  keys.map((key) => db.read(key, "set") ?? new Set());

function combined(combine: Combine): (context: Context, args: Args) => RedisReply {
  return (context, args) => setOf(inOrder(combine(setsOf(context, args))));
}

function stored(name: string, combine: Combine): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const result = combine(setsOf(context, args.slice(1)));
    if (result.size > 0) {
      context.db.put(args[0], "set", result);
      context.db.changed(args[0], "s", name);
    } else if (context.db.remove(args[0])) context.db.changed(args[0], "g", "del");
    return integer(result.size);
  };
}

function intersectionSize(context: Context, args: Args): RedisReply {
  const count = readIntegerIn(args[0], 1, Infinity, "ERR numkeys should be greater than 0");
  if (count > args.length - 1)
    throw new RedisError("ERR Number of keys can't be greater than number of args");
  let limit = 0;
  if (args.length > count + 1) {
    if (argument(args, count + 1).toUpperCase() !== "LIMIT" || args.length !== count + 3) throw syntaxError();
    limit = readIntegerIn(argument(args, count + 2), 0, Infinity, "ERR LIMIT can't be negative");
  }
  const { size } = intersection(setsOf(context, args.slice(1, count + 1)));
  return integer(limit > 0 ? Math.min(limit, size) : size);
}

export const setCommands: CommandTable = {
  sadd: [-3, "w", add],
  srem: [-3, "w", remove],
  smove: [4, "w", move],
  spop: [-2, "w", pop],
  srandmember: [-2, "", randomMembers],
  scard: [2, "", ({ db }, args) => integer(db.read(args[0], "set")?.size ?? 0)],
  sismember: [3, "", ({ db }, args) => flag(db.read(args[0], "set")?.has(args[1]) === true)],
  smismember: [
    -3,
    "",
    ({ db }, args) => {
      const set = db.read(args[0], "set");
      const items = args.slice(1).map((member) => flag(set?.has(member) === true));
      return { kind: "array", items };
    },
  ],
  smembers: [2, "", ({ db }, args) => setOf(inOrder(db.read(args[0], "set") ?? new Set()))],
  sunion: [-2, "", combined(union)],
  sinter: [-2, "", combined(intersection)],
  sdiff: [-2, "", combined(difference)],
  sunionstore: [-3, "w", stored("sunionstore", union)],
  sinterstore: [-3, "w", stored("sinterstore", intersection)],
  sdiffstore: [-3, "w", stored("sdiffstore", difference)],
  sintercard: [-3, "", intersectionSize],
};
