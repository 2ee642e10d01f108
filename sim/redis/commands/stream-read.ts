/** XREAD and XREADGROUP, waiting or not. */
import type { Bytes } from "../bytes.js";
import { argument, type Args, type CommandResult, type CommandTable, type Context } from "../command.js";
import { readInteger } from "../numbers.js";
import { array, bulk, NULL_ARRAY, RedisError, syntaxError, type RedisReply } from "../reply.js";
import { advance } from "../types/stream-lag.js";
import {
  compareIds,
  entryAt,
  formatId,
  idMax,
  idMin,
  nextId,
  rangeOf,
  readId,
  type ConsumerGroup,
  type Stream,
  type StreamId,
} from "../types/stream.js";
import { orWait } from "./blocking-pops.js";
import { replyEntries, replyEntry } from "./streams.js";

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
  const own = [...group.pending.values()]
    .filter((entry) => entry.consumer === request.consumer && compareIds(entry.id, from) > 0)
    .sort((a, b) => compareIds(a.id, b.id))
    .slice(0, request.count);
  return array(
    own.map((pending) => {
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
  for (const key of request.keys) {
    const { group } = requireGroup(context, key, request.group ?? "");
    const consumer = group.consumers.get(request.consumer);
    if (consumer === undefined) {
      context.db.edit(key, "stream");
      group.consumers.set(request.consumer, { name: request.consumer, seenAt: context.now });
    } else consumer.seenAt = context.now;
  }
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
