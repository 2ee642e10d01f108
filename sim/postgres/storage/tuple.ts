/** Row images: one version of one row, who wrote it, who replaced it, who holds a lock on it. */
import type { Row } from "../types/value.js";
import { isAborted, isActive, type Xact } from "./xact.js";

/** Strength of a row lock, weakest first. */
export type RowLockMode = "key share" | "share" | "no key update" | "update";

export interface RowLock {
  readonly xact: Xact;
  readonly mode: RowLockMode;
}

export interface Tuple {
  readonly tableId: number;
  readonly values: Row;
  readonly xmin: Xact;
  readonly cmin: number;
  /** Who deleted or replaced this version; it may have been rolled back since. */
  xmax: Xact | null;
  cmax: number;
  /** `update` when deleted or when a key column changed. */
  xmaxMode: RowLockMode;
  /** The version that replaced this one; null when it was deleted. */
  next: Tuple | null;
  lockers: RowLock[] | null;
}

/** What a statement may see: commits up to `seq`, and its own transaction's commands before `command`. */
export interface Snapshot {
  readonly seq: number;
  readonly xact: Xact;
  readonly command: number;
}

export function createTuple(tableId: number, values: Row, xmin: Xact, cmin: number): Tuple {
  return { tableId, values, xmin, cmin, xmax: null, cmax: 0, xmaxMode: "update", next: null, lockers: null };
}

export function isVisible(tuple: Tuple, snapshot: Snapshot): boolean {
  const { xmin, xmax } = tuple;
  const own = snapshot.xact.top;
  if (xmin.top === own) {
    if (tuple.cmin >= snapshot.command || isAborted(xmin)) return false;
  } else if (xmin.top.status !== "committed" || xmin.top.commitSeq > snapshot.seq || isAborted(xmin)) {
    return false;
  }
  if (xmax === null) return true;
  if (xmax.top === own) return tuple.cmax >= snapshot.command || isAborted(xmax);
  return xmax.top.status !== "committed" || xmax.top.commitSeq > snapshot.seq || isAborted(xmax);
}

/** The one who replaced or deleted this version and was not rolled back. */
export function replacedBy(tuple: Tuple): Xact | null {
  return tuple.xmax !== null && !isAborted(tuple.xmax) ? tuple.xmax : null;
}

const strength: Readonly<Record<RowLockMode, number>> = {
  "key share": 0,
  share: 1,
  "no key update": 2,
  update: 3,
};
const conflicts: ReadonlyArray<readonly boolean[]> = [
  [false, false, false, true],
  [false, false, true, true],
  [false, true, true, true],
  [true, true, true, true],
];

export function rowLocksConflict(a: RowLockMode, b: RowLockMode): boolean {
  return conflicts[strength[a]]?.[strength[b]] === true;
}

export function isStronger(a: RowLockMode, b: RowLockMode): boolean {
  return strength[a] > strength[b];
}

/** Locks on a version that still count; forgets the others. */
export function activeLockers(tuple: Tuple): readonly RowLock[] {
  if (tuple.lockers === null) return [];
  const active = tuple.lockers.filter((lock) => isActive(lock.xact));
  tuple.lockers = active.length === 0 ? null : active;
  return active;
}
