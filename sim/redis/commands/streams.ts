/** Commands on streams themselves; consumer groups are in stream-groups.ts. */
import type { Bytes } from "../bytes.js";
import { argument, subcommands, wrongArity, type Args, type CommandTable, type Context } from "../command.js";
import { readIntegerIn, readInteger } from "../numbers.js";
import {
  array,
  bulk,
  bulks,
  EMPTY,
  integer,
  noSuchKey,
  NULL,
  RedisError,
  syntaxError,
  type RedisReply,
} from "../reply.js";
import { lagOf } from "../types/stream-lag.js";
import {
  compareIds,
  createStream,
  findEntry,
  formatId,
  idMax,
  idMin,
  rangeOf,
  readBound,
  readId,
  sequenceMax,
  type ConsumerGroup,
  type Stream,
  type StreamEntry,
  type StreamId,
} from "../types/stream.js";

export function replyEntry(entry: StreamEntry): RedisReply {
  return array([bulk(formatId(entry.id)), bulks(entry.fields)]);
}

export function replyEntries(entries: readonly StreamEntry[]): RedisReply {
  return array(entries.map(replyEntry));
}

interface Trim {
  readonly keep: (stream: Stream) => number;
  readonly approximate: boolean;
}

interface AddOptions {
  create: boolean;
  trim: Trim | undefined;
  /** Position of the id, or of the first word that is no option. */
  next: number;
}

/** How many of the oldest entries go. Approximate trimming removes whole nodes of 100 entries only. */
function readTrim(words: readonly Bytes[], at: number): { trim: Trim; next: number } {
  const strategy = (words[at] ?? "").toUpperCase();
  let next = at + 1;
  const sign = words[next];
  const approximate = sign === "~";
  if (sign === "~" || sign === "=") next += 1;
  const threshold = argument(words, next);
  next += 1;
  if ((words[next] ?? "").toUpperCase() === "LIMIT" && next + 1 < words.length) {
    if (!approximate) {
      throw new RedisError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    }
    readIntegerIn(argument(words, next + 1), 0, Infinity, "ERR The LIMIT argument must be >= 0.");
    next += 2;
  }
  if (strategy === "MINID") {
    const id = readId(threshold);
    return { trim: { approximate, keep: (stream) => stream.entries.length - findEntry(stream, id) }, next };
  }
  const length = readInteger(threshold);
  if (length < 0) throw new RedisError("ERR The MAXLEN argument must be >= 0.");
  return { trim: { approximate, keep: () => length }, next };
}

/** Redis packs entries into nodes of up to so many entries and about so many bytes. */
const nodeEntries = 100;
const nodeBytes = 4096;
const entryOverheadBytes = 12;

function nextNode(stream: Stream, fields: readonly Bytes[]): number {
  const { tail } = stream;
  const bytes = fields.reduce((sum, field) => sum + field.length + 2, entryOverheadBytes);
  if (tail.entries >= nodeEntries || tail.bytes + bytes > nodeBytes) {
    stream.tail = { node: tail.node + 1, entries: 1, bytes };
  } else stream.tail = { node: tail.node, entries: tail.entries + 1, bytes: tail.bytes + bytes };
  return stream.tail.node;
}

function applyTrim(stream: Stream, { keep, approximate }: Trim): number {
  let excess = Math.max(0, stream.entries.length - keep(stream));
  if (approximate) {
    // Only whole nodes go: back to where the node of the first entry that stays begins.
    const node = stream.entries[excess]?.node;
    while (excess > 0 && stream.entries[excess - 1]?.node === node) excess -= 1;
  }
  const gone = stream.entries.splice(0, excess);
  const last = gone.at(-1);
  if (last !== undefined && compareIds(last.id, stream.maxDeletedId) > 0) stream.maxDeletedId = last.id;
  return gone.length;
}

function readAddOptions(args: Args): AddOptions {
  const options: AddOptions = { create: true, trim: undefined, next: 1 };
  for (;;) {
    const word = (args[options.next] ?? "").toUpperCase();
    if (word === "NOMKSTREAM") {
      options.create = false;
      options.next += 1;
    } else if (word === "MAXLEN" || word === "MINID") {
      if (options.trim !== undefined) {
        throw new RedisError(
          "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
        );
      }
      Object.assign(options, readTrim(args, options.next));
    } else return options;
  }
}

const tooSmall = (): RedisError =>
  new RedisError("ERR The ID specified in XADD is equal or smaller than the target stream top item");

function chooseId(text: Bytes, stream: Stream, now: number): StreamId {
  const { lastId } = stream;
  if (compareIds(lastId, idMax) === 0) {
    throw new RedisError("ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  let id: StreamId;
  const sequenceAfter = (ms: bigint): bigint => (ms === lastId.ms ? lastId.seq + 1n : 0n);
  if (text === "*") {
    const ms = BigInt(now) > lastId.ms ? BigInt(now) : lastId.ms;
    id = { ms, seq: sequenceAfter(ms) };
  } else if (text.endsWith("-*")) {
    const { ms } = readId(text.slice(0, -2));
    id = { ms, seq: sequenceAfter(ms) };
  } else id = readId(text);
  if (compareIds(id, idMin) === 0)
    throw new RedisError("ERR The ID specified in XADD must be greater than 0-0");
  if (compareIds(id, lastId) <= 0 || id.seq > sequenceMax) throw tooSmall();
  return id;
}

function add(context: Context, args: Args): RedisReply {
  const { db } = context;
  const { create, trim, next } = readAddOptions(args);
  const idText = argument(args, next);
  const fields = args.slice(next + 1);
  if (idText !== "*" && !idText.endsWith("-*")) {
    const id = readId(idText);
    if (compareIds(id, idMin) === 0 && fields.length > 0 && fields.length % 2 === 0) {
      throw new RedisError("ERR The ID specified in XADD must be greater than 0-0");
    }
  }
  if (fields.length === 0 || fields.length % 2 !== 0) throw wrongArity("xadd");
  const known = db.edit(args[0], "stream");
  if (known === undefined && !create) return NULL;
  const stream = known ?? createStream();
  const id = chooseId(idText, stream, context.now);
  if (known === undefined) db.put(args[0], "stream", stream);
  stream.entries.push({ id, fields, node: nextNode(stream, fields) });
  stream.lastId = id;
  stream.entriesAdded += 1;
  db.changed(args[0], "t", "xadd");
  if (trim !== undefined && applyTrim(stream, trim) > 0) db.changed(args[0], "t", "xtrim");
  db.ready(args[0]);
  return bulk(formatId(id));
}

function trimStream({ db }: Context, args: Args): RedisReply {
  const word = args[1].toUpperCase();
  if (word !== "MAXLEN" && word !== "MINID") throw syntaxError();
  const { trim, next } = readTrim(args, 1);
  if (next < args.length) throw syntaxError();
  const stream = db.edit(args[0], "stream");
  if (stream === undefined) return integer(0);
  const removed = applyTrim(stream, trim);
  if (removed > 0) db.changed(args[0], "t", "xtrim");
  return integer(removed);
}

function range(reverse: boolean): (context: Context, args: Args) => RedisReply {
  return ({ db }, args) => {
    const start = readBound(reverse ? args[2] : args[1], "start");
    const end = readBound(reverse ? args[1] : args[2], "end");
    let count = Infinity;
    if (args.length > 3) {
      if (args[3].toUpperCase() !== "COUNT" || args.length !== 5) throw syntaxError();
      count = Math.max(0, readInteger(argument(args, 4)));
    }
    const stream = db.read(args[0], "stream");
    if (stream === undefined) return EMPTY;
    if (count === 0) return { kind: "array", items: null };
    if (!reverse) return replyEntries(rangeOf(stream, start, end, count));
    return replyEntries(rangeOf(stream, start, end).reverse().slice(0, count));
  };
}

function removeEntries({ db }: Context, args: Args): RedisReply {
  const ids = args.slice(1).map((text) => readId(text));
  const stream = db.edit(args[0], "stream");
  if (stream === undefined) return integer(0);
  let count = 0;
  for (const id of ids) {
    const position = findEntry(stream, id);
    const entry = stream.entries[position];
    if (entry === undefined || compareIds(entry.id, id) !== 0) continue;
    stream.entries.splice(position, 1);
    if (compareIds(id, stream.maxDeletedId) > 0) stream.maxDeletedId = id;
    count += 1;
  }
  if (count > 0) db.changed(args[0], "t", "xdel");
  return integer(count);
}

/** @throws RedisError when there is no such key. */
export function requireStream({ db }: Context, key: Bytes): Stream {
  const stream = db.read(key, "stream");
  if (stream === undefined) throw noSuchKey();
  return stream;
}

function lagReply(stream: Stream, group: ConsumerGroup): RedisReply {
  const lag = lagOf(stream, group);
  return lag === null ? NULL : integer(lag);
}

const info = subcommands("xinfo", {
  stream: [
    3,
    "",
    (context, args) => {
      const stream = requireStream(context, args[0]);
      const first = stream.entries[0];
      const last = stream.entries.at(-1);
      const nodes = Math.ceil(stream.entries.length / nodeEntries);
      return array([
        ...[bulk("length"), integer(stream.entries.length), bulk("radix-tree-keys"), integer(nodes)],
        ...[bulk("radix-tree-nodes"), integer(nodes + 1)],
        ...[bulk("last-generated-id"), bulk(formatId(stream.lastId))],
        ...[bulk("max-deleted-entry-id"), bulk(formatId(stream.maxDeletedId))],
        ...[bulk("entries-added"), integer(stream.entriesAdded)],
        ...[bulk("recorded-first-entry-id"), bulk(formatId(first?.id ?? idMin))],
        ...[bulk("groups"), integer(stream.groups.size)],
        ...[bulk("first-entry"), first === undefined ? NULL : replyEntry(first)],
        ...[bulk("last-entry"), last === undefined ? NULL : replyEntry(last)],
      ]);
    },
  ],
  groups: [
    3,
    "",
    (context, args) => {
      const stream = requireStream(context, args[0]);
      const rows = [...stream.groups].sort(([a], [b]) => (a < b ? -1 : 1));
      return array(
        rows.map(([name, group]) =>
          array([
            ...[bulk("name"), bulk(name), bulk("consumers"), integer(group.consumers.size)],
            ...[bulk("pending"), integer(group.pending.size)],
            ...[bulk("last-delivered-id"), bulk(formatId(group.lastId))],
            ...[bulk("entries-read"), group.entriesRead === null ? NULL : integer(group.entriesRead)],
            ...[bulk("lag"), lagReply(stream, group)],
          ]),
        ),
      );
    },
  ],
  consumers: [
    4,
    "",
    (context, args) => {
      const group = requireStream(context, args[0]).groups.get(args[1]);
      if (group === undefined) {
        throw new RedisError(`NOGROUP No such consumer group '${args[1]}' for key name '${args[0]}'`);
      }
      const rows = [...group.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      return array(
        rows.map(({ name, seenAt }) => {
          const pending = [...group.pending.values()].filter(({ consumer }) => consumer === name).length;
          return array([
            ...[bulk("name"), bulk(name), bulk("pending"), integer(pending)],
            ...[bulk("idle"), integer(context.now - seenAt)],
          ]);
        }),
      );
    },
  ],
});

export const streamCommands: CommandTable = {
  xadd: [-5, "w", add],
  xtrim: [-4, "w", trimStream],
  xlen: [2, "", ({ db }, args) => integer(db.read(args[0], "stream")?.entries.length ?? 0)],
  xrange: [-4, "", range(false)],
  xrevrange: [-4, "", range(true)],
  xdel: [-3, "w", removeEntries],
  xinfo: [-2, "", info],
};
