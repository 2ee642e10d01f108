/**
 * Histories after Cahill, Fekete and Röhm (SIGMOD 2008) and Ports and Grittner (VLDB 2012): which of them PostgreSQL
 * lets commit. `R -> W` says that W overwrote what R, which was open beside it, had read.
 */
import { describe, expect, test } from "vitest";

import type { IndexDef, TableDef } from "../../../../../../sim/servers/postgres/catalog/catalog.js";
import { createSerializability } from "../../../../../../sim/servers/postgres/locks/serializable.js";
import {
  createTuple,
  createXact,
  frozenXact,
  type Tuple,
  type Xact,
} from "../../../../../../sim/servers/postgres/storage/heap.js";

const nobodyRefused = "committed";

function createHistory(indexes: readonly IndexDef[] = []) {
  const check = createSerializability();
  const table = { id: 1, indexes } as unknown as TableDef;
  let commits = 0;
  let ids = 0;
  const row = (key = 0): Tuple => createTuple(table.id, [key], frozenXact, 0);
  return {
    check,
    table,
    row,
    begin(kind?: "read only"): Xact {
      const xact = createXact(++ids, null);
      check.begin(xact, kind === "read only");
      return xact;
    },
    read(xact: Xact, tuple: Tuple): void {
      check.readVersion(xact, tuple, true);
      check.readTuple(xact, tuple);
    },
    write(xact: Xact, tuple: Tuple, key = 0): void {
      check.write(xact, table, tuple, createTuple(table.id, [key], xact, 0));
      tuple.xmax = xact;
    },
    insert(xact: Xact, key = 0): Tuple {
      const tuple = createTuple(table.id, [key], xact, 0);
      check.write(xact, table, null, tuple);
      return tuple;
    },
    commit(xact: Xact): string {
      try {
        check.beforeCommit(xact);
      } catch (error) {
        return (error as { code: string }).code;
      }
      xact.status = "committed";
      xact.commitSeq = ++commits;
      check.ended(xact, true);
      return nobodyRefused;
    },
    rollback(xact: Xact): void {
      xact.status = "aborted";
      check.ended(xact, false);
    },
  };
}

const refused = (): unknown => expect.objectContaining({ code: "40001" });

function codeOf(action: () => unknown): string {
  try {
    action();
    return "passed";
  } catch (error) {
    expect(error).toEqual(refused());
    return "refused";
  }
}

test("write skew: of two that read both rows and write one each, the first to commit wins", () => {
  const { begin, read, write, commit, row } = createHistory();
  const [x, y] = [row(), row()];
  const [one, two] = [begin(), begin()];
  for (const xact of [one, two]) for (const tuple of [x, y]) read(xact, tuple);
  write(one, x);
  write(two, y);
  expect(commit(one)).toBe("committed");
  expect(commit(two)).toBe("40001");
});

test("write skew is found too when the second reads what the first has overwritten and committed", () => {
  const { begin, read, write, commit, row } = createHistory();
  const [x, z] = [row(), row()];
  const [one, two] = [begin(), begin()];
  read(one, z);
  write(two, z);
  write(one, x);
  expect(commit(one)).toBe("committed");
  expect(codeOf(() => read(two, x))).toBe("refused");
});

test("one who reads and another who overwrites it are two in a row: both commit", () => {
  const { begin, read, write, commit, row } = createHistory();
  const x = row();
  const [reader, writer] = [begin(), begin()];
  read(reader, x);
  write(writer, x);
  write(reader, row());
  expect([commit(writer), commit(reader)]).toEqual(["committed", "committed"]);
});

test("transactions one after the other are never refused", () => {
  const { begin, read, write, commit, row } = createHistory();
  const [x, y] = [row(), row()];
  const beside = begin();
  for (let round = 0; round < 3; round++) {
    const xact = begin();
    read(xact, x);
    read(xact, y);
    write(xact, round === 1 ? x : y);
    expect(commit(xact)).toBe("committed");
    x.xmax = null;
    y.xmax = null;
  }
  expect(commit(beside)).toBe("committed");
});

describe("R -> W -> F, F committed", () => {
  /** W has read what F, by now committed, has overwritten. */
  function start(first: "R begins before F commits" | "R begins after", kind?: "read only") {
    const history = createHistory();
    const [x, y] = [history.row(), history.row()];
    const [w, f] = [history.begin(), history.begin()];
    const early = first === "R begins before F commits" ? history.begin(kind) : undefined;
    history.read(w, y);
    history.write(f, y);
    const commitF = (): void => expect(history.commit(f)).toBe("committed");
    if (early === undefined) commitF();
    return { ...history, x, y, w, f, r: early ?? history.begin(kind), commitF };
  }

  test("W is refused when it writes what R has read", () => {
    const { read, write, commitF, r, w, x } = start("R begins before F commits");
    read(r, x);
    commitF();
    expect(codeOf(() => write(w, x))).toBe("refused");
  });

  test("W is refused at its next step when R reads what W has written, and R goes on", () => {
    const { read, write, commit, commitF, r, w, x, row } = start("R begins before F commits");
    write(w, x);
    commitF();
    expect(codeOf(() => read(r, x))).toBe("passed");
    expect(codeOf(() => read(w, row()))).toBe("refused");
    expect(codeOf(() => write(w, row()))).toBe("refused");
    expect([commit(w), commit(r)]).toEqual(["40001", "committed"]);
  });

  test("R is refused when W has committed already", () => {
    const { read, write, commit, commitF, r, w, x } = start("R begins before F commits");
    write(w, x);
    commitF();
    expect(commit(w)).toBe("committed");
    expect(codeOf(() => read(r, x))).toBe("refused");
  });

  test("nobody is refused when R has committed before F: R, W, F is an order", () => {
    const { read, write, commit, commitF, r, w, x } = start("R begins before F commits");
    read(r, x);
    expect(commit(r)).toBe("committed");
    commitF();
    expect(codeOf(() => write(w, x))).toBe("passed");
    expect(commit(w)).toBe("committed");
  });

  test("W is refused when R has committed after F", () => {
    const { read, write, commit, r, w, x } = start("R begins after");
    read(r, x);
    expect(commit(r)).toBe("committed");
    expect(codeOf(() => write(w, x))).toBe("refused");
  });

  test("a read-only R is in the way only when its snapshot shows what F did", () => {
    const before = start("R begins before F commits", "read only");
    before.read(before.r, before.x);
    before.commitF();
    expect(codeOf(() => before.write(before.w, before.x))).toBe("passed");
    const after = start("R begins after", "read only");
    after.read(after.r, after.x);
    expect(codeOf(() => after.write(after.w, after.x))).toBe("refused");
  });

  test("a read-only R that comes after W has committed is refused only when its snapshot shows what F did", () => {
    const before = start("R begins before F commits", "read only");
    before.write(before.w, before.x);
    before.commitF();
    before.commit(before.w);
    expect(codeOf(() => before.read(before.r, before.x))).toBe("passed");
    const after = start("R begins after", "read only");
    after.write(after.w, after.x);
    after.commit(after.w);
    expect(codeOf(() => after.read(after.r, after.x))).toBe("refused");
  });

  test("what W has read itself, or a reader that has to go, is not in its way", () => {
    const own = start("R begins before F commits");
    own.read(own.w, own.x);
    own.commitF();
    expect(codeOf(() => own.write(own.w, own.x))).toBe("passed");

    const doomed = start("R begins before F commits");
    const { read, write, commitF, commit, begin, row, r, w, x } = doomed;
    // R is a pivot of its own: it read what `last` overwrote, and wrote what `first` had read.
    const [first, last] = [begin(), begin()];
    const [p, q] = [row(), row()];
    read(first, p);
    write(r, p);
    read(r, q);
    read(r, x);
    write(last, q);
    expect(commit(last)).toBe("committed");
    commitF();
    expect(codeOf(() => write(w, x))).toBe("passed");
    expect(commit(r)).toBe("40001");
  });

  test("a reader that was rolled back is in nobody's way", () => {
    const { read, write, rollback, commitF, r, w, x } = start("R begins before F commits");
    read(r, x);
    rollback(r);
    commitF();
    expect(codeOf(() => write(w, x))).toBe("passed");
  });
});

describe("I -> R -> W, W committed: R is refused when it reads what W has overwritten", () => {
  function start(kind?: "read only") {
    const history = createHistory();
    const [x, z] = [history.row(), history.row()];
    return { ...history, x, z, i: history.begin(), r: history.begin(), w: history.begin(), kind };
  }

  test("while I is open", () => {
    const { read, write, commit, x, z, i, r, w } = start();
    read(i, z);
    write(r, z);
    write(w, x);
    expect(commit(w)).toBe("committed");
    expect(codeOf(() => read(r, x))).toBe("refused");
  });

  test("when I has committed after W, not when before", () => {
    const after = start();
    after.read(after.i, after.z);
    after.write(after.r, after.z);
    after.write(after.w, after.x);
    after.commit(after.w);
    after.commit(after.i);
    expect(codeOf(() => after.read(after.r, after.x))).toBe("refused");

    const before = start();
    before.read(before.i, before.z);
    before.write(before.r, before.z);
    before.write(before.w, before.x);
    before.commit(before.i);
    before.commit(before.w);
    expect(codeOf(() => before.read(before.r, before.x))).toBe("passed");
    expect(before.commit(before.r)).toBe("committed");
  });

  test("by a read-only I only when its snapshot shows what W did", () => {
    for (const [when, outcome] of [
      ["before", "passed"],
      ["after", "refused"],
    ] as const) {
      const { begin, read, write, commit, x, z, r, w } = start();
      const early = when === "before" ? begin("read only") : undefined;
      write(w, x);
      expect(commit(w)).toBe("committed");
      const i = early ?? begin("read only");
      read(i, z);
      write(r, z);
      expect(codeOf(() => read(r, x))).toBe(outcome);
    }
  });

  test("not while W is open: whoever commits first decides", () => {
    const { read, write, commit, x, z, i, r, w } = start();
    read(i, z);
    write(r, z);
    write(w, x);
    expect(codeOf(() => read(r, x))).toBe("passed");
    expect([commit(i), commit(r), commit(w)]).toEqual(["committed", "committed", "committed"]);
  });
});

describe("I -> N -> P, P commits first", () => {
  function start(kind?: "read only") {
    const history = createHistory();
    const { begin, read, write, row } = history;
    const [x, z] = [row(), row()];
    const [n, p] = [begin(), begin()];
    const i = begin(kind);
    read(i, z);
    write(n, z);
    read(n, x);
    write(p, x);
    return { ...history, i, n, p };
  }

  test("N has to go while I is open", () => {
    const { commit, i, n, p } = start();
    expect([commit(p), commit(n), commit(i)]).toEqual(["committed", "40001", "committed"]);
  });

  test("nobody has to go when I has committed, was rolled back, or only reads", () => {
    const committed = start();
    expect([
      committed.commit(committed.i),
      committed.commit(committed.p),
      committed.commit(committed.n),
    ]).toEqual(["committed", "committed", "committed"]);
    const gone = start();
    gone.rollback(gone.i);
    expect([gone.commit(gone.p), gone.commit(gone.n)]).toEqual(["committed", "committed"]);
    const reads = start("read only");
    expect([reads.commit(reads.p), reads.commit(reads.n)]).toEqual(["committed", "committed"]);
  });

  test("nobody has to go when P was rolled back", () => {
    const { commit, rollback, i, n, p } = start();
    rollback(p);
    expect([commit(n), commit(i)]).toEqual(["committed", "committed"]);
  });

  test("an N that has committed counts on as what it was", () => {
    const { begin, read, write, commit, row } = createHistory();
    const [y, w, q, z] = [row(), row(), row(), row()];
    const [x, f, n, i, p] = [begin(), begin(), begin(), begin(), begin()];
    read(x, y);
    write(f, y);
    expect(commit(f)).toBe("committed");
    read(n, w);
    read(n, q);
    read(i, z);
    write(n, z);
    expect(commit(n)).toBe("committed");
    write(p, q);
    expect(commit(p)).toBe("committed");
    // n -> x -> f, and f committed first.
    expect(codeOf(() => write(x, w))).toBe("refused");
  });
});

test("one that has to go is told by a scan that finds rows; an empty one tells it nothing", () => {
  const { begin, read, write, commit, row, check, table } = createHistory();
  const [x, y] = [row(), row()];
  const [one, two] = [begin(), begin()];
  for (const xact of [one, two]) for (const tuple of [x, y]) read(xact, tuple);
  write(one, x);
  write(two, y);
  commit(one);
  expect(codeOf(() => check.readScan(two, table, null, null, 0))).toBe("passed");
  expect(codeOf(() => check.readScan(two, table, null, null, 1))).toBe("refused");
});

test("a read-only transaction that begins beside no writer is never checked", () => {
  const { begin, read, row, write, commit } = createHistory();
  const reader = begin("read only");
  const second = begin("read only");
  const x = row();
  read(reader, x);
  const writer = begin();
  write(writer, x);
  expect([commit(writer), commit(reader), commit(second)]).toEqual(["committed", "committed", "committed"]);
});

test("what ended stays no longer than those that were open beside it", () => {
  const { begin, read, write, commit, row } = createHistory();
  const [x, y, z] = [row(), row(), row()];
  const [a, b, c] = [begin(), begin(), begin()];
  read(c, z);
  expect(commit(c)).toBe("committed");
  // The others are still open, and still checked.
  for (const xact of [a, b]) for (const tuple of [x, y]) read(xact, tuple);
  write(a, x);
  write(b, y);
  expect([commit(a), commit(b)]).toEqual(["committed", "40001"]);
});

// Predicates: rows that are not there yet.

const index = { id: 7, keyOf: ([value]: readonly unknown[]) => value } as unknown as IndexDef;

/** Two that look for a key and insert one each. */
function inserted(
  rowCount: number,
  looked: readonly [number, number],
  keys: readonly [number, number],
): string[] {
  const { begin, insert, commit, check, table } = createHistory([index]);
  const [one, two] = [begin(), begin()];
  check.readScan(one, table, index, looked[0], rowCount);
  check.readScan(two, table, index, looked[1], rowCount);
  insert(one, keys[0]);
  insert(two, keys[1]);
  return [commit(one), commit(two)];
}

test("a key of a large index that is looked for is a read of that key alone", () => {
  expect(inserted(1000, [1, 2], [2, 1])).toEqual(["committed", "40001"]);
  expect(inserted(1000, [1, 2], [3, 4])).toEqual(["committed", "committed"]);
});

test("in a small index, up to 250 keys, one page holds all keys", () => {
  expect(inserted(250, [1, 2], [3, 4])).toEqual(["committed", "40001"]);
  expect(inserted(251, [1, 2], [3, 4])).toEqual(["committed", "committed"]);
});

test("a scan without an index is a read of the whole table", () => {
  const { begin, insert, commit, check, table } = createHistory([index]);
  const [one, two] = [begin(), begin()];
  for (const xact of [one, two]) check.readScan(xact, table, null, null, 1000);
  insert(one, 1);
  insert(two, 2);
  expect([commit(one), commit(two)]).toEqual(["committed", "40001"]);
});

test("an update that changes no key leaves the readers of the index alone, one that changes a key does not", () => {
  for (const [key, outcome] of [
    [0, "committed"],
    [5, "40001"],
  ] as const) {
    const { begin, write, commit, row, check, table } = createHistory([index]);
    const [one, two] = [begin(), begin()];
    for (const xact of [one, two]) check.readScan(xact, table, index, 1, 10);
    write(one, row(0), key);
    write(two, row(0), key);
    expect([commit(one), commit(two)]).toEqual(["committed", outcome]);
  }
});

test("a delete meets the readers of the row, not those of a key", () => {
  const { begin, commit, row, read, check, table } = createHistory([index]);
  const [x, y] = [row(1), row(2)];
  const [one, two] = [begin(), begin()];
  read(one, y);
  read(two, x);
  check.write(one, table, x, null);
  check.write(two, table, y, null);
  expect([commit(one), commit(two)]).toEqual(["committed", "40001"]);
});

test("a key that is refused as a duplicate is met as if it had been written", () => {
  const { begin, commit, check, table } = createHistory([index]);
  const [one, two] = [begin(), begin()];
  check.readScan(one, table, index, 1, 1000);
  check.readScan(two, table, index, 2, 1000);
  check.touchKey(one, index, 2);
  check.touchKey(two, index, 1);
  expect([commit(one), commit(two)]).toEqual(["committed", "40001"]);
});

test("a version that a scan passes over because its writer is not in the snapshot was written beside it", () => {
  const { begin, insert, commit, row, read, write, check } = createHistory();
  const [x] = [row()];
  const [one, two] = [begin(), begin()];
  const fresh = insert(two);
  read(two, x);
  check.readVersion(one, fresh, false);
  write(one, x);
  expect([commit(one), commit(two)]).toEqual(["committed", "40001"]);
});

test("own versions, those of a part that was rolled back, and those of unchecked transactions are no conflict", () => {
  const { begin, insert, commit, row, read, write, check } = createHistory();
  const x = row();
  const [one, two] = [begin(), begin()];
  check.readVersion(one, insert(one), false);
  const part = createXact(99, two);
  part.status = "aborted";
  check.readVersion(one, createTuple(1, [0], part, 0), false);
  check.readVersion(one, createTuple(1, [0], createXact(98, null), 0), false);
  read(two, x);
  write(one, x);
  expect([commit(one), commit(two)]).toEqual(["committed", "committed"]);
});

test("a version that its writer had deleted and committed before the snapshot is no conflict", () => {
  const { begin, insert, commit, row, read, write, check } = createHistory();
  const [beside, writer] = [begin(), begin()];
  const gone = insert(writer);
  gone.xmax = writer;
  expect(commit(writer)).toBe("committed");
  const [one, two] = [begin(), begin()];
  const z = row();
  check.readVersion(one, gone, false);
  read(two, z);
  expect(codeOf(() => write(one, z))).toBe("passed");
  expect([commit(one), commit(two), commit(beside)]).toEqual(["committed", "committed", "committed"]);
});
