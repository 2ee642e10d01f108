/** What all sessions of one server share: committed state, locks, the order of commits. */
import type { Catalog, SequenceDef, TableDef } from "../catalog/catalog.js";
import { createLockManager, type LockManager, lockModes, type LockTag } from "../locks/lock-manager.js";
import type { Serializability } from "../locks/serializable.js";
import type { Mirror } from "../execute/env.js";
import { createMirror } from "../general/mirror.js";
import { createHeap, type Heap } from "../storage/heap.js";
import { createTuple, replacedBy, type Tuple } from "../storage/tuple.js";
import { createXact, frozenXact, isAborted, type Xact } from "../storage/xact.js";
import type { Transaction } from "./transaction.js";

/** The parts of a clock the server needs. Delays in milliseconds. */
export interface ServerClock {
  /** Milliseconds since 1970; fractions count as microseconds. */
  now(): number;
  setTimer(delayMs: number, label: string, run: () => void): () => void;
}

export interface SequenceState {
  value: bigint;
  called: boolean;
}

export interface Counters {
  statements: number;
  commits: number;
  rollbacks: number;
  deadlocks: number;
}

/** One row that a transaction changed, before and after. */
export interface Change {
  /** The part of the transaction that made it. */
  readonly xact: Xact;
  readonly table: TableDef;
  readonly before: Tuple | null;
  readonly after: Tuple | null;
}

export interface Engine {
  readonly clock: ServerClock;
  readonly locks: LockManager;
  readonly counters: Counters;
  readonly serializability: Serializability;
  catalog: Catalog;
  /** Place of the newest commit in the order of commits. */
  seq: number;
  readonly transactions: Map<Xact, Transaction>;
  randomBytes(length: number): Uint8Array;
  heap(tableId: number): Heap;
  /** Made when first asked for. */
  mirror(): Mirror;
  sequence(def: SequenceDef): SequenceState;
  newXact(parent: Xact | null): Xact;
  /** The lock that stands for a transaction being open; taken for its owner when somebody first asks. */
  xactTag(xact: Xact): LockTag;
  knownXactTag(xact: Xact): LockTag | undefined;
  tupleTag(tuple: Tuple): LockTag;
  relationTag(table: TableDef): LockTag;
  advisoryTag(key: string): LockTag;
  /** Runs something once whatever runs now is done. */
  schedule(task: () => void): void;
  /** Runs what was scheduled; call it last in every entry from outside. */
  drain(): void;
  /** Takes versions out that nobody can see any more. */
  bury(dead: ReadonlyArray<{ readonly tuple: Tuple; readonly seq: number }>): void;
  /** Throws away what a rolled back transaction wrote. */
  discard(written: readonly Tuple[]): void;
  deliver(channel: string, payload: string, senderPid: number): void;
  readonly listeners: Map<string, Set<Listener>>;
  readonly commitHooks: Array<(changes: readonly Change[], pid: number) => void>;
}

export interface Listener {
  notified(channel: string, payload: string, senderPid: number): void;
}

export interface EngineParts {
  readonly clock: ServerClock;
  readonly catalog: Catalog;
  readonly serializability: Serializability;
  /** Rows to begin with, by table; shared row images, private versions. */
  readonly rows: ReadonlyMap<number, readonly Tuple["values"][]>;
  readonly sequences: ReadonlyMap<number, SequenceState>;
  randomBytes(length: number): Uint8Array;
}

function createTags(
  engine: () => Engine,
): Pick<Engine, "xactTag" | "knownXactTag" | "tupleTag" | "relationTag" | "advisoryTag"> {
  const xactTags = new Map<Xact, LockTag>();
  const tupleTags = new WeakMap<Tuple, LockTag>();
  const relationTags = new Map<number, LockTag>();
  const advisoryTags = new Map<string, LockTag>();
  return {
    knownXactTag(xact) {
      const tag = xactTags.get(xact);
      xactTags.delete(xact);
      return tag;
    },
    xactTag(xact) {
      const known = xactTags.get(xact);
      if (known !== undefined) return known;
      const tag: LockTag = { kind: "xact", label: `transaction ${xact.id}` };
      xactTags.set(xact, tag);
      const transaction = engine().transactions.get(xact.top);
      if (transaction !== undefined) engine().locks.acquire(transaction.owner, tag, lockModes.exclusive);
      return tag;
    },
    tupleTag(tuple) {
      const known = tupleTags.get(tuple);
      if (known !== undefined) return known;
      const tag: LockTag = {
        kind: "tuple",
        label: `row of ${engine().catalog.tablesById.get(tuple.tableId)?.name ?? tuple.tableId}`,
      };
      tupleTags.set(tuple, tag);
      return tag;
    },
    relationTag(table) {
      const known = relationTags.get(table.id);
      if (known !== undefined) return known;
      const tag: LockTag = { kind: "relation", label: `relation ${table.name}` };
      relationTags.set(table.id, tag);
      return tag;
    },
    advisoryTag(key) {
      const known = advisoryTags.get(key);
      if (known !== undefined) return known;
      const tag: LockTag = { kind: "advisory", label: `advisory ${key}` };
      advisoryTags.set(key, tag);
      return tag;
    },
  };
}

/** Most tasks one drain may run; a server that needs more is in a loop. */
const tasksMax = 1_000_000;

export function createEngine(parts: EngineParts): Engine {
  const heaps = new Map<number, Heap>();
  const sequences = new Map<number, SequenceState>();
  const queue: Array<() => void> = [];
  const graves: Array<{ tuple: Tuple; seq: number }> = [];
  let nextXactId = 730;
  let draining = false;
  let mirror: Mirror | null = null;

  const heap = (tableId: number): Heap => {
    const known = heaps.get(tableId);
    if (known !== undefined) return known;
    const made = createHeap(engine.catalog.tablesById.get(tableId)?.indexes ?? []);
    for (const values of parts.rows.get(tableId) ?? [])
      made.insert(createTuple(tableId, values, frozenXact, 0));
    heaps.set(tableId, made);
    return made;
  };

  const oldestSnapshot = (): number => {
    let oldest = engine.seq;
    for (const transaction of engine.transactions.values()) {
      if (transaction.snapshotSeq !== null && transaction.snapshotSeq < oldest)
        oldest = transaction.snapshotSeq;
    }
    return oldest;
  };

  const engine: Engine = {
    clock: parts.clock,
    locks: createLockManager(),
    counters: { statements: 0, commits: 0, rollbacks: 0, deadlocks: 0 },
    serializability: parts.serializability,
    catalog: parts.catalog,
    seq: 0,
    transactions: new Map(),
    listeners: new Map(),
    commitHooks: [],
    randomBytes: (length) => parts.randomBytes(length),
    heap,
    mirror() {
      mirror ??= createMirror();
      return mirror;
    },
    sequence(def) {
      const known = sequences.get(def.id);
      if (known !== undefined) return known;
      const state = { ...(parts.sequences.get(def.id) ?? { value: def.start, called: false }) };
      sequences.set(def.id, state);
      return state;
    },
    newXact(parent) {
      nextXactId += 1;
      return createXact(nextXactId, parent);
    },
    ...createTags(() => engine),
    schedule: (task) => queue.push(task),
    drain() {
      if (draining) return;
      draining = true;
      try {
        for (let count = 0; queue.length > 0; count += 1) {
          if (count > tasksMax) throw new Error(`the server ran ${tasksMax} tasks without coming to rest`);
          queue.shift()?.();
        }
      } finally {
        draining = false;
      }
    },
    bury(dead) {
      graves.push(...dead);
      const limit = oldestSnapshot();
      let done = 0;
      for (const { tuple, seq } of graves) {
        if (seq > limit) break;
        heaps.get(tuple.tableId)?.remove(tuple);
        done += 1;
      }
      graves.splice(0, done);
    },
    discard(written) {
      for (const tuple of written) if (isAborted(tuple.xmin)) heaps.get(tuple.tableId)?.remove(tuple);
    },
    deliver(channel, payload, senderPid) {
      for (const listener of engine.listeners.get(channel) ?? [])
        listener.notified(channel, payload, senderPid);
    },
  };
  return engine;
}

/** Versions that are the newest committed ones. */
export function* committedTuples(engine: Engine, tableId: number): Iterable<Tuple> {
  for (const tuple of engine.heap(tableId).tuples) {
    if (tuple.xmin.top.status !== "committed" || isAborted(tuple.xmin)) continue;
    const writer = replacedBy(tuple);
    if (writer === null || writer.top.status !== "committed") yield tuple;
  }
}
