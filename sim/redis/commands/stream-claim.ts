/** XCLAIM and XAUTOCLAIM: taking over what another consumer left unacknowledged. */
import type { Bytes } from "../bytes.js";
import { argument, type Args, type CommandTable, type Context } from "../command.js";
import { readInteger, readIntegerIn } from "../numbers.js";
import { array, bulk, bulks, RedisError, syntaxError, type RedisReply } from "../reply.js";
import {
  compareIds,
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
} from "../types/stream.js";
import { replyEntries } from "./streams.js";

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

export const claimCommands: CommandTable = {
  xclaim: [-6, "w", claim],
  xautoclaim: [-6, "w", autoClaim],
};
