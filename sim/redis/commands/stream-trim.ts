/** Trimming streams, exactly or by whole nodes, and filling the nodes. */
import type { Bytes } from "../bytes.js";
import { argument } from "../command.js";
import { readInteger, readIntegerIn } from "../numbers.js";
import { RedisError } from "../reply.js";
import { compareIds, findEntry, readId, type Stream } from "../types/stream.js";

export interface Trim {
  readonly keep: (stream: Stream) => number;
  readonly approximate: boolean;
  /** The most entries that one approximate trim removes. */
  readonly limit: number;
}

/** Without LIMIT an approximate trim stops after a hundred nodes. */
const approximateLimit = 10_000;

/** Reads `MAXLEN|MINID [=|~] threshold [LIMIT count]`. */
export function readTrim(words: readonly Bytes[], at: number): { trim: Trim; next: number } {
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
export function nextNode(stream: Stream, fields: readonly Bytes[]): number {
  const { tail } = stream;
  const bytes = fields.reduce((sum, field) => sum + field.length + 2, entryOverheadBytes);
  if (tail.entries >= nodeEntries || tail.bytes + bytes > nodeBytes) {
    stream.tail = { node: tail.node + 1, entries: 1, bytes };
  } else stream.tail = { node: tail.node, entries: tail.entries + 1, bytes: tail.bytes + bytes };
  return stream.tail.node;
}

/** @returns How many entries went. Approximate trimming removes whole nodes only. */
export function applyTrim(stream: Stream, { keep, approximate, limit }: Trim): number {
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
