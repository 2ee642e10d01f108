import { describe, expect, test } from "vitest";

import type { IndexDef } from "../../../../../../sim/servers/postgres/catalog/catalog.js";
import {
  activeLockers,
  createHeap,
  createTuple,
  createXact,
  frozenXact,
  isAborted,
  isActive,
  isCommitted,
  isStronger,
  isVisible,
  replacedBy,
  rowLocksConflict,
  type RowLockMode,
  type Tuple,
  type Xact,
} from "../../../../../../sim/servers/postgres/storage/heap.js";

function committed(id: number, seq: number): Xact {
  const xact = createXact(id, null);
  xact.status = "committed";
  xact.commitSeq = seq;
  return xact;
}

function version(xmin: Xact, cmin = 0, key: number | null = 1): Tuple {
  return createTuple(1, [key], xmin, cmin);
}

describe("which version a statement sees", () => {
  const reader = createXact(100, null);
  const seen = (tuple: Tuple, command = 5): boolean => isVisible(tuple, { seq: 10, xact: reader, command });

  test("rows of others once they were committed before the snapshot", () => {
    expect(seen(version(frozenXact))).toBe(true);
    expect(seen(version(committed(1, 9)))).toBe(true);
    expect(seen(version(committed(1, 10)))).toBe(true);
    expect(seen(version(committed(1, 11)))).toBe(false);
    expect(seen(version(createXact(1, null)))).toBe(false);
  });

  test("its own rows from earlier commands, not from its own or later ones", () => {
    expect([4, 5, 6].map((cmin) => seen(version(reader, cmin)))).toEqual([true, false, false]);
  });

  test("not what was written in a savepoint that was rolled back, its own or another's", () => {
    const own = createXact(101, reader);
    expect(seen(version(own, 1))).toBe(true);
    own.status = "aborted";
    expect(seen(version(own, 1))).toBe(false);
    const writer = committed(1, 5);
    const part = createXact(2, writer);
    expect(seen(version(part))).toBe(true);
    part.status = "aborted";
    expect(seen(version(part))).toBe(false);
  });

  test("a row that another deleted, until that is committed before the snapshot", () => {
    const deletedBy = (xmax: Xact): boolean => seen({ ...version(frozenXact), xmax });
    expect(deletedBy(createXact(1, null))).toBe(true);
    expect(deletedBy(committed(1, 11))).toBe(true);
    expect(deletedBy(committed(1, 10))).toBe(false);
    expect(deletedBy(committed(1, 9))).toBe(false);
    const part = createXact(2, committed(1, 9));
    part.status = "aborted";
    expect(deletedBy(part)).toBe(true);
  });

  test("a row that it deleted itself only before that command", () => {
    const deletedAt = (cmax: number, xmax = reader): boolean => seen({ ...version(frozenXact), xmax, cmax });
    expect([4, 5, 6].map((cmax) => deletedAt(cmax))).toEqual([false, true, true]);
    const savepoint = createXact(101, reader);
    expect(deletedAt(1, savepoint)).toBe(false);
    savepoint.status = "aborted";
    expect(deletedAt(1, savepoint)).toBe(true);
  });
});

test("a savepoint ends with what is around it", () => {
  const whole = createXact(1, null);
  const middle = createXact(2, whole);
  const inner = createXact(3, middle);
  expect([inner.top, middle.top, whole.top]).toEqual([whole, whole, whole]);
  expect([isActive(inner), isCommitted(inner), isAborted(inner)]).toEqual([true, false, false]);
  middle.status = "aborted";
  expect([isActive(inner), isCommitted(inner), isAborted(inner)]).toEqual([false, false, true]);
  expect([isActive(whole), isAborted(whole)]).toEqual([true, false]);
  whole.status = "committed";
  expect([isCommitted(whole), isActive(whole), isCommitted(inner)]).toEqual([true, false, false]);
  expect(isCommitted(frozenXact)).toBe(true);
});

test("a version is replaced by whoever deleted it and was not rolled back", () => {
  const tuple = version(frozenXact);
  expect(replacedBy(tuple)).toBeNull();
  const xact = createXact(1, null);
  tuple.xmax = xact;
  expect(replacedBy(tuple)).toBe(xact);
  xact.status = "aborted";
  expect(replacedBy(tuple)).toBeNull();
});

const modes: readonly RowLockMode[] = ["key share", "share", "no key update", "update"];

test("row locks conflict exactly where PostgreSQL's manual says so", () => {
  const table = modes.map((wanted) =>
    modes.map((heldMode) => (rowLocksConflict(wanted, heldMode) ? "X" : " ")).join(""),
  );
  expect(table).toEqual(["   X", "  XX", " XXX", "XXXX"]);
});

test("a row lock is stronger than those before it, not than itself", () => {
  const stronger = modes.flatMap((one) =>
    modes.filter((other) => isStronger(one, other)).map((other) => `${one} > ${other}`),
  );
  expect(stronger).toEqual([
    "share > key share",
    "no key update > key share",
    "no key update > share",
    "update > key share",
    "update > share",
    "update > no key update",
  ]);
});

test("lockers count while their transaction is open; the others are forgotten", () => {
  const [open, ended] = [createXact(1, null), committed(2, 1)];
  const tuple = version(frozenXact);
  expect(activeLockers(tuple)).toEqual([]);
  tuple.lockers = [
    { xact: ended, mode: "share" },
    { xact: open, mode: "share" },
  ];
  expect(activeLockers(tuple).map(({ xact }) => xact)).toEqual([open]);
  expect(tuple.lockers).toHaveLength(1);
  open.status = "aborted";
  expect(activeLockers(tuple)).toEqual([]);
  expect(tuple.lockers).toBeNull();
});

const index = (id: number): IndexDef =>
  ({ id, keyOf: ([value]: readonly unknown[]) => value ?? null }) as unknown as IndexDef;

test("an index finds every version with a key, those that were there before and those that came later", () => {
  const [early, late] = [index(1), index(2)];
  const heap = createHeap([early]);
  const [one, same, third, other] = [1, 1, 1, 2].map((key) => version(frozenXact, 0, key)) as [
    Tuple,
    Tuple,
    Tuple,
    Tuple,
  ];
  for (const tuple of [one, same, other]) heap.insert(tuple);
  heap.addIndex(late);
  heap.insert(third);
  for (const each of [early, late]) {
    expect([...heap.lookup(each, 1)]).toEqual([one, same, third]);
    expect([...heap.lookup(each, 2)]).toEqual([other]);
    expect([...heap.lookup(each, 3)]).toEqual([]);
  }
  expect([...heap.lookup(index(9), 1)]).toEqual([]);
  expect([...heap.tuples]).toEqual([one, same, other, third]);
});

test("a removed version is in no index, and the others with its key stay", () => {
  const only = index(1);
  const heap = createHeap([only]);
  const [one, same, alone] = [1, 1, 2].map((key) => version(frozenXact, 0, key)) as [Tuple, Tuple, Tuple];
  for (const tuple of [one, same, alone]) heap.insert(tuple);
  heap.remove(one);
  heap.remove(alone);
  expect([...heap.lookup(only, 1)]).toEqual([same]);
  expect([...heap.lookup(only, 2)]).toEqual([]);
  heap.remove(same);
  expect([...heap.lookup(only, 1)]).toEqual([]);
  expect(heap.tuples.size).toBe(0);
});

test("what is not in the table is not removed from its indexes", () => {
  const only = index(1);
  const heap = createHeap([only]);
  const elsewhere = version(frozenXact);
  heap.enter(elsewhere, only);
  heap.remove(elsewhere);
  expect([...heap.lookup(only, 1)]).toEqual([elsewhere]);
});

test("versions without a key are in the table and in no index", () => {
  const only = index(1);
  const heap = createHeap([only]);
  const before = version(frozenXact, 0, null);
  heap.insert(before);
  heap.enter(before, only);
  heap.addIndex(index(2));
  expect([...heap.lookup(only, null as never)]).toEqual([]);
  expect([...heap.lookup(index(2), null as never)]).toEqual([]);
  heap.remove(before);
  expect(heap.tuples.size).toBe(0);
});

test("an index that the heap does not have is not entered", () => {
  const heap = createHeap([]);
  const tuple = version(frozenXact);
  heap.insert(tuple);
  heap.enter(tuple, index(1));
  expect([...heap.lookup(index(1), 1)]).toEqual([]);
});
