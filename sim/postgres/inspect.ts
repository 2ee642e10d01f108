/** A look into a server from outside, for invariants and tests. Changes nothing. */
import type { TableDef } from "./catalog/catalog.js";
import { SimError } from "../errors.js";
import { committedTuples, type Change, type Counters, type Engine } from "./session/engine.js";
import { createRowReader } from "./session/row-reader.js";
import type { ServerSession } from "./session/session-types.js";
import { isAborted } from "./storage/xact.js";
import type { Tuple } from "./storage/tuple.js";
import type { Row } from "./types/value.js";

export type RowImage = Readonly<Record<string, unknown>>;

/** A row before and after a commit; null when it was not there. */
export interface RowChange {
  readonly table: string;
  /** Values of the primary key, joined by commas. */
  readonly key: string;
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

export interface OpenTransaction {
  readonly pid: number;
  readonly isolation: string;
  readonly failed: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
}

export interface HeldLock {
  readonly pid: number;
  readonly lock: string;
  readonly mode: number;
}

export interface WaitingSession {
  readonly pid: number;
  readonly lock: string;
  /** Pids that keep it waiting. */
  readonly blockedBy: readonly number[];
}

export interface Inspector {
  /** Committed rows in the order they were written, values as `pg` shows them. @throws SimError `SIM_OPTION_INVALID` */
  rows(table: string): RowImage[];
  tables(): readonly string[];
  transactions(): readonly OpenTransaction[];
  locks(): readonly HeldLock[];
  waiters(): readonly WaitingSession[];
  readonly counters: Readonly<Counters>;
  readonly sessionCount: number;
  /** Calls back at each commit that changed rows, with the pid of its session. Returns a function that stops it. */
  onCommit(listener: (changes: readonly RowChange[], pid: number) => void): () => void;
}

// By columns, which are others after each change of a table.
const readers = new WeakMap<TableDef["columns"], (row: Row) => RowImage>();

function imageOf({ columns }: TableDef, row: Row): RowImage {
  const known = readers.get(columns);
  if (known !== undefined) return known(row);
  const read = createRowReader(columns.map((column) => (column.dropped ? undefined : column)));
  readers.set(columns, read);
  return read(row);
}

// What a commit leaves is what the next one finds: the image of a version that stays is made once.
const images = new WeakMap<Tuple, { readonly columns: TableDef["columns"]; readonly image: RowImage }>();

function imageOfTuple(table: TableDef, tuple: Tuple | null): RowImage | null {
  if (tuple === null) return null;
  const { columns } = table;
  const known = images.get(tuple);
  if (known?.columns === columns) return known.image;
  const image = imageOf(table, tuple.values);
  images.set(tuple, { columns, image });
  return image;
}

function keyOf(table: TableDef, row: Row): string {
  const primary = table.indexes.find((index) => index.constraint === "primary key");
  const parts = primary?.partsOf(row) ?? row;
  return parts
    .map((value, at) =>
      value === null ? "" : ((primary?.types[at] ?? table.columns[at]?.type)?.print(value) ?? ""),
    )
    .join(",");
}

/** First and last image of each row; a row that came and went within the transaction is left out. */
function netChanges(changes: readonly Change[]): RowChange[] {
  const first = new Map<Tuple, Tuple | null>();
  const ends: Array<{ table: TableDef; before: Tuple | null; after: Tuple | null }> = [];
  for (const { table, before, after } of changes) {
    const origin = before === null ? null : first.has(before) ? (first.get(before) ?? null) : before;
    if (before !== null) {
      const known = ends.findIndex((end) => end.after === before);
      if (known >= 0) ends.splice(known, 1);
    }
    if (after !== null) first.set(after, origin);
    if (after !== null || origin !== null) ends.push({ table, before: origin, after });
  }
  return ends.map(({ table, before, after }) => ({
    table: table.name,
    key: keyOf(table, after?.values ?? before?.values ?? []),
    before: imageOfTuple(table, before),
    after: imageOfTuple(table, after),
  }));
}

type CommitListener = Parameters<Inspector["onCommit"]>[0];

export function createInspector(engine: Engine, sessions: ReadonlyMap<number, ServerSession>): Inspector {
  const listeners = new Set<{ readonly tell: CommitListener }>();
  // Images of rows are made once for all who listen.
  const tellAll = (changes: readonly Change[], pid: number): void => {
    const net = netChanges(changes.filter((change) => !isAborted(change.xact)));
    for (const { tell } of listeners) tell(net, pid);
  };
  const tableOf = (name: string): TableDef => {
    const table = engine.catalog.tables.get(name);
    if (table !== undefined) return table;
    throw new SimError(
      "SIM_OPTION_INVALID",
      `There is no table ${name}.`,
      `Tables: ${[...engine.catalog.tables.keys()].join(", ")}.`,
    );
  };
  return {
    rows(name) {
      const table = tableOf(name);
      return [...committedTuples(engine, table.id)].map((tuple) => imageOf(table, tuple.values));
    },
    tables: () => [...engine.catalog.tables.keys()],
    transactions: () =>
      [...sessions.values()].flatMap((session) => {
        const transaction = session.transaction();
        if (transaction === null) return [];
        const { isolation, failed, startMicros } = transaction;
        return [{ pid: session.id, isolation, failed, startedAtMs: startMicros / 1000 }];
      }),
    locks: () =>
      engine.locks.held().map(({ owner, tag, mode }) => ({ pid: owner.id, lock: tag.label, mode })),
    waiters: () =>
      engine.locks.waits().map(({ owner, tag }) => ({
        pid: owner.id,
        lock: tag.label,
        blockedBy: engine.locks.blockers(owner).map((blocker) => blocker.id),
      })),
    counters: engine.counters,
    get sessionCount() {
      return sessions.size;
    },
    onCommit(listener) {
      if (listeners.size === 0) engine.commitHooks.push(tellAll);
      const entry = { tell: listener };
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
        const at = engine.commitHooks.indexOf(tellAll);
        if (listeners.size === 0 && at >= 0) engine.commitHooks.splice(at, 1);
      };
    },
  };
}
