/** Deep copies of values, for COPY and for what a replica has not seen yet. */
import type { CopyValue } from "../database.js";
import type { ConsumerGroup, PendingEntry, Stream } from "./stream.js";
import { createSortedSet } from "./sorted-set.js";

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
export const copyValue: CopyValue = (value) => {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return [...value];
  if (value instanceof Map) return new Map(value);
  if (value instanceof Set) return new Set(value);
  return "groups" in value ? copyStream(value) : createSortedSet(value.all());
};
