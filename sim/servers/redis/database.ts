/**
 * One numbered database: keys with their type, value and deadline, and who must hear of a change.
 * Knows nothing of commands or connections.
 */
import type RedisMockClass from "ioredis-mock";

import { loadPackage } from "../../shared/load-package.js";
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

// String values, kept in the keyspace of ioredis-mock.
//
// What the mock does here is hold plain string values, one instance per server and database. What it
// does not: its command methods answer through promises (a transaction or a script needs the answer at
// once) and only a third of them answer as Redis does; its other types copy the whole value at each access
// and sort integer-like fields to the front. Commands, expiry and all other types are therefore ours.
//
// The mock's keyspaces live in a map of its own module, by host name, and cannot be deleted. So each
// store takes a host name that nobody else uses, and gives the emptied instance back for the next one.

interface StringStore {
  get(key: Bytes): Bytes | undefined;
  set(key: Bytes, value: Bytes): void;
  delete(key: Bytes): void;
  clear(): void;
  /** Empties the store and gives its keyspace back. The store must not be used afterwards. */
  dispose(): void;
}

interface MockKeyspace {
  readonly data: {
    get(key: string): unknown;
    has(key: string): boolean;
    set(key: string, value: string): void;
    delete(key: string): void;
    clear(): void;
  };
}

const free: MockKeyspace[] = [];
let created = 0;

function take(): MockKeyspace {
  const used = free.pop();
  if (used !== undefined) return used;
  created += 1;
  const RedisMock = loadPackage("ioredis-mock") as typeof RedisMockClass;
  const mock: unknown = new RedisMock({ host: `phoenix-sim-${created}`, lazyConnect: true });
  return mock as MockKeyspace;
}

// The mock keeps keys as properties of one plain object; a prefix keeps names such as __proto__ harmless.
const prefix = "s:";

function createStringStore(): StringStore {
  let keyspace: MockKeyspace | undefined;
  return {
    get(key) {
      const value = keyspace?.data.get(prefix + key);
      return typeof value === "string" ? value : undefined;
    },
    set(key, value) {
      keyspace ??= take();
      keyspace.data.set(prefix + key, value);
    },
    delete: (key) => keyspace?.data.delete(prefix + key),
    clear: () => keyspace?.data.clear(),
    dispose() {
      if (keyspace === undefined) return;
      keyspace.data.clear();
      free.push(keyspace);
      keyspace = undefined;
    },
  };
}

/** Epoch milliseconds; a bigint only when a number cannot hold it. */
export type ExpireTime = number | bigint;

/** The value of each type but strings, which live in the string store. */
interface ValueOf {
  string: undefined;
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
  readonly text: Bytes | undefined;
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
  dispose(): void;
}

/** Makes a value that shares nothing changeable with the first. */
export type CopyValue = (value: ValueOf[ValueType]) => ValueOf[ValueType];

export function createDatabase(index: number, hooks: DatabaseHooks, copy: CopyValue): Database {
  const entries = createKeyTable<Entry>();
  const strings: StringStore = createStringStore();

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
    if (entry.type === "string") strings.delete(key);
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
      return strings.get(key);
    },
    setString(key, value, expireAt) {
      const entry = find(key);
      hooks.beforeChange(key);
      const expireTime = expireAt === "keep" ? (entry?.expireAt ?? null) : expireAt;
      if (entry?.type === "string") entry.expireAt = expireTime;
      else {
        entries.set(key, { type: "string", value: undefined, expireAt: expireTime });
        if (entry?.type === "stream") hooks.ready(key);
      }
      strings.set(key, value);
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
      return { type, expireAt, text: strings.get(key), value: copy(entry.value) };
    },
    restore(key, image) {
      hooks.beforeChange(key);
      strings.delete(key);
      if (image === undefined) {
        entries.delete(key);
        return;
      }
      entries.set(key, { type: image.type, value: copy(image.value), expireAt: image.expireAt });
      if (image.text !== undefined) strings.set(key, image.text);
      if (image.expireAt !== null) hooks.expireTime(key, image.expireAt);
    },
    clear() {
      const gone = entries.keys();
      for (const key of gone) {
        hooks.beforeChange(key);
        hooks.ready(key);
      }
      entries.clear();
      strings.clear();
      return gone;
    },
    dispose() {
      entries.clear();
      strings.dispose();
    },
  };
  return database;
}
