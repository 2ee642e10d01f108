/** Commands on streams themselves; consumer groups are in stream-groups.ts. */
import type { Bytes } from "../bytes.js";
import { argument, wrongArity, type Args, type CommandTable, type Context } from "../command.js";
import { readInteger } from "../numbers.js";
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
  type Stream,
  type StreamEntry,
  type StreamId,
} from "../types/stream.js";

import { applyTrim, nextNode, readTrim, type Trim } from "./stream-trim.js";

export function replyEntry(entry: StreamEntry): RedisReply {
  return array([bulk(formatId(entry.id)), bulks(entry.fields)]);
}

export function replyEntries(entries: readonly StreamEntry[]): RedisReply {
  return array(entries.map(replyEntry));
}

interface AddOptions {
  create: boolean;
  trim: Trim | undefined;
  /** Position of the id, or of the first word that is no option. */
  next: number;
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
  const stream = db.edit(args[0], "stream");
  if (stream === undefined) return integer(0);
  const ids = args.slice(1).map((text) => readId(text));
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

export const streamCommands: CommandTable = {
  xadd: [-5, "w", add],
  xtrim: [-4, "w", trimStream],
  xlen: [2, "", ({ db }, args) => integer(db.read(args[0], "stream")?.entries.length ?? 0)],
  xrange: [-4, "", range(false)],
  xrevrange: [-4, "", range(true)],
  xdel: [-3, "w", removeEntries],
};
