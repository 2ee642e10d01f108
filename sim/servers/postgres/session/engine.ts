/** What all sessions of one server share: committed state, locks, the order of commits. */
import { mergeCatalogs, type Catalog, type SequenceDef, type TableDef } from "../catalog/catalog.js";
import {
  createLockManager,
  lockModes,
  type LockManager,
  type LockOwner,
  type LockTag,
} from "../locks/lock-manager.js";
import type { Serializability } from "../locks/serializable.js";
import type { IsolationLevel } from "../sql/utility.js";
import type { SystemSource } from "../system-catalog/source.js";
import {
  createHeap,
  createTuple,
  createXact,
  frozenXact,
  isAborted,
  replacedBy,
  type Heap,
  type Tuple,
  type Xact,
} from "../storage/heap.js";

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
  sequence(def: SequenceDef): SequenceState;
  newXact(parent: Xact | null): Xact;
  /** An OID that nothing has had. */
  newId(): number;
  readonly lastId: number;
  /** The lock that stands for making something of that name. */
  nameTag(key: string): LockTag;
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
  addDeadTuples(dead: ReadonlyArray<{ readonly tuple: Tuple; readonly seq: number }>): void;
  /** Throws away what a rolled back transaction wrote. */
  discard(written: readonly Tuple[]): void;
  deliver(channel: string, payload: string, senderPid: number): void;
  /** What all sessions are doing. */
  activity: () => Pick<SystemSource, "sessions" | "locks" | "blockers">;
  /** Reaches another session. @returns False when there is none of that pid. */
  signal: (pid: number, what: "cancel" | "terminate") => boolean;
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
  /** The last OID that the catalog has used. */
  readonly nextId: number;
  randomBytes(length: number): Uint8Array;
}

function createTags(
  engine: () => Engine,
): Pick<Engine, "xactTag" | "knownXactTag" | "tupleTag" | "relationTag" | "advisoryTag" | "nameTag"> {
  const xactTags = new Map<Xact, LockTag>();
  const tupleTags = new WeakMap<Tuple, LockTag>();
  const relationTags = new Map<number, LockTag>();
  const advisoryTags = new Map<string, LockTag>();
  const nameTags = new Map<string, LockTag>();
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
    nameTag(key) {
      const known = nameTags.get(key);
      if (known !== undefined) return known;
      const tag: LockTag = { kind: "name", label: `name ${key}` };
      nameTags.set(key, tag);
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
  const deadTuples: Array<{ tuple: Tuple; seq: number }> = [];
  let nextXactId = 730;
  let { nextId } = parts;
  let draining = false;

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
    activity: () => ({ sessions: [], locks: [], blockers: () => [] }),
    signal: () => false,
    commitHooks: [],
    randomBytes: (length) => parts.randomBytes(length),
    heap,
    sequence(def) {
      const known = sequences.get(def.id);
      if (known !== undefined) return known;
      const state = { ...(parts.sequences.get(def.id) ?? { value: def.start, called: false }) };
      sequences.set(def.id, state);
      return state;
    },
    newId() {
      nextId += 1;
      return nextId;
    },
    get lastId() {
      return nextId;
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
          if (count > tasksMax)
            throw new Error(`the server ran ${tasksMax} tasks without reaching quiescence`);
          queue.shift()?.();
        }
      } finally {
        draining = false;
      }
    },
    addDeadTuples(dead) {
      deadTuples.push(...dead);
      const limit = oldestSnapshot();
      let done = 0;
      for (const { tuple, seq } of deadTuples) {
        if (seq > limit) break;
        heaps.get(tuple.tableId)?.remove(tuple);
        done += 1;
      }
      deadTuples.splice(0, done);
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

// One open transaction of one session: its parts, what it wrote, what it holds until it ends.

export interface Savepoint {
  readonly name: string;
  readonly xact: Xact;
  /** Settings to come back to. */
  readonly settings: ReadonlyMap<string, string>;
  readonly catalog: Catalog | null;
  readonly catalogBase: Catalog | null;
  readonly heldCount: number;
}

interface HeldLock {
  readonly tag: LockTag;
  readonly mode: number;
}

export interface Transaction {
  readonly owner: LockOwner;
  readonly top: Xact;
  /** Innermost open part. */
  current: Xact;
  readonly parts: Xact[];
  readonly savepoints: Savepoint[];
  isolation: IsolationLevel;
  readOnly: boolean;
  /** Started by BEGIN rather than around one statement. */
  explicit: boolean;
  failed: boolean;
  /** Set once a repeatable transaction has read, or while a statement runs. */
  snapshotSeq: number | null;
  hasSnapshot: boolean;
  command: number;
  readonly startMicros: number;
  readonly changes: Change[];
  readonly notifications: Array<{ readonly channel: string; readonly payload: string; readonly xact: Xact }>;
  /** What takes effect only when it commits: LISTEN and UNLISTEN. */
  readonly atCommit: Array<() => void>;
  /** Locks to give back at the end, in the order taken. */
  readonly held: HeldLock[];
  /** Modes of table locks held, by table, as bits. */
  readonly relations: Map<number, number>;
  /** The schema as this transaction changed it, and what it changed. */
  catalog: Catalog | null;
  catalogBase: Catalog | null;
}

export interface TransactionParts {
  readonly owner: LockOwner;
  readonly isolation: IsolationLevel;
  readonly readOnly: boolean;
  readonly explicit: boolean;
}

export function beginTransaction(
  engine: Engine,
  { owner, isolation, readOnly, explicit }: TransactionParts,
): Transaction {
  const top = engine.newXact(null);
  // Spelled out: spread, each of these costs several microseconds.
  const transaction: Transaction = {
    owner,
    isolation,
    readOnly,
    explicit,
    top,
    current: top,
    parts: [top],
    savepoints: [],
    failed: false,
    snapshotSeq: null,
    hasSnapshot: false,
    command: 0,
    startMicros: Math.round(engine.clock.now() * 1000),
    changes: [],
    notifications: [],
    atCommit: [],
    held: [],
    relations: new Map(),
    catalog: null,
    catalogBase: null,
  };
  engine.transactions.set(top, transaction);
  return transaction;
}

/** The schema as a transaction sees it: what is committed, with its own changes on top. */
export function currentCatalog(engine: Engine, transaction: Transaction | null): Catalog {
  if (transaction === null || transaction.catalog === null) return engine.catalog;
  if (transaction.catalogBase !== null && transaction.catalogBase !== engine.catalog) {
    transaction.catalog = mergeCatalogs(transaction.catalogBase, transaction.catalog, engine.catalog);
    transaction.catalogBase = engine.catalog;
  }
  return transaction.catalog;
}

function releaseAll(engine: Engine, transaction: Transaction): void {
  for (const xact of transaction.parts) {
    const tag = engine.knownXactTag(xact);
    if (tag !== undefined) engine.locks.release(transaction.owner, tag, lockModes.exclusive);
  }
  for (const { tag, mode } of transaction.held.splice(0)) engine.locks.release(transaction.owner, tag, mode);
}

/** Makes everything visible to others. The caller has done the checks that may still fail. */
export function commitTransaction(engine: Engine, transaction: Transaction): void {
  const { top } = transaction;
  engine.transactions.delete(top);
  const kept = transaction.changes.filter(({ xact }) => !isAborted(xact));
  const seq = kept.length > 0 || transaction.catalog !== null ? engine.seq + 1 : engine.seq;
  engine.seq = seq;
  top.commitSeq = seq;
  top.status = "committed";
  engine.counters.commits += 1;
  if (transaction.catalog !== null) engine.catalog = currentCatalog(engine, transaction);
  for (const act of transaction.atCommit) act();
  engine.serializability.ended(top, true);
  vacuumChanges(engine, transaction, seq);
  if (kept.length > 0) for (const hook of engine.commitHooks) hook(kept, transaction.owner.id);
  releaseAll(engine, transaction);
}

function vacuumChanges(engine: Engine, transaction: Transaction, seq: number): void {
  const dead: Array<{ tuple: Tuple; seq: number }> = [];
  const orphans: Tuple[] = [];
  for (const { before, after } of transaction.changes) {
    if (before !== null && replacedBy(before) !== null) dead.push({ tuple: before, seq });
    if (after !== null && isAborted(after.xmin)) orphans.push(after);
  }
  engine.discard(orphans);
  engine.addDeadTuples(dead);
}

/** Undoes everything. */
export function rollbackTransaction(engine: Engine, transaction: Transaction): void {
  const { top } = transaction;
  engine.transactions.delete(top);
  top.status = "aborted";
  engine.counters.rollbacks += 1;
  engine.serializability.ended(top, false);
  engine.discard(transaction.changes.flatMap(({ after }) => after ?? []));
  engine.addDeadTuples([]);
  releaseAll(engine, transaction);
}

/** An error undoes the innermost part at once, and lets others have its locks; the client has yet to say ROLLBACK. */
export function failTransaction(engine: Engine, transaction: Transaction): void {
  transaction.failed = true;
  const innermost = transaction.savepoints.at(-1);
  if (innermost === undefined) {
    if (engine.transactions.has(transaction.top)) rollbackTransaction(engine, transaction);
    return;
  }
  innermost.xact.status = "aborted";
  releaseParts(engine, transaction, innermost.heldCount);
}

function releaseParts(engine: Engine, transaction: Transaction, heldCount: number): void {
  for (const part of transaction.parts) {
    if (!isAborted(part)) continue;
    const tag = engine.knownXactTag(part);
    if (tag !== undefined) engine.locks.release(transaction.owner, tag, lockModes.exclusive);
  }
  for (const { tag, mode } of transaction.held.splice(heldCount))
    engine.locks.release(transaction.owner, tag, mode);
  // Table locks are asked for again where still needed.
  transaction.relations.clear();
}

/** Starts a part that can be rolled back by itself. */
export function pushSavepoint(
  engine: Engine,
  transaction: Transaction,
  name: string,
  settings: ReadonlyMap<string, string>,
): void {
  const xact = engine.newXact(transaction.current);
  transaction.savepoints.push({
    name,
    xact,
    settings: new Map(settings),
    catalog: transaction.catalog,
    catalogBase: transaction.catalogBase,
    heldCount: transaction.held.length,
  });
  transaction.parts.push(xact);
  transaction.current = xact;
}

/** @returns Place of the newest savepoint of that name, or -1. */
export function findSavepoint(transaction: Transaction, name: string): number {
  return transaction.savepoints.findLastIndex((savepoint) => savepoint.name === name);
}

/** Undoes everything since the savepoint, which stays. */
export function rollbackToSavepoint(engine: Engine, transaction: Transaction, at: number): Savepoint | null {
  const savepoint = transaction.savepoints[at];
  if (savepoint === undefined) return null;
  transaction.savepoints.splice(at);
  savepoint.xact.status = "aborted";
  transaction.current = savepoint.xact.parent ?? transaction.top;
  transaction.catalog = savepoint.catalog;
  transaction.catalogBase = savepoint.catalogBase;
  transaction.failed = false;
  const stay = transaction.notifications.filter(({ xact }) => !isAborted(xact));
  transaction.notifications.splice(0, transaction.notifications.length, ...stay);
  releaseParts(engine, transaction, savepoint.heldCount);
  pushSavepoint(engine, transaction, savepoint.name, savepoint.settings);
  return savepoint;
}

/** Forgets a savepoint and those after it; what was done since stays done. */
export function releaseSavepoint(transaction: Transaction, at: number): void {
  const savepoint = transaction.savepoints[at];
  if (savepoint === undefined) return;
  transaction.savepoints.splice(at);
  // Later work belongs to the part around it, earlier work of the part goes with that part.
  transaction.current = savepoint.xact.parent ?? transaction.top;
}
