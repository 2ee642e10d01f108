/** How far a consumer group is behind, as far as deletions leave it knowable (Redis 7.0, t_stream.c). */
import { compareIds, idMin, type ConsumerGroup, type Stream, type StreamId } from "./stream.js";

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
