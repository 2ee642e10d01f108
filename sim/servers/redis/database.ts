/**
 * One numbered database: keys with their type, value and deadline, and who must hear of a change.
 * Knows nothing of commands or connections.
 */
import { wrongType, type Bytes } from "./reply.js";
import type { SortedSet } from "./sorted-set.js";
import type { Stream } from "./stream.js";

// Keys to entries. A plain Map slows down when one key comes and goes in a large map, as queues do: each
// deletion leaves a gap in the chain that the next look-up walks (80 us at 30,000 keys on Node 20). So a
// removed key keeps its place for a while, and the table is built anew when removed keys prevail.

interface KeyTable<T> {
  readonly size: number;
  get(key: Bytes): T | undefined;
  set(key: Bytes, entry: T): void;
  delete(key: Bytes): void;
  /** Keys in an order that depends only on what was done to the table. */
  keys(): Bytes[];
  clear(): void;
}

const removedMin = 1024;

function createKeyTable<T>(): KeyTable<T> {
  let entries = new Map<Bytes, T | undefined>();
  let removed = 0;
  return {
    get size() {
      return entries.size - removed;
    },
    get: (key) => entries.get(key),
    set(key, entry) {
      if (removed > 0 && entries.get(key) === undefined && entries.has(key)) removed -= 1;
      entries.set(key, entry);
    },
    delete(key) {
      if (entries.get(key) === undefined) return;
      entries.set(key, undefined);
      removed += 1;
      if (removed < removedMin || removed * 2 < entries.size) return;
      entries = new Map([...entries].filter(([, entry]) => entry !== undefined));
      removed = 0;
    },
    keys() {
      const keys: Bytes[] = [];
      for (const [key, entry] of entries) if (entry !== undefined) keys.push(key);
      return keys;
    },
    clear() {
      entries.clear();
      removed = 0;
    },
  };
}

/** Epoch milliseconds; a bigint only when a number cannot hold it. */
export type ExpireTime = number | bigint;

/** The value of each type. */
interface ValueOf {
  string: Bytes;
  list: Bytes[];
  hash: Map<Bytes, Bytes>;
  set: Set<Bytes>;
  zset: SortedSet;
  stream: Stream;
}

export type ValueType = keyof ValueOf;
type CollectionType = Exclude<ValueType, "string">;

/** A key as it was: what {@link Database.image} copies and {@link Database.restore} brings back. */
export interface KeyImage {
  readonly type: ValueType;
  readonly value: ValueOf[ValueType];
  /** Epoch milliseconds, or null when it does not expire. */
  readonly expireAt: ExpireTime | null;
}

interface Entry {
  readonly type: ValueType;
  value: ValueOf[ValueType];
  expireAt: ExpireTime | null;
}

/** Classes of keyspace notifications, as in `notify-keyspace-events`. */
export type EventClass = "g" | "$" | "l" | "s" | "h" | "z" | "t" | "x" | "n" | "m";

export interface DatabaseHooks {
  /** Epoch milliseconds. */
  now(): number;
  /** Before a key's value or deadline changes. */
  beforeChange(key: Bytes): void;
  /** After a key was written, deleted or has expired. */
  changed(key: Bytes, eventClass: EventClass, event: string): void;
  /** A command looked a key up. */
  looked(key: Bytes, found: boolean): void;
  /** A key got a value that blocked clients may wait for. */
  ready(key: Bytes): void;
  /** A deadline was set. */
  expireTime(key: Bytes, at: ExpireTime): void;
}

export interface Database {
  readonly index: number;
  /** Keys, counting those whose deadline has passed but which nobody has looked at. */
  readonly size: number;
  type(key: Bytes): ValueType | undefined;
  /** @throws RedisError WRONGTYPE */
  string(key: Bytes): Bytes | undefined;
  /** @param expireAt - Epoch milliseconds, null for none, "keep" for the deadline it has. */
  setString(key: Bytes, value: Bytes, expireAt: ExpireTime | null | "keep"): void;
  /** For reading. @throws RedisError WRONGTYPE */
  read<T extends CollectionType>(key: Bytes, type: T): ValueOf[T] | undefined;
  /** For changing in place. @throws RedisError WRONGTYPE */
  edit<T extends CollectionType>(key: Bytes, type: T): ValueOf[T] | undefined;
  /** Puts a value in the place of whatever was there. */
  put<T extends CollectionType>(key: Bytes, type: T, value: ValueOf[T]): void;
  /** @returns Whether it was there. */
  remove(key: Bytes): boolean;
  /** Undefined when there is no such key, null when it does not expire. */
  expireAt(key: Bytes): ExpireTime | null | undefined;
  setExpireAt(key: Bytes, at: ExpireTime | null): void;
  /** Keys that have not expired, in a deterministic order. */
  keys(): Bytes[];
  /** Calls the hook for every deadline there is, for a listener that came later. */
  announceDeadlines(): void;
  /** Tells watchers and listeners of a change. */
  changed(key: Bytes, eventClass: EventClass, event: string): void;
  ready(key: Bytes): void;
  /** @returns A deep copy of a key, or undefined when there is none. */
  image(key: Bytes): KeyImage | undefined;
  restore(key: Bytes, image: KeyImage | undefined): void;
  /** @returns All keys that were there. */
  clear(): Bytes[];
}

/** Makes a value that shares nothing changeable with the first. */
export type CopyValue = (value: ValueOf[ValueType]) => ValueOf[ValueType];

export function createDatabase(index: number, hooks: DatabaseHooks, copy: CopyValue): Database {
  const entries = createKeyTable<Entry>();

  /** Redis keeps a key through the very millisecond of its deadline. */
  function find(key: Bytes): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined || entry.expireAt === null || hooks.now() <= entry.expireAt) {
      hooks.looked(key, entry !== undefined);
      return entry;
    }
    drop(key, entry);
    hooks.changed(key, "x", "expired");
    hooks.looked(key, false);
    return undefined;
  }

  function drop(key: Bytes, entry: Entry): void {
    hooks.beforeChange(key);
    entries.delete(key);
    // A consumer that waits for entries of the stream is notified.
    if (entry.type === "stream") hooks.ready(key);
  }

  function typed(key: Bytes, type: CollectionType): Entry | undefined {
    const entry = find(key);
    if (entry !== undefined && entry.type !== type) throw wrongType();
    return entry;
  }

  const database: Database = {
    index,
    get size() {
      return entries.size;
    },
    type: (key) => find(key)?.type,
    string(key) {
      const entry = find(key);
      if (entry === undefined) return undefined;
      if (entry.type !== "string") throw wrongType();
      return entry.value as Bytes;
    },
    setString(key, value, expireAt) {
      const entry = find(key);
      hooks.beforeChange(key);
      const expireTime = expireAt === "keep" ? (entry?.expireAt ?? null) : expireAt;
      if (entry?.type === "string") {
        entry.value = value;
        entry.expireAt = expireTime;
      } else {
        entries.set(key, { type: "string", value, expireAt: expireTime });
        if (entry?.type === "stream") hooks.ready(key);
      }
      if (expireTime !== null) hooks.expireTime(key, expireTime);
    },
    read: (key, type) => typed(key, type)?.value as ValueOf[typeof type] | undefined,
    edit(key, type) {
      const entry = typed(key, type);
      if (entry === undefined) return undefined;
      hooks.beforeChange(key);
      return entry.value as ValueOf[typeof type];
    },
    put(key, type, value) {
      const old = find(key);
      if (old === undefined) hooks.beforeChange(key);
      else drop(key, old);
      entries.set(key, { type, value, expireAt: null });
    },
    remove(key) {
      const entry = find(key);
      if (entry === undefined) return false;
      drop(key, entry);
      return true;
    },
    expireAt: (key) => find(key)?.expireAt,
    setExpireAt(key, at) {
      const entry = find(key);
      if (entry === undefined) return;
      hooks.beforeChange(key);
      entry.expireAt = at;
      if (at !== null) hooks.expireTime(key, at);
    },
    keys: () => entries.keys().filter((key) => find(key) !== undefined),
    announceDeadlines() {
      for (const key of entries.keys()) {
        const at = entries.get(key)?.expireAt ?? null;
        if (at !== null) hooks.expireTime(key, at);
      }
    },
    changed: hooks.changed,
    ready: hooks.ready,
    image(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const { type, expireAt } = entry;
      return { type, expireAt, value: copy(entry.value) };
    },
    restore(key, image) {
      hooks.beforeChange(key);
      if (image === undefined) {
        entries.delete(key);
        return;
      }
      entries.set(key, { type: image.type, value: copy(image.value), expireAt: image.expireAt });
      if (image.expireAt !== null) hooks.expireTime(key, image.expireAt);
    },
    clear() {
      const gone = entries.keys();
      for (const key of gone) {
        hooks.beforeChange(key);
        hooks.ready(key);
      }
      entries.clear();
      return gone;
    },
  };
  return database;
}
