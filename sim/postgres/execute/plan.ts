/** A compiled statement, and what running one needs besides expressions. */
import type { TableDef, ForeignKeyDef } from "../catalog/catalog.js";
import type { LockManager, LockOwner, LockWait } from "../locks/lock-manager.js";
import type { RowLockMode, Snapshot, Tuple } from "../storage/tuple.js";
import type { Xact } from "../storage/xact.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import type { Env, Runtime, Wait } from "./env.js";

export interface OutputColumn {
  readonly name: string;
  readonly type: PgType;
  readonly tableId: number;
  /** One-based place in the table, 0 for expressions. */
  readonly column: number;
}

export interface Outcome {
  /** Such as `SELECT 3` or `INSERT 0 1`. */
  readonly tag: string;
  readonly rowCount: number | null;
  /** Null for statements that return no rows at all. */
  readonly columns: readonly OutputColumn[] | null;
  readonly rows: readonly Row[];
}

/** A running statement. */
export type Run<T> = Generator<Wait, T, void>;

export interface Plan {
  readonly command: "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "OTHER";
  /** How messages call it, when not by its command: `SELECT FOR UPDATE`. */
  readonly label?: string;
  readonly parameterTypes: readonly PgType[];
  /** Null when the statement returns no rows. */
  readonly columns: readonly OutputColumn[] | null;
  /** Tables it touches, with the mode of the table lock. */
  readonly tables: ReadonlyArray<readonly [TableDef, number]>;
  /** Whether it needs a transaction that may write. */
  readonly writes: boolean;
  /** Set when it never waits. */
  readonly runNow?: (execution: Execution, parameters: readonly Value[]) => Outcome;
  run(execution: Execution, parameters: readonly Value[]): Run<Outcome>;
}

/** The surroundings of one running statement. */
export interface Execution {
  readonly runtime: Runtime;
  readonly snapshot: Snapshot;
  /** The innermost open part of the transaction: what it writes is written by this. */
  readonly xact: Xact;
  /** Whether a row changed since the snapshot is an error instead of being read again. */
  readonly repeatable: boolean;
  readonly locks: LockManager;
  readonly owner: LockOwner;
  /** Waits for the end of a transaction; null when it ended. */
  waitForEnd(xact: Xact): LockWait | null;
  /** Takes the place in the queue for a row. */
  queueFor(tuple: Tuple, mode: RowLockMode): { readonly wait: LockWait | null; release(): void };
  /**
   * Records a new row version and one it replaces; either may be null. Entering the new one into the indexes is
   * up to the caller, because it may have to wait there.
   *
   * @param mode - How strongly the replaced version is locked by this.
   */
  write(table: TableDef, before: Tuple | null, after: Tuple | null, mode: RowLockMode): void;
  /** An execution that sees what this one wrote so far. */
  next(options?: { readonly fresh: boolean }): Execution;
  /** Foreign keys to look at once the statement is done. */
  readonly checks: Array<() => Run<void>>;
  readonly references: (tableId: number) => readonly ForeignKeyDef[];
}

/** A run that never waits. */
export function* runAtOnce<T>(work: () => T): Run<T> {
  const waits: Wait[] = [];
  yield* waits;
  return work();
}

export function createEnv(execution: Execution, parameters: readonly Value[]): Env {
  return { runtime: execution.runtime, parameters, rows: [], aggregates: [] };
}
