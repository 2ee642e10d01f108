/** From words to a reply: finds the command, checks arity and state, queues after MULTI, turns errors into replies. */
import { SimError } from "../../errors.js";
import {
  argument,
  aritySatisfied,
  pairs,
  subcommands,
  unsupported,
  unsupportedCommands,
  wrongArity,
  type Args,
  type CommandResult,
  type CommandSpec,
  type CommandTable,
  type Context,
  type Core,
} from "./command.js";
import { blockingPopCommands } from "./commands/blocking-pops.js";
import { connectionCommands } from "./commands/connection.js";
import { keyCommands, readPickCount, removeIfEmpty, sample } from "./commands/keys.js";
import { listCommands } from "./commands/lists.js";
import { scriptCommands } from "./commands/scripting.js";
import { serverCommands } from "./commands/server.js";
import { setCommands } from "./commands/sets.js";
import {
  sortedSetCombineCommands,
  sortedSetEditCommands,
  sortedSetRangeCommands,
} from "./commands/sorted-sets.js";
import { streamGroupCommands } from "./commands/stream-groups.js";
import { replyEntry, requireStream, streamCommands, streamReadCommands } from "./commands/streams.js";
import { stringCommands } from "./commands/strings.js";
import { transactionCommands } from "./commands/transactions.js";
import {
  addFloats,
  fitsLong,
  formatScore,
  readDouble,
  readInteger,
  readIntegerIn,
  readLong,
  shrink,
} from "./numbers.js";
import { matchesGlob, type SubscriptionKind } from "./pubsub.js";
import {
  EMPTY,
  NULL,
  OK,
  QUEUED,
  RedisError,
  array,
  bulk,
  bulks,
  error,
  fields,
  flag,
  integer,
  map,
  notAFloat,
  notAnInteger,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "./reply.js";
import { formatId, idMin, lagOf, type ConsumerGroup, type Stream } from "./stream.js";

// SUBSCRIBE and its family. One command may confirm several channels: all but the last confirmation are pushed.

function answerAll({ session }: Context, replies: readonly RedisReply[]): RedisReply {
  for (const reply of replies.slice(0, -1)) session.push(reply);
  return replies.at(-1) ?? NULL;
}

function subscribe(kind: SubscriptionKind): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const { core, session } = context;
    if (!context.mayBlock) {
      const name = kind === "channel" ? "SUBSCRIBE" : "PSUBSCRIBE";
      throw new RedisError(`ERR ${name} isn't allowed for a DENY BLOCKING client`);
    }
    return answerAll(
      context,
      args.map((name) => core.pubsub.subscribe(session, kind, name)),
    );
  };
}

function unsubscribe(kind: SubscriptionKind): (context: Context, args: Args) => RedisReply {
  return (context, args) => answerAll(context, context.core.pubsub.unsubscribe(context.session, kind, args));
}

const inspect = subcommands("pubsub", {
  channels: [
    -2,
    "",
    ({ core }, args) => {
      const names = core.pubsub.names("channel");
      return bulks(args.length === 0 ? names : names.filter((name) => matchesGlob(args[0], name)));
    },
  ],
  numsub: [
    -2,
    "",
    ({ core }, args) =>
      array(args.flatMap((name) => [bulk(name), integer(core.pubsub.subscribers("channel", name))])),
  ],
  numpat: [2, "", ({ core }) => integer(core.pubsub.names("pattern").length)],
});

const pubsubCommands: CommandTable = {
  subscribe: [-2, "ps", subscribe("channel")],
  psubscribe: [-2, "ps", subscribe("pattern")],
  unsubscribe: [-1, "ps", unsubscribe("channel")],
  punsubscribe: [-1, "ps", unsubscribe("pattern")],
  publish: [3, "", ({ core }, args) => integer(core.pubsub.publish(args[0], args[1]))],
  pubsub: [-2, "", inspect],
};

// Commands on the bits of strings.

const offsetMax = 2 ** 32 - 1;

const readOffset = (text: Bytes): number =>
  readIntegerIn(text, 0, offsetMax, "ERR bit offset is not an integer or out of range");

function bitAt(value: Bytes, offset: number): number {
  const byte = offset >>> 3 < value.length ? value.charCodeAt(offset >>> 3) : 0;
  return (byte >> (7 - (offset & 7))) & 1;
}

function setBit({ db }: Context, args: Args): RedisReply {
  const offset = readOffset(args[1]);
  const bit = readIntegerIn(args[2], 0, 1, "ERR bit is not an integer or out of range");
  const place = offset >>> 3;
  const value = (db.string(args[0]) ?? "").padEnd(place + 1, "\0");
  const old = bitAt(value, offset);
  const mask = 1 << (7 - (offset & 7));
  const byte = bit === 1 ? value.charCodeAt(place) | mask : value.charCodeAt(place) & ~mask;
  const changed = value.slice(0, place) + String.fromCharCode(byte) + value.slice(place + 1);
  db.setString(args[0], changed, "keep");
  db.changed(args[0], "$", "setbit");
  return integer(old);
}

function countBits(value: Bytes, from: number, to: number): number {
  let count = 0;
  for (let offset = from; offset < to; offset += 1) count += bitAt(value, offset);
  return count;
}

function count({ db }: Context, args: Args): RedisReply {
  if (args.length === 2 || args.length > 4) throw syntaxError();
  const value = db.string(args[0]) ?? "";
  if (args.length === 1) return integer(countBits(value, 0, value.length * 8));
  const [first, last] = [readInteger(args[1]), readInteger(args[2])];
  const word = args.length === 4 ? args[3].toUpperCase() : "BYTE";
  if (word !== "BYTE" && word !== "BIT") throw syntaxError();
  if (first < 0 && last < 0 && first > last) return integer(0);
  const unit = word === "BYTE" ? 8 : 1;
  const size = (value.length * 8) / unit;
  const clamp = (place: number): number => Math.max(0, place < 0 ? size + place : place);
  return integer(countBits(value, clamp(first) * unit, Math.min(clamp(last) + 1, size) * unit));
}

const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b,
};

function combine({ db }: Context, args: Args): RedisReply {
  const name = args[0].toUpperCase();
  const operation = operations[name];
  if (operation === undefined && name !== "NOT") throw syntaxError();
  const keys = args.slice(2);
  if (name === "NOT" && keys.length !== 1) {
    throw new RedisError("ERR BITOP NOT must be called with a single source key.");
  }
  const values = keys.map((key) => db.string(key) ?? "");
  const size = Math.max(...values.map((value) => value.length));
  let result = "";
  for (let place = 0; place < size; place += 1) {
    const bytes = values.map((value) => (place < value.length ? value.charCodeAt(place) : 0));
    result += String.fromCharCode(
      operation === undefined ? ~(bytes[0] ?? 0) & 0xff : bytes.reduce(operation),
    );
  }
  if (size > 0) {
    db.setString(args[1], result, null);
    db.changed(args[1], "$", "set");
  } else if (db.remove(args[1])) db.changed(args[1], "g", "del");
  return integer(size);
}

const bitCommands: CommandTable = {
  setbit: [4, "w", setBit],
  getbit: [3, "", ({ db }, args) => integer(bitAt(db.string(args[0]) ?? "", readOffset(args[1])))],
  bitcount: [-2, "", count],
  bitop: [-4, "w", combine],
};

// XINFO: what a stream, its groups and their consumers look like.

const nodeEntries = 100;

function lagReply(stream: Stream, group: ConsumerGroup): RedisReply {
  const lag = lagOf(stream, group);
  return lag === null ? NULL : integer(lag);
}

function describeStream(stream: Stream): RedisReply {
  const first = stream.entries[0];
  const last = stream.entries.at(-1);
  const nodes = Math.ceil(stream.entries.length / nodeEntries);
  return fields({
    length: stream.entries.length,
    "radix-tree-keys": nodes,
    "radix-tree-nodes": nodes + 1,
    "last-generated-id": formatId(stream.lastId),
    "max-deleted-entry-id": formatId(stream.maxDeletedId),
    "entries-added": stream.entriesAdded,
    "recorded-first-entry-id": formatId(first?.id ?? idMin),
    groups: stream.groups.size,
    "first-entry": first === undefined ? NULL : replyEntry(first),
    "last-entry": last === undefined ? NULL : replyEntry(last),
  });
}

function describeGroups(stream: Stream): RedisReply {
  const rows = [...stream.groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return array(
    rows.map(([name, group]) =>
      fields({
        name,
        consumers: group.consumers.size,
        pending: group.pending.size,
        "last-delivered-id": formatId(group.lastId),
        "entries-read": group.entriesRead === null ? NULL : integer(group.entriesRead),
        lag: lagReply(stream, group),
      }),
    ),
  );
}

function describeConsumers(group: ConsumerGroup, now: number): RedisReply {
  const rows = [...group.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return array(
    rows.map(({ name, seenAt }) => {
      const pending = [...group.pending.values()].filter(({ consumer }) => consumer === name).length;
      return fields({ name, pending, idle: now - seenAt });
    }),
  );
}

const info = subcommands("xinfo", {
  stream: [
    -3,
    "",
    (context, args) => {
      if (args.length > 1) {
        throw new RedisError(
          "ERR SIM_UNSUPPORTED XINFO STREAM FULL: the simulated Redis has the short form only",
        );
      }
      return describeStream(requireStream(context, args[0]));
    },
  ],
  groups: [3, "", (context, args) => describeGroups(requireStream(context, args[0]))],
  consumers: [
    4,
    "",
    (context, args) => {
      const group = requireStream(context, args[0]).groups.get(args[1]);
      if (group === undefined) {
        throw new RedisError(`NOGROUP No such consumer group '${args[1]}' for key name '${args[0]}'`);
      }
      return describeConsumers(group, context.now);
    },
  ],
});

const streamInfoCommands: CommandTable = { xinfo: [-2, "", info] };

// SCAN, HSCAN, SSCAN, ZSCAN. The cursor is a position in creation order, so that a scan of unchanging data
// returns each element once. Small hashes, sets and sorted sets come at once, as from the real server.

interface ScanOptions {
  match: Bytes;
  count: number;
  type: string | undefined;
}

function readCursor(text: Bytes): number {
  if (!/^\d{1,19}$/.test(text)) throw new RedisError("ERR invalid cursor");
  return Number(text);
}

function readOptions(words: readonly Bytes[], typed: boolean): ScanOptions {
  const options: ScanOptions = { match: "*", count: 10, type: undefined };
  for (let index = 0; index < words.length; index += 2) {
    const word = (words[index] ?? "").toUpperCase();
    const value = argument(words, index + 1);
    if (word === "MATCH") options.match = value;
    else if (word === "COUNT") {
      options.count = readIntegerIn(
        value,
        -Infinity,
        Infinity,
        "ERR value is not an integer or out of range",
      );
      if (options.count < 1) throw syntaxError();
    } else if (typed && word === "TYPE") options.type = value.toLowerCase();
    else throw syntaxError();
  }
  return options;
}

function page<T>(items: readonly T[], cursor: number, count: number): { next: Bytes; items: readonly T[] } {
  const end = cursor + count;
  return { next: end >= items.length ? "0" : String(end), items: items.slice(cursor, end) };
}

function scanKeys({ db }: Context, args: Args): RedisReply {
  const cursor = readCursor(args[0]);
  const { match, count, type } = readOptions(args.slice(1), true);
  const { next, items } = page(db.keys(), cursor, count);
  const keys = items.filter(
    (key) => matchesGlob(match, key) && (type === undefined || db.type(key) === type),
  );
  return array([bulk(next), bulks(keys)]);
}

type Elements = (context: Context, key: Bytes) => { rows: Bytes[][]; small: boolean };

const smallSize = 128;

function scanWith(elements: Elements): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const cursor = readCursor(args[1]);
    const { match, count } = readOptions(args.slice(2), false);
    const { rows, small } = elements(context, args[0]);
    const { next, items } = page(rows, cursor, small ? Infinity : count);
    return array([bulk(next), bulks(items.filter(([name = ""]) => matchesGlob(match, name)).flat())]);
  };
}

const hashRows: Elements = ({ db }, key) => {
  const rows = [...(db.read(key, "hash") ?? [])];
  return { rows, small: rows.length <= smallSize };
};

const setRows: Elements = ({ db }, key) => {
  const rows = [...(db.read(key, "set") ?? [])].map((member) => [member]);
  return { rows, small: rows.length <= smallSize };
};

const sortedSetRows: Elements = ({ db }, key) => {
  const members = db.read(key, "zset")?.all() ?? [];
  const rows = members.map(({ member, score }) => [member, formatScore(score)]);
  return { rows, small: rows.length <= smallSize };
};

const scanCommands: CommandTable = {
  scan: [-2, "", scanKeys],
  hscan: [-3, "", scanWith(hashRows)],
  sscan: [-3, "", scanWith(setRows)],
  zscan: [-3, "", scanWith(sortedSetRows)],
};

// Commands on hashes.

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

const hashCommands: CommandTable = {
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

const commands: ReadonlyMap<string, CommandSpec> = new Map(
  Object.entries({
    ...stringCommands,
    ...bitCommands,
    ...keyCommands,
    ...hashCommands,
    ...listCommands,
    ...blockingPopCommands,
    ...setCommands,
    ...sortedSetEditCommands,
    ...sortedSetRangeCommands,
    ...sortedSetCombineCommands,
    ...streamCommands,
    ...streamInfoCommands,
    ...streamReadCommands,
    ...streamGroupCommands,
    ...scanCommands,
    ...pubsubCommands,
    ...connectionCommands,
    ...transactionCommands(runQueued),
    ...scriptCommands(runFromScript),
    ...serverCommands(() => commands.size),
  }),
);

/** @returns The names of all commands, lower case. */
export function commandNames(): string[] {
  return [...commands.keys()];
}

function unknownCommand(words: readonly Bytes[]): RedisError {
  const [name = "", ...args] = words;
  if (unsupportedCommands.has(name.toLowerCase())) return unsupported(name);
  const shown = args.map((word) => `'${word.slice(0, 128)}' `);
  let text = "";
  // Redis stops after 128 characters of arguments.
  for (const word of shown) if (text.length < 128) text += word;
  return new RedisError(
    `ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${text}`.replaceAll(
      /[\r\n]/g,
      " ",
    ),
  );
}

/** @throws RedisError when there is no such command or too few or many words. */
function findCommand(words: readonly Bytes[]): CommandSpec {
  const given = words[0] ?? "";
  const spec = commands.get(given) ?? commands.get(given.toLowerCase());
  if (spec === undefined) throw unknownCommand(words);
  if (!aritySatisfied(spec[0], words.length)) throw wrongArity(given.toLowerCase());
  return spec;
}

/** Runs one found command and counts it. @throws RedisError */
function runCommand(context: Context, spec: CommandSpec, words: readonly Bytes[]): CommandResult {
  const name = words[0]?.toLowerCase() ?? "";
  const { calls, counters } = context.core;
  counters.begin(spec[1].includes("w"));
  calls.set(name, (calls.get(name) ?? 0) + 1);
  return spec[2](context, words.slice(1) as unknown as Args);
}

// What is no error of Redis is a bug of the simulator: it is reported as one, and the connection stays open.
function toErrorReply({ counters }: Core, problem: unknown): RedisReply {
  counters.errors += 1;
  if (problem instanceof RedisError) return error(problem.message);
  if (problem instanceof SimError) throw problem;
  const { name, message } = problem instanceof Error ? problem : { name: "Error", message: String(problem) };
  return error(
    `ERR SIM_INTERNAL ${name}: ${message}; this is a bug of the simulated Redis, please report it`,
  );
}

function runInside(context: Context, words: readonly Bytes[], inScript: boolean): RedisReply {
  const { core, session, now } = context;
  const inside: Context = {
    core,
    session,
    now,
    db: core.database(session.database),
    mayBlock: false,
    inScript,
  };
  try {
    const reply = runCommand(inside, findCommand(words), words);
    if (reply instanceof Promise) throw new Error(`${words[0] ?? ""} waits inside a transaction`);
    return reply;
  } catch (problem) {
    return toErrorReply(core, problem);
  }
}

function runQueued(context: Context, words: readonly Bytes[]): RedisReply {
  return runInside(context, words, false);
}

function runFromScript(context: Context, words: readonly Bytes[], readonly: boolean): RedisReply {
  const name = words[0]?.toLowerCase() ?? "";
  const spec = commands.get(name);
  if (spec === undefined && !unsupportedCommands.has(name)) {
    return error("ERR Unknown Redis command called from script");
  }
  if (spec !== undefined && !aritySatisfied(spec[0], words.length)) {
    return error("ERR Wrong number of args calling Redis command from script");
  }
  if (spec?.[1].includes("s") === true) return error("ERR This Redis command is not allowed from script");
  if (readonly && spec?.[1].includes("w") === true) {
    return error("ERR Write commands are not allowed from read-only scripts.");
  }
  return runInside(context, words, true);
}

const subscribedProblem = (name: string): RedisError =>
  new RedisError(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );

function dispatchOrThrow(context: Context, words: readonly Bytes[]): CommandResult {
  const { session, core } = context;
  let spec: CommandSpec;
  try {
    spec = findCommand(words);
  } catch (problem) {
    session.queueBroken = true;
    throw problem;
  }
  const flags = spec[1];
  const name = words[0] ?? "";
  session.lastCommand = name;
  if (session.protocol === 2 && core.pubsub.count(session) > 0 && !flags.includes("p"))
    throw subscribedProblem(name.toLowerCase());
  if (session.queue !== null && !flags.includes("m")) {
    session.queue.push(words);
    return QUEUED;
  }
  return runCommand(context, spec, words);
}

/** Answers one command of a session; a promise when it waits. */
export function dispatch(context: Context, words: readonly Bytes[]): CommandResult {
  let reply: CommandResult;
  try {
    reply = dispatchOrThrow(context, words);
  } catch (problem) {
    reply = toErrorReply(context.core, problem);
  }
  context.core.blocking.serve();
  return reply;
}
