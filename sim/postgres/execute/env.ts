/** What compiled expressions run against, and what compiling them needs to know. */
import type { Statement } from "pgsql-ast-parser";

import type { Catalog, IndexDef, IndexKey, SequenceDef, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type { Heap } from "../storage/heap.js";
import type { Snapshot, Tuple } from "../storage/tuple.js";
import type { Execution, Run } from "./plan.js";
import type { LockWait } from "../locks/lock-manager.js";
import { unsupported } from "./unsupported.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

/** A wait that a running statement hands to its session. */
export type Wait =
  { readonly kind: "lock"; readonly wait: LockWait } | { readonly kind: "sleep"; readonly delayMs: number };

/** What a running statement may ask of its session and server. */
export interface Runtime {
  readonly catalog: Catalog;
  readonly snapshot: Snapshot;
  /** Start of the transaction, of the statement, and now: microseconds since 1970. */
  readonly transactionMicros: number;
  readonly statementMicros: number;
  nowMicros(): number;
  randomBytes(length: number): Uint8Array;
  heap(tableId: number): Heap;
  /** Tells the serializability check what was read: a key of an index, or the whole table without one. */
  noteScan(table: TableDef, index: IndexDef | null, key: IndexKey | null): void;
  noteTuple(tuple: Tuple): void;
  /** Set in serializable transactions: told of every version a scan comes across. */
  readonly noteVersion: ((tuple: Tuple, visible: boolean) => void) | null;
  /** Told of a key that is about to be refused as a duplicate. */
  noteDuplicate(index: IndexDef, key: IndexKey): void;
  nextValue(sequence: SequenceDef): bigint;
  currentValue(sequence: SequenceDef): bigint;
  lastValue(): bigint;
  setValue(sequence: SequenceDef, value: bigint, called: boolean): void;
  setting(name: string): string | null;
  changeSetting(name: string, value: string, local: boolean): void;
  advisory(request: AdvisoryRequest): LockWait | null | boolean;
  readonly user: string;
  readonly database: string;
  readonly backendPid: number;
  notify(channel: string, payload: string): void;
  xactId(): number;
  /** Where general queries run. */
  mirror(): Mirror;
  /** Rows of subqueries that were run ahead of the statement or need to run only once. */
  readonly results: Map<unknown, readonly Row[]>;
}

/** Where general queries run. */
export interface Mirror {
  /** Runs a query over what the snapshot shows. @returns Rows as pg-mem gives them, columns in order. */
  run(ast: Statement, tables: Iterable<TableDef>, runtime: Runtime): unknown[][];
}

export interface AdvisoryRequest {
  readonly action: "lock" | "try" | "unlock" | "unlock all";
  readonly key: string;
  readonly shared: boolean;
  readonly scope: "session" | "transaction";
}

/** One execution of one statement. */
export interface Env {
  readonly runtime: Runtime;
  readonly parameters: readonly Value[];
  /** Current row of each table of the statement, by its place. */
  readonly rows: Row[];
  /** Results of the aggregates of the current group. */
  aggregates: readonly Value[];
}

/** An expression ready to run. */
export interface Compiled {
  readonly type: PgType;
  run(env: Env): Value;
  /** Set for literals and parameters whose type is not known yet. */
  readonly coerce?: (type: PgType) => Compiled;
  /** Whether it depends on no row, so that it can be a key of an index lookup. */
  readonly constant: boolean;
}

/** One table, or something like it, that names can refer to. */
export interface ScopeTable {
  readonly alias: string;
  /** Name of the table itself, where there is one. */
  readonly relation?: string;
  readonly place: number;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: PgType; readonly index: number }>;
}

export interface Scope {
  readonly tables: readonly ScopeTable[];
  readonly outer: Scope | null;
}

/** State of compiling one statement. */
export interface CompileContext {
  readonly catalog: Catalog;
  readonly scope: Scope;
  /** Types of `$1` ... as far as they are known. */
  readonly parameters: Array<PgType | undefined>;
  readonly places: { count: number };
  /** Set where aggregates are allowed. */
  readonly aggregates: Aggregate[] | null;
  readonly prelude: Prelude[];
  /** Tables that subqueries read, with the mode of their table lock. */
  readonly reads: Array<readonly [TableDef, number]>;
  /** Compiles a subquery; null inside checks and index expressions. */
  readonly subquery: ((ast: unknown, context: CompileContext) => CompiledSubquery) | null;
}

/** A subquery that takes row locks, to be run before the statement that holds it. */
export interface Prelude {
  readonly key: unknown;
  run(execution: Execution, env: Env): Run<readonly Row[]>;
}

export interface CompiledSubquery {
  readonly types: readonly PgType[];
  readonly names: readonly string[];
  readonly constant: boolean;
  run(env: Env): readonly Row[];
}

/** One aggregate call of a grouped query. */
export interface Aggregate {
  readonly type: PgType;
  start(): AggregateState;
}

export interface AggregateState {
  add(env: Env): void;
  result(): Value;
}

/** @throws DatabaseError 42P01 when it does not exist; SimError for a schema other than public. */
export function findTable(
  catalog: Catalog,
  { name, schema }: { readonly name: string; readonly schema?: string },
): TableDef {
  if (schema !== undefined && schema !== "public") throw unsupported(`the schema ${schema}`);
  const table = catalog.tables.get(name);
  if (table === undefined) throw missingTable(name);
  return table;
}

/** @throws DatabaseError 42P01 */
export function missingTable(name: string): DatabaseError {
  return new DatabaseError("42P01", `relation "${name}" does not exist`);
}

export const emptyScope: Scope = { tables: [], outer: null };

/** A context for expressions that stand alone: defaults, checks, keys of indexes. */
export function bareContext(catalog: Catalog, scope: Scope = emptyScope): CompileContext {
  return {
    catalog,
    scope,
    parameters: [],
    places: { count: 1 },
    aggregates: null,
    prelude: [],
    reads: [],
    subquery: null,
  };
}
