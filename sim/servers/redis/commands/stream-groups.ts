/** Consumer groups: XGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM. Reading as a consumer is in stream-read.ts. */
import { argument, subcommands, type Args, type CommandTable, type Context } from "../command.js";
import { readInteger, readIntegerIn } from "../numbers.js";
import {
  EMPTY,
  NULL,
  NULL_ARRAY,
  OK,
  RedisError,
  array,
  bulk,
  bulks,
  flag,
  integer,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import {
  compareIds,
  createStream,
  entryAt,
  formatId,
  idMin,
  readBound,
  readId,
  type ConsumerGroup,
  type PendingEntry,
  type Stream,
  type StreamEntry,
  type StreamId,
} from "../stream.js";
import { replyEntries } from "./streams.js";

// XCLAIM and XAUTOCLAIM: taking over what another consumer left unacknowledged.

interface Target {
  readonly stream: Stream;
  readonly group: ConsumerGroup;
}

function requireGroup({ db }: Context, key: Bytes, name: Bytes): Target {
  const stream = db.edit(key, "stream");
  const group = stream?.groups.get(name);
  if (stream === undefined || group === undefined) {
    throw new RedisError(`NOGROUP No such key '${key}' or consumer group '${name}'`);
  }
  return { stream, group };
}

function takeOver(group: ConsumerGroup, entry: PendingEntry, consumer: Bytes, now: number): void {
  if (!group.consumers.has(consumer)) group.consumers.set(consumer, { name: consumer, seenAt: now });
  entry.consumer = consumer;
  entry.deliveredAt = now;
}

const replyClaimed = (entries: readonly StreamEntry[], idsOnly: boolean): RedisReply =>
  idsOnly ? bulks(entries.map(({ id }) => formatId(id))) : replyEntries(entries);

interface ClaimOptions {
  deliveredAt: number;
  deliveries: number | undefined;
  force: boolean;
  justId: boolean;
  lastId: StreamId | undefined;
}

function readClaimOptions(words: readonly Bytes[], now: number): ClaimOptions {
  const options: ClaimOptions = {
    deliveredAt: now,
    deliveries: undefined,
    force: false,
    justId: false,
    lastId: undefined,
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    if (word === "FORCE") options.force = true;
    else if (word === "JUSTID") options.justId = true;
    else {
      index += 1;
      const value = words[index];
      const known = ["IDLE", "TIME", "RETRYCOUNT", "LASTID"].includes(word);
      if (!known || value === undefined) {
        throw new RedisError(
          `ERR Unrecognized XCLAIM option '${words[known ? index - 1 : index - 1] ?? ""}'`,
        );
      }
      if (word === "LASTID") options.lastId = readId(value);
      else if (word === "RETRYCOUNT") {
        options.deliveries = readInteger(value, "ERR Invalid RETRYCOUNT option argument for XCLAIM");
      } else {
        const ms = readInteger(value, `ERR Invalid ${word} option argument for XCLAIM`);
        options.deliveredAt = Math.min(now, word === "IDLE" ? now - ms : ms);
      }
    }
  }
  return options;
}

/** Ids come first; the first word that is none begins the options. */
function readIds(given: readonly Bytes[]): { ids: StreamId[]; words: readonly Bytes[] } {
  const ids: StreamId[] = [];
  for (const [index, word] of given.entries()) {
    try {
      ids.push(readId(word));
    } catch {
      return { ids, words: given.slice(index) };
    }
  }
  return { ids, words: [] };
}

function claim(context: Context, args: Args): RedisReply {
  const minIdle = Math.max(0, readInteger(args[3], "ERR Invalid min-idle-time argument for XCLAIM"));
  const { stream, group } = requireGroup(context, args[0], args[1]);
  const rest = args.slice(4);
  const { ids, words } = readIds(rest);
  const options = readClaimOptions(words, context.now);
  if (options.lastId !== undefined && compareIds(options.lastId, group.lastId) > 0) {
    group.lastId = options.lastId;
  }
  const claimed: StreamEntry[] = [];
  for (const id of ids) {
    const entry = entryAt(stream, id);
    const name = formatId(id);
    if (entry === undefined) {
      group.pending.delete(name);
      continue;
    }
    let pending = group.pending.get(name);
    if (pending === undefined) {
      if (!options.force) continue;
      pending = { id, consumer: args[2], deliveredAt: options.deliveredAt, deliveries: 0 };
      group.pending.set(name, pending);
    } else if (minIdle > 0 && context.now - pending.deliveredAt < minIdle) continue;
    takeOver(group, pending, args[2], context.now);
    pending.deliveredAt = options.deliveredAt;
    if (options.deliveries !== undefined) pending.deliveries = options.deliveries;
    else if (!options.justId) pending.deliveries += 1;
    claimed.push(entry);
  }
  return replyClaimed(claimed, options.justId);
}

function autoClaim(context: Context, args: Args): RedisReply {
  const minIdle = Math.max(0, readInteger(args[3], "ERR Invalid min-idle-time argument for XAUTOCLAIM"));
  const start = readBound(argument(args, 4), "start");
  let count = 100;
  let justId = false;
  for (let index = 5; index < args.length; index += 1) {
    const word = (args[index] ?? "").toUpperCase();
    if (word === "JUSTID") justId = true;
    else if (word === "COUNT") {
      index += 1;
      count = readIntegerIn(argument(args, index), 1, 2 ** 31, "ERR COUNT must be > 0");
    } else throw syntaxError();
  }
  const { stream, group } = requireGroup(context, args[0], args[1]);
  const candidates = [...group.pending.values()]
    .filter(({ id }) => compareIds(id, start) >= 0)
    .sort((a, b) => compareIds(a.id, b.id));
  const claimed: StreamEntry[] = [];
  const deleted: Bytes[] = [];
  // Redis looks at no more than ten times as many entries as it may claim.
  let attempts = count * 10;
  let next: StreamId = idMin;
  for (const pending of candidates) {
    if (attempts === 0 || count === 0) {
      next = pending.id;
      break;
    }
    attempts -= 1;
    const entry = entryAt(stream, pending.id);
    if (entry === undefined) {
      group.pending.delete(formatId(pending.id));
      deleted.push(formatId(pending.id));
      count -= 1;
      continue;
    }
    if (minIdle > 0 && context.now - pending.deliveredAt < minIdle) continue;
    takeOver(group, pending, args[2], context.now);
    if (!justId) pending.deliveries += 1;
    claimed.push(entry);
    count -= 1;
  }
  return array([bulk(formatId(next)), replyClaimed(claimed, justId), bulks(deleted)]);
}

const claimCommands: CommandTable = {
  xclaim: [-6, "w", claim],
  xautoclaim: [-6, "w", autoClaim],
};

const missingKey = (): RedisError =>
  new RedisError(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.",
  );

function streamForGroup({ db }: Context, key: Bytes, create: boolean): Stream {
  const known = db.edit(key, "stream");
  if (known !== undefined) return known;
  if (!create) throw missingKey();
  const stream = createStream();
  db.put(key, "stream", stream);
  return stream;
}

const readGroupId = (stream: Stream, text: Bytes): StreamId => (text === "$" ? stream.lastId : readId(text));

function readEntriesRead(
  words: readonly Bytes[],
  from: number,
  allowCreate: boolean,
): { create: boolean; read: number | null } {
  const options: { create: boolean; read: number | null } = { create: false, read: null };
  for (let index = from; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    if (allowCreate && word === "MKSTREAM") options.create = true;
    else if (word === "ENTRIESREAD" && index + 1 < words.length) {
      index += 1;
      const value = readInteger(argument(words, index));
      if (value < -1) throw new RedisError("ERR value for ENTRIESREAD must be positive or -1");
      options.read = value < 0 ? null : value;
    } else throw syntaxError();
  }
  return options;
}

function createGroup(context: Context, args: Args): RedisReply {
  const { create, read } = readEntriesRead(args, 3, true);
  if (args[2] !== "$") readId(args[2]);
  const stream = streamForGroup(context, args[0], create);
  const lastId = readGroupId(stream, args[2]);
  if (stream.groups.has(args[1])) throw new RedisError("BUSYGROUP Consumer Group name already exists");
  stream.groups.set(args[1], { lastId, entriesRead: read, pending: new Map(), consumers: new Map() });
  context.db.changed(args[0], "t", "xgroup-create");
  return OK;
}

function groupForChange(context: Context, args: Args): { stream: Stream; group: ConsumerGroup } {
  const stream = streamForGroup(context, args[0], false);
  const group = stream.groups.get(args[1]);
  if (group === undefined) {
    throw new RedisError(`NOGROUP No such consumer group '${args[1]}' for key name '${args[0]}'`);
  }
  return { stream, group };
}

function removeConsumer(context: Context, args: Args): RedisReply {
  const { group } = groupForChange(context, args);
  let count = 0;
  for (const [id, entry] of group.pending) {
    if (entry.consumer !== args[2]) continue;
    group.pending.delete(id);
    count += 1;
  }
  if (group.consumers.delete(args[2])) context.db.changed(args[0], "t", "xgroup-delconsumer");
  return integer(count);
}

const xgroup = subcommands("xgroup", {
  create: [-5, "w", createGroup],
  setid: [
    -5,
    "w",
    (context, args) => {
      const { read } = readEntriesRead(args, 3, false);
      const { stream, group } = groupForChange(context, args);
      group.lastId = readGroupId(stream, args[2]);
      group.entriesRead = read;
      context.db.changed(args[0], "t", "xgroup-setid");
      return OK;
    },
  ],
  destroy: [
    4,
    "w",
    (context, args) => {
      const existed = streamForGroup(context, args[0], false).groups.delete(args[1]);
      if (existed) {
        context.db.changed(args[0], "t", "xgroup-destroy");
        // Whoever waits in it learns that it is gone.
        context.db.ready(args[0]);
      }
      return flag(existed);
    },
  ],
  createconsumer: [
    5,
    "w",
    (context, args) => {
      const { group } = groupForChange(context, args);
      if (group.consumers.has(args[2])) return integer(0);
      group.consumers.set(args[2], { name: args[2], seenAt: context.now });
      context.db.changed(args[0], "t", "xgroup-createconsumer");
      return integer(1);
    },
  ],
  delconsumer: [5, "w", removeConsumer],
});

function acknowledge({ db }: Context, args: Args): RedisReply {
  const group = db.edit(args[0], "stream")?.groups.get(args[1]);
  if (group === undefined) return integer(0);
  const ids = args.slice(2).map((text) => formatId(readId(text)));
  return integer(ids.filter((id) => group.pending.delete(id)).length);
}

function summary(group: ConsumerGroup): RedisReply {
  const sorted = [...group.pending.values()].sort((a, b) => compareIds(a.id, b.id));
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return array([integer(0), NULL, NULL, NULL_ARRAY]);
  const counts = new Map<Bytes, number>();
  for (const { consumer } of sorted) counts.set(consumer, (counts.get(consumer) ?? 0) + 1);
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return array([
    integer(sorted.length),
    bulk(formatId(first.id)),
    bulk(formatId(last.id)),
    array(rows.map(([name, count]) => bulks([name, String(count)]))),
  ]);
}

function showPending({ id, consumer, deliveredAt, deliveries }: PendingEntry, now: number): RedisReply {
  return array([bulk(formatId(id)), bulk(consumer), integer(now - deliveredAt), integer(deliveries)]);
}

function pending(context: Context, args: Args): RedisReply {
  let at = 2;
  let idleMs = 0;
  if ((args[2] ?? "").toUpperCase() === "IDLE") {
    idleMs = readInteger(args[3]);
    at = 4;
  }
  const detailed = args.length > 2;
  if (detailed && args.length !== at + 3 && args.length !== at + 4) throw syntaxError();
  const count = detailed
    ? Math.max(
        0,
        readIntegerIn(
          argument(args, at + 2),
          -Infinity,
          Infinity,
          "ERR value is not an integer or out of range",
        ),
      )
    : 0;
  const start = detailed ? readBound(argument(args, at), "start") : idMin;
  const end = detailed ? readBound(argument(args, at + 1), "end") : idMin;
  const group = context.db.read(args[0], "stream")?.groups.get(args[1]);
  if (group === undefined) {
    throw new RedisError(`NOGROUP No such key '${args[0]}' or consumer group '${args[1]}'`);
  }
  if (!detailed) return summary(group);
  const consumer = args[at + 3];
  if (consumer !== undefined && !group.consumers.has(consumer)) return EMPTY;
  const rows = [...group.pending.values()]
    .filter(
      (entry) =>
        compareIds(entry.id, start) >= 0 &&
        compareIds(entry.id, end) <= 0 &&
        (consumer === undefined || entry.consumer === consumer) &&
        context.now - entry.deliveredAt >= idleMs,
    )
    .sort((a, b) => compareIds(a.id, b.id))
    .slice(0, count);
  return array(rows.map((entry) => showPending(entry, context.now)));
}

export const streamGroupCommands: CommandTable = {
  xgroup: [-2, "w", xgroup],
  xack: [-4, "w", acknowledge],
  xpending: [-3, "", pending],
  ...claimCommands,
};
