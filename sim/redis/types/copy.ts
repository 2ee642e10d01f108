/** Deep copies of values, for COPY and for what a replica has not seen yet. */
import type { ConsumerGroup, PendingEntry, Stream } from "./stream.js";
import { createSortedSet, type SortedSet } from "./sorted-set.js";

function copyGroup(group: ConsumerGroup): ConsumerGroup {
  const pending = new Map<string, PendingEntry>();
  for (const [id, entry] of group.pending) pending.set(id, { ...entry });
  const consumers = new Map([...group.consumers].map(([name, consumer]) => [name, { ...consumer }]));
  return { ...group, pending, consumers };
}

function copyStream(stream: Stream): Stream {
  const groups = new Map([...stream.groups].map(([name, group]) => [name, copyGroup(group)]));
  return { ...stream, entries: [...stream.entries], groups };
}

/** @returns A value of the same type that shares nothing changeable with the first. */
export function copyValue<T>(value: T): T {
  const from: unknown = value;
  let to: unknown = from;
  if (Array.isArray(from)) to = [...(from as unknown[])];
  else if (from instanceof Map) to = new Map(from as Map<unknown, unknown>);
  else if (from instanceof Set) to = new Set(from as Set<unknown>);
  else if (typeof from === "object" && from !== null) {
    to = "groups" in from ? copyStream(from as Stream) : createSortedSet((from as SortedSet).all());
  }
  return to as T;
}
