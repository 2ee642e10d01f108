/** What compiled expressions run against, and what compiling them needs to know. */
import { SimError } from "../../../errors.js";
import {
  lookUp,
  type Catalog,
  type ForeignKeyDef,
  type IndexDef,
  type IndexKey,
  type SequenceDef,
  type TableDef,
} from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type { LockManager, LockOwner, LockWait } from "../locks/lock-manager.js";
import type { Heap, RowLockMode, Snapshot, Tuple, Xact } from "../storage/heap.js";
import type { Expr, QualifiedName, Query, WindowDefinition, WindowFrame } from "../sql/ast.js";
import type { SystemSource } from "../system-catalog/source.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

// How the engine refuses what it does not do.

/** @param feature - As the reader would name it: `window functions`, `function date_trunc(text, date)`. */
export function unsupported(feature: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `The simulated PostgreSQL does not support ${feature}.`,
    "Rewrite the statement with supported SQL, or run this test against a real server.",
  );
}

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
  /** Set in serializable transactions: called with every version that a scan comes across. */
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
  /** What the system catalogs show. */
  system(): SystemSource;
  /** Cancels the statement of another backend or ends it. @returns False when there is none of that pid. */
  signal(pid: number, what: "cancel" | "terminate"): boolean;
  notify(channel: string, payload: string): void;
  xactId(): number;
  /** Rows of subqueries that were run ahead of the statement or need to run only once. */
  readonly results: Map<unknown, readonly Row[]>;
}

export interface AdvisoryRequest {
  readonly action: "lock" | "try" | "unlock" | "unlock all";
  readonly key: string;
  readonly shared: boolean;
  readonly scope: "session" | "transaction";
}

/** One execution of one statement. */
export interface EvaluationContext {
  readonly runtime: Runtime;
  readonly parameters: readonly Value[];
  /** Current row of each table of the statement, by its place. */
  readonly rows: Row[];
  /** Version behind the current row of each place, where it comes from a table. */
  readonly tuples: Array<Tuple | null>;
  /** Results of the aggregates of the current group. */
  aggregates: readonly Value[];
  /** Results of the window functions for the current row. */
  windows: readonly Value[];
  /** Which of the expressions of GROUP BY the current group is grouped by. */
  grouped: ReadonlySet<number> | null;
  /** Rows kept while one query runs: hashed sides of joins, results of subqueries in FROM. */
  kept: Map<object, unknown>;
}

/** An expression ready to run. */
export interface Compiled {
  readonly type: PgType;
  run(env: EvaluationContext): Value;
  /** Set where it must wait before it has a value: `pg_sleep(1)`, `pg_advisory_lock(1)`. */
  readonly runWaiting?: (env: EvaluationContext, execution: ExecutionContext) => Run<Value>;
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

/** A column that may be named without its table. */
export interface VisibleColumn {
  readonly name: string;
  /** A qualified reference; `coalesce` of two for a column that `USING` merged. */
  readonly expr: Expr;
  /** Where it stands, for `*` over columns of one name. */
  readonly source?: { readonly table: ScopeTable; readonly index: number; readonly type: PgType };
}

export interface Scope {
  readonly tables: readonly ScopeTable[];
  readonly outer: Scope | null;
  /** What `*` stands for, in order; all columns of all tables when left out. */
  readonly visible?: readonly VisibleColumn[];
  /** Set at the edge of a query: noted when a name was found beyond it. */
  readonly edge?: { isCrossed: boolean };
}

/** Expressions that a grouped query may use outside aggregates. */
export interface Grouping {
  readonly scope: Scope;
  readonly keys: ReadonlyArray<{ readonly print: string; readonly value: Compiled }>;
  /** Tables whose primary key is among the keys: all their columns may be used. */
  readonly dependent: ReadonlySet<number>;
}

/** The table of a `WITH`. */
export interface CommonTableSource {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: PgType }>;
  rows(env: EvaluationContext): readonly Row[];
}

/** One call of a window function in a select list. */
export interface WindowCall {
  readonly name: string;
  readonly type: PgType;
  readonly args: readonly Compiled[];
  readonly filter: Compiled | null;
  /** Set when it is an aggregate over the frame. */
  readonly aggregate: Aggregate | null;
  readonly partition: readonly Compiled[];
  readonly order: readonly SortKey[];
  readonly frame: WindowFrame | null;
  readonly offsets: { readonly start: Compiled | null; readonly end: Compiled | null };
}

/** What rows are sorted by. */
export interface SortKey {
  readonly value: Compiled;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** State of compiling one statement. */
export interface CompileContext {
  /** Compiles any expression; see {@link compile}. */
  readonly compile: (node: Expr, context: CompileContext) => Compiled;
  readonly catalog: Catalog;
  readonly scope: Scope;
  /** Types of `$1` ... as far as they are known. */
  readonly parameters: Array<PgType | undefined>;
  readonly places: { count: number };
  /** Set where aggregates are allowed. */
  readonly aggregates: Aggregate[] | null;
  /** Set where window functions are allowed. */
  readonly windows: WindowCall[] | null;
  readonly windowNames: ReadonlyMap<string, WindowDefinition>;
  readonly grouping: Grouping | null;
  readonly commonTables: ReadonlyMap<string, CommonTableSource>;
  /** As messages name the place: `WHERE`, `JOIN conditions`. */
  readonly clause: string;
  /** Notes the places that an expression reads, where somebody wants to know. */
  readonly noted: Set<number> | null;
  readonly prelude: Prelude[];
  /** Counts the changes of rows inside WITH. */
  readonly changes: { count: number };
  /** Tables that the statement reads or writes, with the mode of their table lock. */
  readonly reads: Array<readonly [TableDef, number]>;
  /** Compiles a subquery; null inside checks and index expressions. */
  readonly subquery: SubqueryCompiler | null;
}

/** @param wanted - Types that literals without a type take in its columns. */
type SubqueryCompiler = (
  query: Query,
  context: CompileContext,
  wanted?: readonly PgType[],
) => CompiledSubquery;

/** A part that takes row locks or writes, to be run before the statement that holds it. */
interface Prelude {
  readonly key: object;
  run(execution: ExecutionContext, env: EvaluationContext): Run<readonly Row[]>;
}

export interface CompiledSubquery {
  readonly types: readonly PgType[];
  readonly names: readonly string[];
  readonly constant: boolean;
  run(env: EvaluationContext): readonly Row[];
}

/** One aggregate call of a grouped query. */
export interface Aggregate {
  readonly type: PgType;
  start(): AggregateState;
}

export interface AggregateState {
  add(env: EvaluationContext): void;
  result(): Value;
}

/** @throws DatabaseError 42P01 when it does not exist. */
export function findTable(catalog: Catalog, name: QualifiedName): TableDef {
  const table = lookUp(catalog.tables, name, catalog);
  if (table !== undefined) return table;
  if (lookUp(catalog.views, name, catalog) !== undefined)
    throw unsupported(`changes of rows through the view ${name.name}`);
  throw missingTable(name.schema === undefined ? name.name : `${name.schema}.${name.name}`);
}

/** @throws DatabaseError 42P01 */
export function missingTable(name: string): DatabaseError {
  return new DatabaseError("42P01", `relation "${name}" does not exist`);
}

/** Compiles an expression. By the context, because expressions hold queries and queries hold expressions. */
export function compile(node: Expr, context: CompileContext): Compiled {
  return context.compile(node, context);
}

export const emptyScope: Scope = { tables: [], outer: null };

// A compiled statement, and what running one needs besides expressions.

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
  readonly runNow?: (execution: ExecutionContext, parameters: readonly Value[]) => Outcome;
  run(execution: ExecutionContext, parameters: readonly Value[]): Run<Outcome>;
}

/** The execution context of one running statement. */
export interface ExecutionContext {
  readonly runtime: Runtime;
  readonly snapshot: Snapshot;
  /** The innermost open part of the transaction: what it writes is written by this. */
  readonly xact: Xact;
  /** Whether a row changed since the snapshot is an error instead of being read again. */
  readonly repeatable: boolean;
  readonly locks: LockManager;
  readonly owner: LockOwner;
  /** Takes a table lock that is held until the transaction ends. */
  lockTable(table: TableDef, mode: number): Run<void>;
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
  next(options?: { readonly fresh: boolean }): ExecutionContext;
  /** Rows that stand around the statement, by place: variables of PL/pgSQL. */
  readonly outerRows: ReadonlyArray<readonly Value[]>;
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

export function createEvaluationContext(
  execution: ExecutionContext,
  parameters: readonly Value[],
): EvaluationContext {
  return {
    runtime: execution.runtime,
    parameters,
    rows: [...execution.outerRows],
    tuples: [],
    aggregates: [],
    windows: [],
    grouped: null,
    kept: new Map(),
  };
}
