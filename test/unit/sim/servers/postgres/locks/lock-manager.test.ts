import { expect, test } from "vitest";

import {
  createLockManager,
  isInCycle,
  lockModes,
  type LockOwner,
  type LockTag,
} from "../../../../../../sim/servers/postgres/locks/lock-manager.js";

const [a, b, c, d]: readonly [LockOwner, LockOwner, LockOwner, LockOwner] = [
  { id: 1 },
  { id: 2 },
  { id: 3 },
  { id: 4 },
];
const table = (label = "t"): LockTag => ({ kind: "relation", label });
const { accessShare, rowExclusive, share, exclusive, accessExclusive } = lockModes;

// "Conflicting Lock Modes" of PostgreSQL's manual, chapter "Explicit Locking": a row for each mode requested, an X for
// each mode held that is in its way.
const manual = [
  "       X",
  "      XX",
  "    XXXX",
  "   XXXXX",
  "  XX XXX",
  "  XXXXXX",
  " XXXXXXX",
  "XXXXXXXX",
];

test("two modes conflict exactly where PostgreSQL's manual says so", () => {
  const found = Object.values(lockModes).map((wanted) =>
    Object.values(lockModes)
      .map((heldMode) => {
        const locks = createLockManager();
        const tag = table();
        locks.acquire(a, tag, heldMode);
        return locks.tryAcquire(b, tag, wanted) ? " " : "X";
      })
      .join(""),
  );
  expect(found).toEqual(manual);
});

test("an owner is never in its own way", () => {
  const locks = createLockManager();
  const tag = table();
  expect(locks.acquire(a, tag, accessExclusive)).toBeNull();
  expect(locks.acquire(a, tag, accessShare)).toBeNull();
  expect(locks.isHeld(a, tag, accessShare)).toBe(true);
  expect(locks.isHeld(a, tag, share)).toBe(false);
  expect(locks.isHeld(b, tag, accessShare)).toBe(false);
  expect(locks.isHeld(a, table(), accessShare)).toBe(false);
});

test("what was acquired twice is held until it was released twice", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, exclusive);
  locks.acquire(a, tag, exclusive);
  expect(locks.held()).toEqual([{ owner: a, tag, mode: exclusive }]);
  expect(locks.release(a, tag, exclusive)).toBe(true);
  expect(locks.tryAcquire(b, tag, exclusive)).toBe(false);
  expect(locks.release(a, tag, exclusive)).toBe(true);
  expect(locks.release(a, tag, exclusive)).toBe(false);
  expect(locks.held()).toEqual([]);
  expect(locks.tryAcquire(b, tag, exclusive)).toBe(true);
});

test("releasing takes the lock of that owner and that mode, and no other", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, accessShare);
  locks.acquire(b, tag, accessShare);
  locks.acquire(b, tag, rowExclusive);
  expect(locks.release(c, tag, accessShare)).toBe(false);
  expect(locks.release(a, tag, rowExclusive)).toBe(false);
  expect(locks.release(b, tag, accessShare)).toBe(true);
  expect(locks.held()).toEqual([
    { owner: a, tag, mode: accessShare },
    { owner: b, tag, mode: rowExclusive },
  ]);
});

test("waiters are granted first come, first served, each told once when it holds the lock", () => {
  const locks = createLockManager();
  const tag = table();
  const granted: string[] = [];
  locks.acquire(a, tag, exclusive);
  for (const [name, owner] of [
    ["b", b],
    ["c", c],
  ] as const) {
    const wait = locks.acquire(owner, tag, exclusive);
    expect(wait).toMatchObject({ owner, tag, mode: exclusive });
    if (wait !== null)
      wait.onGranted = () => granted.push(`${name} holds: ${locks.isHeld(owner, tag, exclusive)}`);
  }
  expect(locks.waits().map(({ owner }) => owner)).toEqual([b, c]);
  locks.release(a, tag, exclusive);
  expect(granted).toEqual(["b holds: true"]);
  expect([locks.waitOf(b), locks.waitOf(c)?.owner]).toEqual([null, c]);
  locks.release(b, tag, exclusive);
  expect(granted).toEqual(["b holds: true", "c holds: true"]);
  expect(locks.waits()).toEqual([]);
});

test("a newcomer does not overtake a waiter it conflicts with, and passes one it does not", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, accessShare);
  const writer = locks.acquire(b, tag, accessExclusive);
  expect(writer).not.toBeNull();
  // A reader would be compatible with the holder; the writer that waits comes first.
  expect(locks.tryAcquire(c, tag, accessShare)).toBe(false);
  expect(locks.acquire(c, tag, accessShare)).not.toBeNull();
  // Who holds the table already would only wait for itself.
  expect(locks.tryAcquire(a, tag, accessShare)).toBe(true);

  const other = table();
  locks.acquire(a, other, share);
  locks.acquire(b, other, rowExclusive);
  expect(locks.tryAcquire(d, other, accessShare)).toBe(true);
});

test("when a lock is released all waiters that fit together go on, but none past an earlier conflict", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, accessExclusive);
  locks.acquire(b, tag, share);
  locks.acquire(c, tag, share);
  locks.acquire(d, tag, rowExclusive);
  locks.release(a, tag, accessExclusive);
  expect([locks.isHeld(b, tag, share), locks.isHeld(c, tag, share)]).toEqual([true, true]);
  expect(locks.waits().map(({ owner }) => owner)).toEqual([d]);
  locks.release(b, tag, share);
  expect(locks.isHeld(d, tag, rowExclusive)).toBe(false);
  locks.release(c, tag, share);
  expect(locks.isHeld(d, tag, rowExclusive)).toBe(true);
});

test("a wait behind a conflicting waiter is not granted with the one before", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, accessExclusive);
  locks.acquire(b, tag, exclusive);
  locks.acquire(c, tag, rowExclusive);
  locks.acquire(d, tag, accessShare);
  locks.release(a, tag, accessExclusive);
  expect(locks.waits().map(({ owner }) => owner)).toEqual([c]);
  expect(locks.isHeld(d, tag, accessShare)).toBe(true);
});

test("a lock that is released lets nobody past a waiter that must still wait", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, share);
  locks.acquire(b, tag, share);
  locks.acquire(c, tag, exclusive);
  // It would fit beside the holders.
  locks.acquire(d, tag, lockModes.rowShare);
  locks.release(b, tag, share);
  expect(locks.waits().map(({ owner }) => owner)).toEqual([c, d]);
  locks.release(a, tag, share);
  expect(locks.waits().map(({ owner }) => owner)).toEqual([d]);
});

test("giving up a wait lets those behind it go on, and is remembered nowhere", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, accessShare);
  const writer = locks.acquire(b, tag, accessExclusive);
  locks.acquire(c, tag, accessShare);
  if (writer === null) throw new Error("the writer waits");
  locks.cancel(writer);
  expect(locks.isHeld(c, tag, accessShare)).toBe(true);
  expect([locks.waitOf(b), locks.waits()]).toEqual([null, []]);
  // A second time there is nothing to give up, whoever waits by then.
  const next = locks.acquire(d, tag, accessExclusive);
  locks.cancel(writer);
  expect(locks.waitOf(d)).toBe(next);
});

test("blockers are the holders in the way, then the waiters ahead, each once", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, accessShare);
  locks.acquire(a, tag, rowExclusive);
  locks.acquire(b, tag, accessShare);
  locks.acquire(c, tag, accessExclusive);
  locks.acquire(d, tag, accessShare);
  expect(locks.blockers(c)).toEqual([a, b]);
  expect(locks.blockers(d)).toEqual([c]);
  expect(locks.blockers(a)).toEqual([]);
});

test("an owner that holds a lock and waits for more of it does not block itself", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, share);
  locks.acquire(b, tag, share);
  locks.acquire(a, tag, rowExclusive);
  expect(locks.blockers(a)).toEqual([b]);
  expect(isInCycle(locks, a)).toBeNull();
});

test("a cycle of waits is found from each of its owners, in the order of waiting", () => {
  const locks = createLockManager();
  const [first, second, third] = [table("1"), table("2"), table("3")];
  locks.acquire(a, first, exclusive);
  locks.acquire(b, second, exclusive);
  locks.acquire(c, third, exclusive);
  locks.acquire(a, second, exclusive);
  locks.acquire(b, third, exclusive);
  expect(isInCycle(locks, a)).toBeNull();
  locks.acquire(c, first, exclusive);
  expect(isInCycle(locks, a)).toEqual([a, b, c]);
  expect(isInCycle(locks, c)).toEqual([c, a, b]);
  // Who only waits for a cycle is no part of it.
  locks.acquire(d, first, exclusive);
  expect(isInCycle(locks, d)).toBeNull();
});

test("a cycle through the second blocker is found after the first led nowhere", () => {
  const locks = createLockManager();
  const [shared, own] = [table("shared"), table("own")];
  locks.acquire(a, shared, share);
  locks.acquire(b, shared, share);
  locks.acquire(c, own, exclusive);
  locks.acquire(c, shared, exclusive);
  locks.acquire(b, own, exclusive);
  expect(isInCycle(locks, c)).toEqual([c, b]);
});

test("a crash forgets all locks and all waits", () => {
  const locks = createLockManager();
  const tag = table();
  locks.acquire(a, tag, exclusive);
  locks.acquire(b, tag, exclusive);
  locks.clear();
  expect([locks.held(), locks.waits(), locks.waitOf(b)]).toEqual([[], [], null]);
  expect(locks.tryAcquire(c, tag, exclusive)).toBe(true);
});
