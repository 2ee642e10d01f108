/** Placeholder */
import type { IndexDef, TableDef } from "../catalog/catalog.js";
import type { IndexKey } from "../storage/heap.js";
import type { Tuple } from "../storage/tuple.js";
import type { Xact } from "../storage/xact.js";

export interface Serializability {
  begin(xact: Xact, snapshotSeq: number, readOnly: boolean): void;
  readScan(xact: Xact, table: TableDef, index: IndexDef | null, key: IndexKey | null): void;
  readTuple(xact: Xact, tuple: Tuple): void;
  write(xact: Xact, table: TableDef, before: Tuple | null, after: Tuple | null): void;
  /** @throws DatabaseError 40001 when the transaction has to go. */
  check(xact: Xact): void;
  beforeCommit(xact: Xact): void;
  ended(xact: Xact, committed: boolean, seq: number): void;
}

export function createSerializability(): Serializability {
  return {
    begin() {},
    readScan() {},
    readTuple() {},
    write() {},
    check() {},
    beforeCommit() {},
    ended() {},
  };
}
