/** Taking a lock on a row: waiting for whoever has it, then reading the row again as the isolation level wants. */
import { DatabaseError } from "../database-error.js";
import {
  activeLockers,
  isActive,
  isStronger,
  replacedBy,
  rowLocksConflict,
  type RowLock,
  type RowLockMode,
  type Tuple,
  type Xact,
} from "../storage/heap.js";
import type { ExecutionContext, Run } from "./execution-context.js";

export type WaitPolicy = "wait" | "nowait" | "skip locked";

/** `gone`: deleted meanwhile, or already changed by this very statement. */
export type LockResult =
  | { readonly kind: "locked"; readonly tuple: Tuple; readonly moved: boolean }
  | { readonly kind: "skipped" }
  | { readonly kind: "gone" };

function concurrentChange(deleted: boolean): DatabaseError {
  return new DatabaseError(
    "40001",
    `could not serialize access due to concurrent ${deleted ? "delete" : "update"}`,
  );
}

/** Who keeps the lock from us now; null when nobody does. */
function findHolder(tuple: Tuple, mode: RowLockMode, self: Xact): Xact | null {
  const writer = replacedBy(tuple);
  if (writer !== null && writer.top !== self && isActive(writer) && rowLocksConflict(mode, tuple.xmaxMode))
    return writer;
  const holder = activeLockers(tuple).find(
    (lock) => lock.xact.top !== self && rowLocksConflict(mode, lock.mode),
  );
  return holder?.xact ?? null;
}

function* waitFor(execution: ExecutionContext, tuple: Tuple, mode: RowLockMode): Run<void> {
  const place = execution.queueFor(tuple, mode);
  try {
    if (place.wait !== null) yield { kind: "lock", wait: place.wait };
    for (;;) {
      const holder = findHolder(tuple, mode, execution.xact.top);
      if (holder === null) return;
      const wait = execution.waitForEnd(holder);
      if (wait !== null) yield { kind: "lock", wait };
    }
  } finally {
    place.release();
  }
}

/** A lock that the writer of this version lets pass must pass the versions after it too. */
function laterConflict(
  tuple: Tuple,
  mode: RowLockMode,
  self: Xact,
): { readonly tuple: Tuple; readonly writer: Xact } | null {
  for (let version = tuple.next; version !== null; version = version.next) {
    const writer = replacedBy(version);
    if (writer === null || writer.top === self) return null;
    if (rowLocksConflict(mode, version.xmaxMode)) return { tuple: version, writer };
  }
  return null;
}

function remember(tuple: Tuple, mode: RowLockMode, xact: Xact): void {
  const lockers = activeLockers(tuple);
  const held = lockers.some((lock: RowLock) => lock.xact === xact && !isStronger(mode, lock.mode));
  if (!held) tuple.lockers = [...lockers, { xact, mode }];
}

/**
 * Locks the newest version of a row that `tuple` is a version of.
 *
 * @param record - Whether to note the lock on the row, as `FOR UPDATE` does; a writer leaves its own mark.
 * @throws DatabaseError 40001 when the row changed since the snapshot of a repeatable transaction; 55P03 for NOWAIT.
 */
export function* lockRow(
  execution: ExecutionContext,
  tuple: Tuple,
  mode: RowLockMode,
  policy: WaitPolicy,
  record: boolean,
  tableName: string,
): Run<LockResult> {
  let current = tuple;
  let moved = false;
  const self = execution.xact.top;
  for (;;) {
    const holder = findHolder(current, mode, self);
    if (holder !== null) {
      if (policy === "skip locked") return { kind: "skipped" };
      if (policy === "nowait") {
        throw new DatabaseError("55P03", `could not obtain lock on row in relation "${tableName}"`);
      }
      yield* waitFor(execution, current, mode);
    }
    const writer = replacedBy(current);
    if (writer === null || (writer.top !== self && !rowLocksConflict(mode, current.xmaxMode))) {
      const later = writer === null ? null : laterConflict(current, mode, self);
      if (later !== null) {
        // PostgreSQL waits here whatever the statement said about waiting.
        if (isActive(later.writer)) {
          const wait = execution.waitForEnd(later.writer);
          if (wait !== null) yield { kind: "lock", wait };
          continue;
        }
        if (execution.repeatable) throw concurrentChange(false);
        current = later.tuple;
        moved = true;
        continue;
      }
      // Whoever wrote the versions after this one lets the lock pass, so they carry it, too.
      if (record) {
        for (let version: Tuple | null = current; version !== null; version = version.next) {
          remember(version, mode, execution.xact);
        }
      }
      return { kind: "locked", tuple: current, moved };
    }
    if (writer.top === self) return { kind: "gone" };
    if (execution.repeatable) throw concurrentChange(current.next === null && !record);
    if (current.next === null) return { kind: "gone" };
    current = current.next;
    moved = true;
  }
}
