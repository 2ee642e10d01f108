/** The row images of one table in the order they were written, and their indexes. */
import type { IndexDef, IndexKey } from "../catalog/catalog.js";
import type { Row } from "../types/value.js";

type Bucket = Tuple | Set<Tuple>;

export interface Heap {
  readonly tuples: Set<Tuple>;
  /** Adds a version to the table and to all indexes. */
  insert(tuple: Tuple): void;
  /** Adds a version to one index; it stands in the table already. */
  enter(tuple: Tuple, index: IndexDef): void;
  remove(tuple: Tuple): void;
  /** Builds an index over what is there already. */
  addIndex(index: IndexDef): void;
  /** Every version with that key, whoever may see it. */
  lookup(index: IndexDef, key: IndexKey): Iterable<Tuple>;
}

const nothing: readonly Tuple[] = [];

function addTo(buckets: Map<IndexKey, Bucket>, key: IndexKey, tuple: Tuple): void {
  const found = buckets.get(key);
  if (found === undefined) buckets.set(key, tuple);
  else if (found instanceof Set) found.add(tuple);
  else buckets.set(key, new Set([found, tuple]));
}

function removeFrom(buckets: Map<IndexKey, Bucket>, key: IndexKey, tuple: Tuple): void {
  const found = buckets.get(key);
  if (found === tuple) buckets.delete(key);
  else if (found instanceof Set) {
    found.delete(tuple);
    if (found.size === 0) buckets.delete(key);
  }
}

export function createHeap(indexes: readonly IndexDef[]): Heap {
  const tuples = new Set<Tuple>();
  const byIndex = new Map<number, { index: IndexDef; buckets: Map<IndexKey, Bucket> }>();
  const heap: Heap = {
    tuples,
    insert(tuple) {
      tuples.add(tuple);
      for (const { index, buckets } of byIndex.values()) {
        const key = index.keyOf(tuple.values);
        if (key !== null) addTo(buckets, key, tuple);
      }
    },
    enter(tuple, index) {
      const buckets = byIndex.get(index.id)?.buckets;
      const key = index.keyOf(tuple.values);
      if (buckets !== undefined && key !== null) addTo(buckets, key, tuple);
    },
    remove(tuple) {
      if (!tuples.delete(tuple)) return;
      for (const { index, buckets } of byIndex.values()) {
        const key = index.keyOf(tuple.values);
        if (key !== null) removeFrom(buckets, key, tuple);
      }
    },
    addIndex(index) {
      const buckets = new Map<IndexKey, Bucket>();
      byIndex.set(index.id, { index, buckets });
      for (const tuple of tuples) {
        const key = index.keyOf(tuple.values);
        if (key !== null) addTo(buckets, key, tuple);
      }
    },
    lookup(index, key) {
      const found = byIndex.get(index.id)?.buckets.get(key);
      if (found === undefined) return nothing;
      return found instanceof Set ? found : [found];
    },
  };
  for (const index of indexes) heap.addIndex(index);
  return heap;
}

// Transactions and subtransactions as row versions see them.

export interface Xact {
  readonly id: number;
  /** The whole transaction; itself unless this is a savepoint's part. */
  readonly top: Xact;
  readonly parent: Xact | null;
  status: "active" | "committed" | "aborted";
  /** Place in the order of commits; meaningful once committed, and only on the top. */
  commitSeq: number;
}

export function createXact(id: number, parent: Xact | null): Xact {
  const xact = { id, parent, status: "active" as const, commitSeq: 0 };
  const whole = xact as Omit<Xact, "top"> & { top: Xact };
  whole.top = parent === null ? whole : parent.top;
  return whole;
}

/** Rows that were there when the server was made. */
export const frozenXact: Xact = Object.freeze(
  (() => {
    const xact = createXact(0, null);
    xact.status = "committed";
    return xact;
  })(),
);

/** True once the part, or anything around it, was rolled back. */
export function isAborted(xact: Xact): boolean {
  for (let part: Xact | null = xact; part !== null; part = part.parent) {
    if (part.status === "aborted") return true;
  }
  return false;
}

export function isCommitted(xact: Xact): boolean {
  return xact.top.status === "committed" && !isAborted(xact);
}

export function isActive(xact: Xact): boolean {
  return xact.top.status === "active" && !isAborted(xact);
}

// Row images: one version of one row, who wrote it, who replaced it, who holds a lock on it.

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
