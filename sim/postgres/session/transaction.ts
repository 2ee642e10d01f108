/** One open transaction of one session: its parts, what it wrote, what it holds until it ends. */
import type { Catalog } from "../catalog/catalog.js";
import { lockModes, type LockOwner, type LockTag } from "../locks/lock-manager.js";
import type { IsolationLevel } from "../sql/utility.js";
import { replacedBy, type Tuple } from "../storage/tuple.js";
import { isAborted, type Xact } from "../storage/xact.js";
import type { Change, Engine } from "./engine.js";

export interface Savepoint {
  readonly name: string;
  readonly xact: Xact;
  /** Settings to come back to. */
  readonly settings: ReadonlyMap<string, string>;
  readonly catalog: Catalog | null;
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
  /** The schema as this transaction changed it. */
  catalog: Catalog | null;
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
  };
  engine.transactions.set(top, transaction);
  return transaction;
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
  if (transaction.catalog !== null) engine.catalog = transaction.catalog;
  for (const act of transaction.atCommit) act();
  engine.serializability.ended(top, true);
  buryChanges(engine, transaction, seq);
  if (kept.length > 0) for (const hook of engine.commitHooks) hook(kept, transaction.owner.id);
  releaseAll(engine, transaction);
}

function buryChanges(engine: Engine, transaction: Transaction, seq: number): void {
  const dead: Array<{ tuple: Tuple; seq: number }> = [];
  const orphans: Tuple[] = [];
  for (const { before, after } of transaction.changes) {
    if (before !== null && replacedBy(before) !== null) dead.push({ tuple: before, seq });
    if (after !== null && isAborted(after.xmin)) orphans.push(after);
  }
  engine.discard(orphans);
  engine.bury(dead);
}

/** Undoes everything. */
export function rollbackTransaction(engine: Engine, transaction: Transaction): void {
  const { top } = transaction;
  engine.transactions.delete(top);
  top.status = "aborted";
  engine.counters.rollbacks += 1;
  engine.serializability.ended(top, false);
  engine.discard(transaction.changes.flatMap(({ after }) => after ?? []));
  engine.bury([]);
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
