/** The row images of one table in the order they were written, and their indexes. */
import type { IndexDef, IndexKey } from "../catalog/catalog.js";
import type { Tuple } from "./tuple.js";

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
