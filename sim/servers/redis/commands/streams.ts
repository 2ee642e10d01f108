/** Commands on streams themselves; consumer groups are in stream-groups.ts. */
import {
  argument,
  wrongArity,
  type Args,
  type CommandResult,
  type CommandTable,
  type Context,
} from "../command.js";
import { readInteger, readIntegerIn } from "../numbers.js";
import {
  EMPTY,
  NULL,
  NULL_ARRAY,
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
import {
  advance,
  compareIds,
  createStream,
  entryAt,
  findEntry,
  formatId,
  idMax,
  idMin,
  nextId,
  rangeOf,
  readBound,
  readId,
  sequenceMax,
  type ConsumerGroup,
  type Stream,
  type StreamEntry,
  type StreamId,
} from "../stream.js";
import { orWait } from "./blocking-pops.js";

// Trimming streams, exactly or by whole nodes, and filling the nodes.

interface Trim {
  readonly keep: (stream: Stream) => number;
  readonly approximate: boolean;
  /** The most entries that one approximate trim removes. */
  readonly limit: number;
}

/** Without LIMIT an approximate trim stops after a hundred nodes. */
const approximateLimit = 10_000;

/** Reads `MAXLEN|MINID [=|~] threshold [LIMIT count]`. */
function readTrim(words: readonly Bytes[], at: number): { trim: Trim; next: number } {
  const strategy = (words[at] ?? "").toUpperCase();
  let next = at + 1;
  const sign = words[next];
  const approximate = sign === "~";
  let limit = approximate ? approximateLimit : Infinity;
  if (sign === "~" || sign === "=") next += 1;
  const threshold = argument(words, next);
  next += 1;
  if ((words[next] ?? "").toUpperCase() === "LIMIT" && next + 1 < words.length) {
    if (!approximate) {
      throw new RedisError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    }
    const given = argument(words, next + 1);
    limit = readIntegerIn(given, 0, Infinity, "ERR The LIMIT argument must be >= 0.") || Infinity;
    next += 2;
  }
  if (strategy === "MINID") {
    const id = readId(threshold);
    const keep = (stream: Stream): number => stream.entries.length - findEntry(stream, id);
    return { trim: { approximate, limit, keep }, next };
  }
  const length = readInteger(threshold);
  if (length < 0) throw new RedisError("ERR The MAXLEN argument must be >= 0.");
  return { trim: { approximate, limit, keep: () => length }, next };
}

/** Redis packs entries into nodes of up to so many entries and about so many bytes. */
const nodeEntries = 100;
const nodeBytes = 4096;
const entryOverheadBytes = 12;

/** Makes room for one more entry. @returns The number of its node. */
function nextNode(stream: Stream, fields: readonly Bytes[]): number {
  const { tail } = stream;
  const bytes = fields.reduce((sum, field) => sum + field.length + 2, entryOverheadBytes);
  if (tail.entries >= nodeEntries || tail.bytes + bytes > nodeBytes) {
    stream.tail = { node: tail.node + 1, entries: 1, bytes };
  } else stream.tail = { node: tail.node, entries: tail.entries + 1, bytes: tail.bytes + bytes };
  return stream.tail.node;
}

/** @returns How many entries went. Approximate trimming removes whole nodes only. */
function applyTrim(stream: Stream, { keep, approximate, limit }: Trim): number {
  let excess = Math.min(limit, Math.max(0, stream.entries.length - keep(stream)));
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

// XREAD and XREADGROUP, waiting or not.

interface ReadRequest {
  count: number;
  /** Undefined does not wait, 0 for ever. */
  blockMs: number | undefined;
  noAck: boolean;
  group: Bytes | undefined;
  consumer: Bytes;
  keys: readonly Bytes[];
  ids: readonly Bytes[];
}

function readRequest(context: Context, words: readonly Bytes[], name: "xread" | "xreadgroup"): ReadRequest {
  const grouped = name === "xreadgroup";
  const request: ReadRequest = {
    count: Infinity,
    blockMs: undefined,
    noAck: false,
    group: undefined,
    consumer: "",
    keys: [],
    ids: [],
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    const more = index + 1 < words.length;
    if (word === "COUNT" && more) {
      index += 1;
      request.count = readInteger(argument(words, index)) || Infinity;
      if (request.count < 0) request.count = Infinity;
    } else if (word === "BLOCK" && more) {
      index += 1;
      request.blockMs = readInteger(argument(words, index), "ERR timeout is not an integer or out of range");
      if (request.blockMs < 0) throw new RedisError("ERR timeout is negative");
      if (context.inScript) {
        throw new RedisError(`ERR ${name} command is not allowed with BLOCK option from scripts`);
      }
    } else if (grouped && word === "GROUP" && index + 2 < words.length) {
      request.group = argument(words, index + 1);
      request.consumer = argument(words, index + 2);
      index += 2;
    } else if (grouped && word === "NOACK") request.noAck = true;
    else if (word === "STREAMS" && more) {
      const rest = words.slice(index + 1);
      if (rest.length % 2 !== 0) {
        throw new RedisError(
          "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
        );
      }
      request.keys = rest.slice(0, rest.length / 2);
      request.ids = rest.slice(rest.length / 2);
      if (grouped && request.group === undefined) {
        throw new RedisError("ERR Missing GROUP option for XREADGROUP");
      }
      return request;
    } else if (!grouped && (word === "GROUP" || word === "NOACK")) {
      throw new RedisError(
        `ERR The ${word} option is only supported by XREADGROUP. You called XREAD instead.`,
      );
    } else throw syntaxError();
  }
  throw syntaxError();
}

/** Where to read on: `$` is the end as of now, `>` what the group has not seen. */
function readStart(context: Context, key: Bytes, text: Bytes, grouped: boolean): StreamId | undefined {
  if (text === ">") {
    if (grouped) return undefined;
    throw new RedisError(
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
    );
  }
  if (text === "$") {
    if (!grouped) return context.db.read(key, "stream")?.lastId ?? idMin;
    throw new RedisError(
      "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
    );
  }
  return readId(text);
}

function after(stream: Stream, id: StreamId, count: number): ReturnType<typeof rangeOf> {
  return compareIds(id, idMax) === 0 ? [] : rangeOf(stream, nextId(id), idMax, count);
}

function requireGroup(context: Context, key: Bytes, name: Bytes): { stream: Stream; group: ConsumerGroup } {
  const stream = context.db.read(key, "stream");
  const group = stream?.groups.get(name);
  if (stream === undefined || group === undefined) {
    throw new RedisError(
      `NOGROUP No such key '${key}' or consumer group '${name}' in XREADGROUP with GROUP option`,
    );
  }
  return { stream, group };
}

/** Redis 7.0 makes a consumer, or notes that it was seen, only when it answers it something, be it an empty history. */
function noteConsumer(context: Context, key: Bytes, group: ConsumerGroup, name: Bytes): void {
  const consumer = group.consumers.get(name);
  if (consumer === undefined) {
    context.db.edit(key, "stream");
    group.consumers.set(name, { name, seenAt: context.now });
  } else consumer.seenAt = context.now;
}

// The command has looked before: what is missing now went while its client waited.
function deliver(context: Context, key: Bytes, request: ReadRequest): RedisReply | undefined {
  if (context.db.type(key) !== "stream") throw new RedisError("UNBLOCKED the stream key no longer exists");
  const stream = context.db.read(key, "stream");
  const group = stream?.groups.get(request.group ?? "");
  if (stream === undefined || group === undefined) {
    throw new RedisError("NOGROUP the consumer group this client was blocked on no longer exists");
  }
  const entries = after(stream, group.lastId, request.count);
  if (entries.length === 0) return undefined;
  context.db.edit(key, "stream");
  noteConsumer(context, key, group, request.consumer);
  for (const { id } of entries) advance(stream, group, id);
  if (!request.noAck) {
    for (const { id } of entries) {
      const { consumer } = request;
      group.pending.set(formatId(id), { id, consumer, deliveredAt: context.now, deliveries: 1 });
    }
  }
  return replyEntries(entries);
}

/** What the consumer has been given and has not acknowledged, from an id on; always an answer. */
function history(context: Context, key: Bytes, request: ReadRequest, from: StreamId): RedisReply {
  const { stream, group } = requireGroup(context, key, request.group ?? "");
  noteConsumer(context, key, group, request.consumer);
  const ofConsumer = [...group.pending.values()]
    .filter((entry) => entry.consumer === request.consumer && compareIds(entry.id, from) > 0)
    .sort((a, b) => compareIds(a.id, b.id))
    .slice(0, request.count);
  return array(
    ofConsumer.map((pending) => {
      const entry = entryAt(stream, pending.id);
      if (entry === undefined) return array([bulk(formatId(pending.id)), NULL_ARRAY]);
      pending.deliveries += 1;
      pending.deliveredAt = context.now;
      return replyEntry(entry);
    }),
  );
}

function readGrouped(context: Context, args: Args): CommandResult {
  const request = readRequest(context, args, "xreadgroup");
  const starts = request.ids.map((text, index) => {
    const key = request.keys[index] ?? "";
    requireGroup(context, key, request.group ?? "");
    return readStart(context, key, text, true);
  });
  const attempt = (keys: readonly Bytes[]): RedisReply | undefined => {
    const items: RedisReply[] = [];
    for (const [index, key] of request.keys.entries()) {
      if (!keys.includes(key)) continue;
      const from = starts[index];
      const entries =
        from === undefined ? deliver(context, key, request) : history(context, key, request, from);
      if (entries !== undefined) items.push(bulk(key), entries);
    }
    return items.length > 0 ? { kind: "map", items, nested: true } : undefined;
  };
  return answer(context, request, attempt);
}

function read(context: Context, args: Args): CommandResult {
  const request = readRequest(context, args, "xread");
  const starts = request.ids.map((text, index) => readStart(context, request.keys[index] ?? "", text, false));
  const attempt = (keys: readonly Bytes[]): RedisReply | undefined => {
    const items: RedisReply[] = [];
    for (const [index, key] of request.keys.entries()) {
      if (!keys.includes(key)) continue;
      const stream = context.db.read(key, "stream");
      const entries = stream === undefined ? [] : after(stream, starts[index] ?? idMin, request.count);
      if (entries.length > 0) items.push(bulk(key), replyEntries(entries));
    }
    return items.length > 0 ? { kind: "map", items, nested: true } : undefined;
  };
  return answer(context, request, attempt);
}

function answer(
  context: Context,
  { keys, blockMs }: ReadRequest,
  attempt: (keys: readonly Bytes[]) => RedisReply | undefined,
): CommandResult {
  if (blockMs === undefined) return attempt(keys) ?? NULL_ARRAY;
  return orWait(context, keys, blockMs, NULL_ARRAY, attempt);
}

export const streamReadCommands: CommandTable = {
  xread: [-4, "", read],
  xreadgroup: [-7, "w", readGrouped],
};
