/**
 * SERIALIZABLE as PostgreSQL does it: serializable snapshot isolation.
 *
 * Reads leave marks that never block. A read of what a concurrent transaction overwrote, in either order, makes an
 * edge from reader to writer. A transaction with an edge in and an edge out, whose far end committed first, is a
 * pivot, and one of the three has to go. After Ports and Grittner, "Serializable Snapshot Isolation in PostgreSQL",
 * VLDB 2012, including its commit-order and read-only refinements.
 */
import type { IndexDef, IndexKey, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { isAborted, replacedBy, type Tuple, type Xact } from "../storage/heap.js";

/** One serializable transaction, kept until nobody concurrent with it is left. */
interface Party {
  readonly xact: Xact;
  /** Commits of serializable transactions before its snapshot. */
  readonly startedAfter: number;
  readonly readOnly: boolean;
  /** Place among those commits; 0 while it is open. */
  committedAs: number;
  doomed: boolean;
  /** Readers of what it wrote. */
  readonly in: Set<Party>;
  /** Writers of what it read. */
  readonly out: Set<Party>;
  /** Earliest commit among the writers that had committed when it did; 0 for none. */
  earliestOut: number;
}

export interface Serializability {
  begin(xact: Xact, readOnly: boolean): void;
  /** A scan of a whole table, or of one key of an index. @throws DatabaseError 40001 */
  readScan(xact: Xact, table: TableDef, index: IndexDef | null, key: IndexKey | null, rowCount: number): void;
  /** A version the scan came across, shown or not. @throws DatabaseError 40001 */
  readVersion(xact: Xact, tuple: Tuple, visible: boolean): void;
  /** A version the statement used. */
  readTuple(xact: Xact, tuple: Tuple): void;
  /** @throws DatabaseError 40001 */
  write(xact: Xact, table: TableDef, before: Tuple | null, after: Tuple | null): void;
  /** A key about to be refused as a duplicate; the refusal may be a read. @throws DatabaseError 40001 */
  touchKey(xact: Xact, index: IndexDef, key: IndexKey | null): void;
  /** @throws DatabaseError 40001 when the transaction has to go. */
  beforeCommit(xact: Xact): void;
  ended(xact: Xact, committed: boolean): void;
}

/** Keys of an index that share a page in a small table; reading one of them reads them all. */
const keysOfOnePage = 250;

function failure(): DatabaseError {
  return new DatabaseError(
    "40001",
    "could not serialize access due to read/write dependencies among transactions",
    {
      hint: "The transaction might succeed if retried.",
    },
  );
}

const isCommitted = (party: Party): boolean => party.committedAs > 0;

/** Whether an edge from `reader` to `writer` completes a dangerous structure. */
function isDangerous(reader: Party, writer: Party): boolean {
  if (isCommitted(writer) && writer.earliestOut > 0) return true;
  for (const far of writer.out) {
    const firstOfAll =
      isCommitted(far) &&
      (!isCommitted(reader) || far.committedAs <= reader.committedAs) &&
      (!isCommitted(writer) || far.committedAs <= writer.committedAs) &&
      (!reader.readOnly || far.committedAs <= reader.startedAfter);
    if (firstOfAll) return true;
  }
  if (!isCommitted(writer) || reader.readOnly) return false;
  for (const far of reader.in) {
    const later =
      !far.doomed &&
      (!isCommitted(far) || far.committedAs >= writer.committedAs) &&
      (!far.readOnly || far.startedAfter >= writer.committedAs);
    if (later) return true;
  }
  return false;
}

/** Adds an edge. @throws DatabaseError 40001 when `self` is the one to go. */
function connect(reader: Party, writer: Party, self: Party): void {
  if (reader.out.has(writer)) return;
  if (isDangerous(reader, writer)) {
    if (self === writer || isCommitted(writer)) throw failure();
    writer.doomed = true;
  }
  reader.out.add(writer);
  writer.in.add(reader);
}

export function createSerializability(): Serializability {
  const parties = new Map<Xact, Party>();
  /** Who read a version, a table, or a key of an index. */
  const marks = new Map<unknown, Set<Party>>();
  let commits = 0;

  const mark = (party: Party, place: unknown): void => {
    const readers = marks.get(place);
    if (readers === undefined) marks.set(place, new Set([party]));
    else readers.add(party);
  };
  const partyOf = (xact: Xact): Party | null => parties.get(xact) ?? null;

  const requireAlive = (party: Party): void => {
    if (party.doomed) throw failure();
  };

  const keyPlace = (index: IndexDef, key: IndexKey | null): string => `${index.id}=${String(key)}`;
  const pagePlace = (index: IndexDef): string => `${index.id}`;

  const meetReaders = (writer: Party, place: unknown): void => {
    for (const reader of marks.get(place) ?? []) {
      if (reader === writer || reader.doomed) continue;
      const concurrent = !isCommitted(reader) || reader.committedAs > writer.startedAfter;
      if (concurrent) connect(reader, writer, writer);
    }
  };

  const meetKey = (writer: Party, index: IndexDef, key: IndexKey | null): void => {
    meetReaders(writer, pagePlace(index));
    meetReaders(writer, keyPlace(index, key));
  };

  /** Ended transactions matter only to those that were open beside them. */
  const forget = (): void => {
    const open = [...parties.values()].filter((party) => !isCommitted(party));
    if (open.length === 0) {
      parties.clear();
      marks.clear();
      return;
    }
    const oldest = Math.min(...open.map((party) => party.startedAfter));
    for (const [xact, party] of parties) {
      if (!isCommitted(party) || party.committedAs > oldest) continue;
      parties.delete(xact);
      for (const readers of marks.values()) readers.delete(party);
    }
  };

  return {
    begin(xact, readOnly) {
      const others = [...parties.values()].some((party) => !isCommitted(party) && !party.readOnly);
      // A reader that starts beside no writer can never see anything odd.
      if (readOnly && !others) return;
      parties.set(xact, {
        xact,
        startedAfter: commits,
        readOnly,
        committedAs: 0,
        doomed: false,
        in: new Set(),
        out: new Set(),
        earliestOut: 0,
      });
    },
    readScan(xact, table, index, key, rowCount) {
      const party = partyOf(xact);
      if (party === null) return;
      if (rowCount > 0) requireAlive(party);
      if (index === null) mark(party, table.id);
      else mark(party, rowCount <= keysOfOnePage ? pagePlace(index) : keyPlace(index, key));
    },
    readVersion(xact, tuple, visible) {
      const party = partyOf(xact);
      if (party === null) return;
      requireAlive(party);
      const writer = visible ? replacedBy(tuple) : tuple.xmin;
      if (writer === null || writer.top === xact || isAborted(writer)) return;
      const other = partyOf(writer.top);
      if (other === null || (isCommitted(other) && other.committedAs <= party.startedAfter)) return;
      const safe =
        party.readOnly &&
        isCommitted(other) &&
        (other.earliestOut === 0 || party.startedAfter < other.earliestOut);
      if (!safe) connect(party, other, party);
    },
    readTuple(xact, tuple) {
      const party = partyOf(xact);
      if (party !== null) mark(party, tuple);
    },
    write(xact, table, before, after) {
      const party = partyOf(xact);
      if (party === null) return;
      requireAlive(party);
      if (before !== null) meetReaders(party, before);
      meetReaders(party, table.id);
      if (after === null) return;
      // A change that touches no key stays out of the indexes.
      const entersIndexes =
        before === null ||
        table.indexes.some((index) => index.keyOf(before.values) !== index.keyOf(after.values));
      if (entersIndexes) for (const index of table.indexes) meetKey(party, index, index.keyOf(after.values));
    },
    touchKey(xact, index, key) {
      const party = partyOf(xact);
      if (party === null) return;
      // Somebody who committed while this one waited for the key may have decided already.
      requireAlive(party);
      meetKey(party, index, key);
    },
    beforeCommit(xact) {
      const party = partyOf(xact);
      if (party === null) return;
      requireAlive(party);
      for (const near of party.in) {
        if (isCommitted(near) || near.doomed) continue;
        const pivot = [...near.in].some(
          (far) => far === party || (!isCommitted(far) && !far.readOnly && !far.doomed),
        );
        if (pivot) near.doomed = true;
      }
    },
    ended(xact, committed) {
      const party = partyOf(xact);
      if (party === null) return;
      if (committed) {
        commits += 1;
        party.committedAs = commits;
        for (const writer of party.out) {
          if (!isCommitted(writer) || party.readOnly) continue;
          if (party.earliestOut === 0 || writer.committedAs < party.earliestOut)
            party.earliestOut = writer.committedAs;
        }
      } else {
        parties.delete(xact);
        for (const reader of party.in) reader.out.delete(party);
        for (const writer of party.out) writer.in.delete(party);
        for (const readers of marks.values()) readers.delete(party);
      }
      forget();
    },
  };
}
