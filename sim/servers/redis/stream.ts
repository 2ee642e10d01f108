/** A stream: entries in id order, consumer groups, and the ids themselves. */
import { readLong } from "./numbers.js";
import { RedisError, type Bytes } from "./reply.js";

/** `<milliseconds>-<sequence>`, both unsigned 64-bit. */
export interface StreamId {
  readonly ms: bigint;
  readonly seq: bigint;
}

export interface StreamEntry {
  readonly id: StreamId;
  /** Field, value, field, value ... */
  readonly fields: readonly Bytes[];
  /** Number of the node it lies in: approximate trimming removes whole nodes. */
  readonly node: number;
}

/** An entry that a consumer was given and has not acknowledged. */
export interface PendingEntry {
  readonly id: StreamId;
  consumer: Bytes;
  /** Epoch milliseconds. */
  deliveredAt: number;
  deliveries: number;
}

interface Consumer {
  readonly name: Bytes;
  seenAt: number;
}

export interface ConsumerGroup {
  lastId: StreamId;
  /** How many entries the group has read, or null when it cannot be known. */
  entriesRead: number | null;
  /** By id text, in no order; sort by id to answer. */
  readonly pending: Map<string, PendingEntry>;
  readonly consumers: Map<Bytes, Consumer>;
}

export interface Stream {
  entries: StreamEntry[];
  lastId: StreamId;
  maxDeletedId: StreamId;
  entriesAdded: number;
  /** The node that new entries go to. */
  tail: { readonly node: number; readonly entries: number; readonly bytes: number };
  readonly groups: Map<Bytes, ConsumerGroup>;
}

const sequenceMax = 2n ** 64n - 1n;
export const idMin: StreamId = { ms: 0n, seq: 0n };
export const idMax: StreamId = { ms: sequenceMax, seq: sequenceMax };

export function createStream(): Stream {
  const tail = { node: 0, entries: 0, bytes: 0 };
  return { entries: [], lastId: idMin, maxDeletedId: idMin, entriesAdded: 0, tail, groups: new Map() };
}

export function formatId(id: StreamId): string {
  return `${id.ms}-${id.seq}`;
}

export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  if (a.seq === b.seq) return 0;
  return a.seq < b.seq ? -1 : 1;
}

const invalidId = (): RedisError =>
  new RedisError("ERR Invalid stream ID specified as stream command argument");

function readPart(text: string): bigint {
  const value = readLong(text) ?? (/^[1-9]\d{18,19}$/.test(text) ? BigInt(text) : -1n);
  if (value < 0n || value > sequenceMax) throw invalidId();
  return value;
}

/** @param missingSeq - The sequence of an id that has none: 0 for a start, the greatest for an end. */
export function readId(text: string, missingSeq = 0n): StreamId {
  const dash = text.indexOf("-");
  if (dash < 0) return { ms: readPart(text), seq: missingSeq };
  return { ms: readPart(text.slice(0, dash)), seq: readPart(text.slice(dash + 1)) };
}

/** Reads one end of a range: `-`, `+`, an id, or an id after `(` that is itself left out. */
export function readBound(text: string, end: "start" | "end"): StreamId {
  if (text === "-") return idMin;
  if (text === "+") return idMax;
  if (!text.startsWith("(")) return readId(text, end === "start" ? 0n : sequenceMax);
  const id = readId(text.slice(1), end === "start" ? 0n : sequenceMax);
  if (end === "start") {
    if (compareIds(id, idMax) === 0) throw new RedisError("ERR invalid start ID for the interval");
    return nextId(id);
  }
  if (compareIds(id, idMin) === 0) throw new RedisError("ERR invalid end ID for the interval");
  return id.seq > 0n ? { ms: id.ms, seq: id.seq - 1n } : { ms: id.ms - 1n, seq: sequenceMax };
}

/** The id right after; must not be the greatest one. */
export function nextId(id: StreamId): StreamId {
  return id.seq < sequenceMax ? { ms: id.ms, seq: id.seq + 1n } : { ms: id.ms + 1n, seq: 0n };
}

export { sequenceMax };

/** @returns The position of the first entry at or after `id`. */
export function findEntry(stream: Stream, id: StreamId): number {
  let low = 0;
  let high = stream.entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = stream.entries[middle];
    if (entry !== undefined && compareIds(entry.id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @returns Up to `count` entries between two ids, both included. */
export function rangeOf(stream: Stream, start: StreamId, end: StreamId, count = Infinity): StreamEntry[] {
  const from = findEntry(stream, start);
  const to = compareIds(end, idMax) === 0 ? stream.entries.length : findEntry(stream, nextId(end));
  return stream.entries.slice(from, Math.min(to, from + count));
}

export function entryAt(stream: Stream, id: StreamId): StreamEntry | undefined {
  const entry = stream.entries[findEntry(stream, id)];
  return entry !== undefined && compareIds(entry.id, id) === 0 ? entry : undefined;
}

// How far a consumer group is behind, as far as deletions leave it knowable (Redis 7.0, t_stream.c).

/** Whether something after `id` may have been deleted. */
function mayHaveGaps(stream: Stream, id: StreamId): boolean {
  if (stream.entries.length === 0 || compareIds(stream.maxDeletedId, idMin) === 0) return false;
  return compareIds(id, stream.maxDeletedId) <= 0;
}

/** How many entries were ever added up to `id`, or null when it cannot be known. */
function addedUpTo(stream: Stream, id: StreamId): number | null {
  const { entries, entriesAdded, lastId, maxDeletedId } = stream;
  if (entriesAdded === 0) return 0;
  const toLast = compareIds(id, lastId);
  const [first] = entries;
  if (first === undefined) return toLast < 1 ? entriesAdded : null;
  if (toLast === 0) return entriesAdded;
  if (toLast > 0) return null;
  if (compareIds(maxDeletedId, idMin) !== 0 && compareIds(maxDeletedId, first.id) >= 0) return null;
  const toFirst = compareIds(id, first.id);
  if (toFirst < 0) return entriesAdded - entries.length;
  return toFirst === 0 ? entriesAdded - entries.length + 1 : null;
}

/** Notes that the group has read the entry. */
export function advance(stream: Stream, group: ConsumerGroup, id: StreamId): void {
  if (compareIds(id, group.lastId) <= 0) return;
  if (group.entriesRead !== null && !mayHaveGaps(stream, id)) group.entriesRead += 1;
  else if (stream.entriesAdded > 0) group.entriesRead = addedUpTo(stream, id);
  group.lastId = id;
}

/** Entries that the group has not read, or null when it cannot be known. */
export function lagOf(stream: Stream, group: ConsumerGroup): number | null {
  if (stream.entriesAdded === 0) return 0;
  const read =
    group.entriesRead !== null && !mayHaveGaps(stream, group.lastId)
      ? group.entriesRead
      : addedUpTo(stream, group.lastId);
  return read === null ? null : stream.entriesAdded - read;
}
