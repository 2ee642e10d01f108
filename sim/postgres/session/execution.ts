/** The surroundings of one running statement: its snapshot, its transaction, its server. */
import {
  type Catalog,
  type IndexDef,
  type IndexKey,
  referencesTo,
  type SequenceDef,
  type TableDef,
  type ForeignKeyDef,
} from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type { AdvisoryRequest, Mirror, Runtime } from "../execute/env.js";
import type { Execution, Run } from "../execute/plan.js";
import { type LockManager, lockModes, type LockOwner, type LockWait } from "../locks/lock-manager.js";
import type { Heap } from "../storage/heap.js";
import { activeLockers, type RowLockMode, type Snapshot, type Tuple } from "../storage/tuple.js";
import { isActive, type Xact } from "../storage/xact.js";
import type { Row } from "../types/value.js";
import { askAdvisory } from "./advisory.js";
import type { Engine } from "./engine.js";
import { currentSequenceValue, lastSequenceValue, nextSequenceValue, setSequenceValue } from "./sequences.js";
import type { SessionState } from "./session-state.js";
import type { Transaction } from "./transaction.js";

const queueModes: Readonly<Record<RowLockMode, number>> = {
  "key share": lockModes.accessShare,
  share: lockModes.rowShare,
  "no key update": lockModes.exclusive,
  update: lockModes.accessExclusive,
};

/** A class, because one is made for each statement and closures would cost more than the statement. */
export class StatementExecution implements Execution, Runtime {
  readonly runtime: Runtime = this;
  readonly results = new Map<unknown, readonly Row[]>();
  readonly checks: Array<() => Run<void>> = [];
  readonly engine: Engine;
  readonly state: SessionState;
  readonly transaction: Transaction;
  readonly snapshot: Snapshot;
  readonly catalog: Catalog;
  readonly statementMicros: number;
  readonly noteVersion: Runtime["noteVersion"];

  constructor(
    engine: Engine,
    state: SessionState,
    transaction: Transaction,
    snapshot: Snapshot,
    statementMicros: number,
  ) {
    this.engine = engine;
    this.state = state;
    this.transaction = transaction;
    this.snapshot = snapshot;
    this.catalog = transaction.catalog ?? engine.catalog;
    this.statementMicros = statementMicros;
    this.noteVersion =
      transaction.isolation === "serializable"
        ? (tuple, visible) => engine.serializability.readVersion(transaction.top, tuple, visible)
        : null;
  }

  get xact(): Xact {
    return this.transaction.current;
  }

  get repeatable(): boolean {
    return this.transaction.isolation === "repeatable read" || this.transaction.isolation === "serializable";
  }

  get locks(): LockManager {
    return this.engine.locks;
  }

  get owner(): LockOwner {
    return this.transaction.owner;
  }

  get transactionMicros(): number {
    return this.transaction.startMicros;
  }

  get user(): string {
    return this.state.user;
  }

  get database(): string {
    return this.state.database;
  }

  get backendPid(): number {
    return this.state.pid;
  }

  nowMicros(): number {
    return Math.round(this.engine.clock.now() * 1000);
  }

  randomBytes(length: number): Uint8Array {
    return this.engine.randomBytes(length);
  }

  mirror(): Mirror {
    return this.engine.mirror();
  }

  heap(tableId: number): Heap {
    return this.engine.heap(tableId);
  }

  noteScan(table: TableDef, index: IndexDef | null, key: IndexKey | null): void {
    if (this.noteVersion === null) return;
    const { top } = this.transaction;
    this.engine.serializability.readScan(top, table, index, key, this.engine.heap(table.id).tuples.size);
  }

  noteTuple(tuple: Tuple): void {
    if (this.noteVersion !== null) this.engine.serializability.readTuple(this.transaction.top, tuple);
  }

  noteDuplicate(index: IndexDef, key: IndexKey): void {
    if (this.noteVersion !== null) this.engine.serializability.touchKey(this.transaction.top, index, key);
  }

  waitForEnd(xact: Xact): LockWait | null {
    if (!isActive(xact)) return null;
    return this.locks.acquire(this.owner, this.engine.xactTag(xact), lockModes.share);
  }

  queueFor(tuple: Tuple, mode: RowLockMode): { readonly wait: LockWait | null; release(): void } {
    const tag = this.engine.tupleTag(tuple);
    const { locks, owner } = this;
    const wait = locks.acquire(owner, tag, queueModes[mode]);
    return { wait, release: () => void locks.release(owner, tag, queueModes[mode]) };
  }

  write(table: TableDef, before: Tuple | null, after: Tuple | null, mode: RowLockMode): void {
    const { transaction } = this;
    const xact = transaction.current;
    if (transaction.isolation === "serializable")
      this.engine.serializability.write(transaction.top, table, before, after);
    if (before !== null) {
      before.xmax = xact;
      before.cmax = this.snapshot.command;
      before.xmaxMode = mode;
      before.next = after;
      if (after !== null && before.lockers !== null) {
        const others = activeLockers(before);
        after.lockers = others.length === 0 ? null : [...others];
      }
    }
    if (after !== null) this.engine.heap(table.id).tuples.add(after);
    transaction.changes.push({ xact, table, before, after });
  }

  next(options?: { readonly fresh: boolean }): Execution {
    const { transaction } = this;
    transaction.command += 1;
    const fresh = options?.fresh === true && !this.repeatable;
    const snapshot = {
      ...this.snapshot,
      seq: fresh ? this.engine.seq : this.snapshot.seq,
      command: transaction.command,
    };
    return new StatementExecution(this.engine, this.state, transaction, snapshot, this.statementMicros);
  }

  references(tableId: number): readonly ForeignKeyDef[] {
    return referencesTo(this.catalog, tableId);
  }

  nextValue(sequence: SequenceDef): bigint {
    this.requireWritable("nextval()");
    return nextSequenceValue(this.engine, this.state, sequence);
  }

  currentValue(sequence: SequenceDef): bigint {
    return currentSequenceValue(this.state, sequence);
  }

  lastValue(): bigint {
    return lastSequenceValue(this.state);
  }

  setValue(sequence: SequenceDef, value: bigint, called: boolean): void {
    this.requireWritable("setval()");
    setSequenceValue(this.engine, this.state, sequence, value, called);
  }

  requireWritable(what: string): void {
    if (this.transaction.readOnly) {
      throw new DatabaseError("25006", `cannot execute ${what} in a read-only transaction`);
    }
  }

  setting(name: string): string | null {
    return this.state.settings.get(name) ?? null;
  }

  changeSetting(name: string, value: string, local: boolean): void {
    this.state.change(name, value, local);
  }

  advisory(request: AdvisoryRequest): LockWait | null | boolean {
    return askAdvisory(this.engine, this.state, this.transaction, request);
  }

  notify(channel: string, payload: string): void {
    const { notifications, current } = this.transaction;
    const known = notifications.some((one) => one.channel === channel && one.payload === payload);
    if (!known) notifications.push({ channel, payload, xact: current });
  }

  xactId(): number {
    return this.transaction.top.id;
  }
}
