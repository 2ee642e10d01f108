/** Runs one statement of a session inside its transaction. */
import {
  createCatalog,
  lookUp,
  referencesTo,
  relationKey,
  withSearchPath,
  type Catalog,
  type ForeignKeyDef,
  type IndexDef,
  type IndexKey,
  type SequenceDef,
  type TableDef,
} from "../catalog/catalog.js";
import { changeSchema, createdName, lockedTables, setViewContext, type Rewrite } from "../catalog/ddl.js";
import { DatabaseError } from "../database-error.js";
import { printKey } from "../execute/writer.js";
import {
  createEvaluationContext,
  missingTable,
  unsupported,
  type AdvisoryRequest,
  type EvaluationContext,
  type ExecutionContext,
  type Outcome,
  type Plan,
  type Run,
  type Runtime,
} from "../execute/execution-context.js";
import { compileStatement, createContext } from "../execute/statement.js";
import { lockModes, type LockManager, type LockOwner, type LockWait } from "../locks/lock-manager.js";
import { parseBlock, runBlock, type BlockHost } from "../plpgsql/run.js";
import { parseSql, type ParsedStatement } from "../sql/parse.js";
import type { SchemaStatement } from "../sql/schema-ast.js";
import {
  activeLockers,
  createTuple,
  isActive,
  isVisible,
  type Heap,
  type RowLockMode,
  type Snapshot,
  type Tuple,
  type Xact,
} from "../storage/heap.js";
import { textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import {
  currentCatalog,
  pushSavepoint,
  releaseSavepoint,
  rollbackToSavepoint,
  type Engine,
  type Transaction,
} from "./engine.js";
import type { SystemSource } from "../system-catalog/source.js";
import type { SessionState } from "./session-state.js";

setViewContext((catalog) => createContext(catalog, 0));

// Advisory locks: of the session until given back, or of the transaction until it ends.

/** @returns A wait or null for `lock`; whether it worked for the others. */
function askAdvisory(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  { action, key, shared, scope }: AdvisoryRequest,
): LockWait | null | boolean {
  const mode = shared ? lockModes.share : lockModes.exclusive;
  const tag = engine.advisoryTag(key);
  const { owner } = transaction;
  const remember = (): void => {
    const list = scope === "session" ? state.advisory : transaction.held;
    list.push({ tag, mode });
  };
  if (action === "unlock all") {
    for (const held of state.advisory.splice(0)) engine.locks.release(owner, held.tag, held.mode);
    return true;
  }
  if (action === "unlock") {
    const at = state.advisory.findIndex((held) => held.tag === tag && held.mode === mode);
    if (at < 0) {
      state.notice(
        "WARNING",
        "01000",
        `you don't own a lock of type ${shared ? "ShareLock" : "ExclusiveLock"}`,
      );
      return false;
    }
    state.advisory.splice(at, 1);
    return engine.locks.release(owner, tag, mode);
  }
  if (action === "try") {
    const got = engine.locks.tryAcquire(owner, tag, mode);
    if (got) remember();
    return got;
  }
  const wait = engine.locks.acquire(owner, tag, mode);
  remember();
  return wait;
}

// Sequences. They never roll back.

/** @throws DatabaseError 2200H at the end of the sequence. */
function nextSequenceValue(engine: Engine, state: SessionState, sequence: SequenceDef): bigint {
  const current = engine.sequence(sequence);
  let value = current.called ? current.value + sequence.increment : current.value;
  if (value > sequence.max || value < sequence.min) {
    if (!sequence.cycle) {
      const [side, limit] = sequence.increment > 0n ? ["maximum", sequence.max] : ["minimum", sequence.min];
      throw new DatabaseError(
        "2200H",
        `nextval: reached ${side} value of sequence "${sequence.name}" (${limit})`,
      );
    }
    value = sequence.increment > 0n ? sequence.min : sequence.max;
  }
  current.value = value;
  current.called = true;
  state.sequenceValues.set(sequence.id, value);
  state.lastSequence = sequence.id;
  return value;
}

/** @throws DatabaseError 55000 before the first `nextval` of the session. */
function currentSequenceValue(state: SessionState, sequence: SequenceDef): bigint {
  const value = state.sequenceValues.get(sequence.id);
  if (value === undefined) {
    throw new DatabaseError(
      "55000",
      `currval of sequence "${sequence.name}" is not yet defined in this session`,
    );
  }
  return value;
}

/** @throws DatabaseError 55000 before the first `nextval` of the session. */
function lastSequenceValue(state: SessionState): bigint {
  const value = state.lastSequence === null ? undefined : state.sequenceValues.get(state.lastSequence);
  if (value === undefined) throw new DatabaseError("55000", "lastval is not yet defined in this session");
  return value;
}

/** @throws DatabaseError 22003 outside the bounds of the sequence. */
function setSequenceValue(
  engine: Engine,
  state: SessionState,
  sequence: SequenceDef,
  value: bigint,
  called: boolean,
): void {
  if (value < sequence.min || value > sequence.max) {
    throw new DatabaseError(
      "22003",
      `setval: value ${value} is out of bounds for sequence "${sequence.name}" (${sequence.min}..${sequence.max})`,
    );
  }
  const current = engine.sequence(sequence);
  current.value = value;
  current.called = called;
  if (called) state.sequenceValues.set(sequence.id, value);
}

// The execution context of one running statement: its snapshot, its transaction, its server.

const queueModes: Readonly<Record<RowLockMode, number>> = {
  "key share": lockModes.accessShare,
  share: lockModes.rowShare,
  "no key update": lockModes.exclusive,
  update: lockModes.accessExclusive,
};

/** A class, because one is made for each statement and closures would cost more than the statement. */
class StatementExecution implements ExecutionContext, Runtime {
  readonly runtime: Runtime = this;
  readonly results = new Map<unknown, readonly Row[]>();
  readonly checks: Array<() => Run<void>> = [];
  outerRows: ReadonlyArray<readonly Value[]> = [];
  readonly engine: Engine;
  readonly state: SessionState;
  readonly transaction: Transaction;
  readonly snapshot: Snapshot;
  readonly catalog: Catalog;
  readonly statementMicros: number;
  readonly noteVersion: Runtime["noteVersion"];

  constructor(
    engine: Engine,
    state: SessionState,
    transaction: Transaction,
    snapshot: Snapshot,
    statementMicros: number,
  ) {
    this.engine = engine;
    this.state = state;
    this.transaction = transaction;
    this.snapshot = snapshot;
    this.catalog = catalogFor(engine, state, transaction);
    this.statementMicros = statementMicros;
    this.noteVersion =
      transaction.isolation === "serializable"
        ? (tuple, visible) => engine.serializability.readVersion(transaction.top, tuple, visible)
        : null;
  }

  get xact(): Xact {
    return this.transaction.current;
  }

  get repeatable(): boolean {
    return this.transaction.isolation === "repeatable read" || this.transaction.isolation === "serializable";
  }

  get locks(): LockManager {
    return this.engine.locks;
  }

  get owner(): LockOwner {
    return this.transaction.owner;
  }

  get transactionMicros(): number {
    return this.transaction.startMicros;
  }

  get user(): string {
    return this.state.user;
  }

  get database(): string {
    return this.state.database;
  }

  get backendPid(): number {
    return this.state.pid;
  }

  nowMicros(): number {
    return Math.round(this.engine.clock.now() * 1000);
  }

  randomBytes(length: number): Uint8Array {
    return this.engine.randomBytes(length);
  }

  heap(tableId: number): Heap {
    return this.engine.heap(tableId);
  }

  noteScan(table: TableDef, index: IndexDef | null, key: IndexKey | null): void {
    if (this.noteVersion === null) return;
    const { top } = this.transaction;
    this.engine.serializability.readScan(top, table, index, key, this.engine.heap(table.id).tuples.size);
  }

  noteTuple(tuple: Tuple): void {
    if (this.noteVersion !== null) this.engine.serializability.readTuple(this.transaction.top, tuple);
  }

  noteDuplicate(index: IndexDef, key: IndexKey): void {
    if (this.noteVersion !== null) this.engine.serializability.touchKey(this.transaction.top, index, key);
  }

  lockTable(table: TableDef, mode: number): Run<void> {
    return lockTable(this.engine, this.transaction, table, mode);
  }

  waitForEnd(xact: Xact): LockWait | null {
    if (!isActive(xact)) return null;
    return this.locks.acquire(this.owner, this.engine.xactTag(xact), lockModes.share);
  }

  queueFor(tuple: Tuple, mode: RowLockMode): { readonly wait: LockWait | null; release(): void } {
    const tag = this.engine.tupleTag(tuple);
    const { locks, owner } = this;
    const wait = locks.acquire(owner, tag, queueModes[mode]);
    return { wait, release: () => void locks.release(owner, tag, queueModes[mode]) };
  }

  write(table: TableDef, before: Tuple | null, after: Tuple | null, mode: RowLockMode): void {
    const { transaction } = this;
    const xact = transaction.current;
    if (transaction.isolation === "serializable")
      this.engine.serializability.write(transaction.top, table, before, after);
    if (before !== null) {
      before.xmax = xact;
      before.cmax = this.snapshot.command;
      before.xmaxMode = mode;
      before.next = after;
      if (after !== null && before.lockers !== null) {
        const others = activeLockers(before);
        after.lockers = others.length === 0 ? null : [...others];
      }
    }
    if (after !== null) this.engine.heap(table.id).tuples.add(after);
    transaction.changes.push({ xact, table, before, after });
  }

  next(options?: { readonly fresh: boolean }): ExecutionContext {
    const { transaction } = this;
    transaction.command += 1;
    const fresh = options?.fresh === true && !this.repeatable;
    const snapshot = {
      ...this.snapshot,
      seq: fresh ? this.engine.seq : this.snapshot.seq,
      command: transaction.command,
    };
    return new StatementExecution(this.engine, this.state, transaction, snapshot, this.statementMicros);
  }

  references(tableId: number): readonly ForeignKeyDef[] {
    return referencesTo(this.catalog, tableId);
  }

  nextValue(sequence: SequenceDef): bigint {
    this.requireWritable("nextval()");
    return nextSequenceValue(this.engine, this.state, sequence);
  }

  currentValue(sequence: SequenceDef): bigint {
    return currentSequenceValue(this.state, sequence);
  }

  lastValue(): bigint {
    return lastSequenceValue(this.state);
  }

  setValue(sequence: SequenceDef, value: bigint, called: boolean): void {
    this.requireWritable("setval()");
    setSequenceValue(this.engine, this.state, sequence, value, called);
  }

  requireWritable(what: string): void {
    if (this.transaction.readOnly) {
      throw new DatabaseError("25006", `cannot execute ${what} in a read-only transaction`);
    }
  }

  setting(name: string): string | null {
    return this.state.settings.get(name) ?? null;
  }

  changeSetting(name: string, value: string, local: boolean): void {
    this.state.change(name, value, local);
  }

  advisory(request: AdvisoryRequest): LockWait | null | boolean {
    return askAdvisory(this.engine, this.state, this.transaction, request);
  }

  system(): SystemSource {
    const { user, database, settings } = this.state;
    return { catalog: this.catalog, user, database, settings, ...this.engine.activity() };
  }

  signal(pid: number, what: "cancel" | "terminate"): boolean {
    return this.engine.signal(pid, what);
  }

  notify(channel: string, payload: string): void {
    const { notifications, current } = this.transaction;
    const known = notifications.some((one) => one.channel === channel && one.payload === payload);
    if (!known) notifications.push({ channel, payload, xact: current });
  }

  xactId(): number {
    return this.transaction.top.id;
  }
}

/** Takes table locks; weak ones cost next to nothing and let `LOCK TABLE` and schema changes wait. */
export function* lockTable(
  engine: Engine,
  transaction: Transaction,
  table: TableDef,
  mode: number,
  nowait = false,
): Run<void> {
  const held = transaction.relations.get(table.id) ?? 0;
  if ((held & (1 << mode)) !== 0) return;
  const tag = engine.relationTag(table);
  if (nowait) {
    if (!engine.locks.tryAcquire(transaction.owner, tag, mode)) {
      throw new DatabaseError("55P03", `could not obtain lock on relation "${table.name}"`);
    }
  } else {
    const wait = engine.locks.acquire(transaction.owner, tag, mode);
    if (wait !== null) yield { kind: "lock", wait };
  }
  transaction.relations.set(table.id, (transaction.relations.get(table.id) ?? 0) | (1 << mode));
  transaction.held.push({ tag, mode });
}

/** The snapshot for a new statement. Taken after its table locks. */
function takeSnapshot(engine: Engine, transaction: Transaction): Snapshot {
  const repeatable = transaction.isolation === "repeatable read" || transaction.isolation === "serializable";
  if (!repeatable || !transaction.hasSnapshot) {
    transaction.snapshotSeq = engine.seq;
    transaction.hasSnapshot = true;
    if (transaction.isolation === "serializable") {
      engine.serializability.begin(transaction.top, transaction.readOnly);
    }
  }
  transaction.command += 1;
  return { seq: transaction.snapshotSeq ?? engine.seq, xact: transaction.top, command: transaction.command };
}

/** The compiled statement. Plans are shared by everybody with the same schema. */
export function planFor(
  engine: Engine,
  state: SessionState,
  transaction: Transaction | null,
  statement: ParsedStatement,
): Plan {
  const catalog = catalogFor(engine, state, transaction);
  const known = catalog.compiled.get(statement);
  if (known !== undefined) return known as Plan;
  const plan = compileStatement(statement, catalog);
  catalog.compiled.set(statement, plan);
  return plan;
}

/** Runs a statement that is neither a utility nor a schema change. */
export function* runPlan(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  plan: Plan,
  parameters: readonly Value[],
  outerRows: ReadonlyArray<readonly Value[]> = [],
): Run<Outcome> {
  if (plan.writes && transaction.readOnly) {
    throw new DatabaseError(
      "25006",
      `cannot execute ${plan.label ?? plan.command} in a read-only transaction`,
    );
  }
  for (const [table, mode] of plan.tables) yield* lockTable(engine, transaction, table, mode);
  const snapshot = takeSnapshot(engine, transaction);
  const execution = new StatementExecution(
    engine,
    state,
    transaction,
    snapshot,
    Math.round(engine.clock.now() * 1000),
  );
  execution.outerRows = outerRows;
  if (plan.runNow !== undefined) return plan.runNow(execution, parameters);
  return yield* plan.run(execution, parameters);
}

/** Runs a DO block inside the transaction. */
export function* runDo(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  { schema }: ParsedStatement,
): Run<Outcome> {
  if (schema?.type !== "do") throw new Error("no DO");
  if (schema.language !== "plpgsql") {
    throw new DatabaseError("42704", `language "${schema.language}" does not exist`);
  }
  const host: BlockHost = {
    *run(inner, scope, rows) {
      if (inner.utility !== null) throw unsupported(`${inner.utility.kind.toUpperCase()} in PL/pgSQL`);
      if (inner.schema?.type === "do") return yield* runDo(engine, state, transaction, inner);
      if (isSchema(inner)) return yield* runSchemaStatement(engine, state, transaction, inner);
      if (inner.schema !== null) return yield* runTruncate(engine, state, transaction, inner);
      const plan = compileStatement(inner, catalogFor(engine, state, transaction), scope);
      return yield* runPlan(engine, state, transaction, plan, [], rows);
    },
    notice: (level, message) => {
      if (level === "NOTICE" || level === "WARNING" || level === "INFO") {
        state.notice(level === "INFO" ? "NOTICE" : level, level === "WARNING" ? "01000" : "00000", message);
      }
    },
    typeNamed: (name) => namedType(name, catalogFor(engine, state, transaction)),
    *attempt(part) {
      pushSavepoint(engine, transaction, "", state.settings);
      const at = transaction.savepoints.length - 1;
      try {
        const signal = yield* part;
        releaseSavepoint(transaction, at);
        return { error: null, signal };
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        rollbackToSavepoint(engine, transaction, at);
        releaseSavepoint(transaction, at);
        return { error, signal: { kind: "next" } };
      }
    },
  };
  yield* runBlock(parseBlock(schema.body), host);
  return { tag: "DO", rowCount: null, columns: null, rows: [] };
}

/** A type by its name as PL/pgSQL writes it. */
function namedType(name: string, catalog: Catalog): PgType {
  const [statement] = parseSql(`select null::${name}`);
  if (statement?.query?.type !== "select") throw new DatabaseError("42704", `type "${name}" does not exist`);
  return compileStatement(statement, catalog).columns?.[0]?.type ?? textType;
}

/** The catalog with the search path of the session, and the temporary tables that it has. */
function catalogFor(engine: Engine, state: SessionState, transaction: Transaction | null): Catalog {
  return withSearchPath(currentCatalog(engine, transaction), state.searchPath());
}

/** Two transactions that make something of one name wait for each other, and the later one learns of it. */
function* lockName(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  schema: SchemaStatement,
): Run<void> {
  const made = createdName(catalogFor(engine, state, transaction), schema);
  if (made === null || hasName(currentCatalog(engine, transaction), made.key)) return;
  const tag = engine.nameTag(made.key);
  const wait = engine.locks.acquire(transaction.owner, tag, lockModes.exclusive);
  if (wait !== null) yield { kind: "lock", wait };
  transaction.held.push({ tag, mode: lockModes.exclusive });
  if (wait === null || !hasName(currentCatalog(engine, transaction), made.key)) return;
  const [index, columns] = made.isType
    ? ["pg_type_typname_nsp_index", "typname, typnamespace"]
    : ["pg_class_relname_nsp_index", "relname, relnamespace"];
  throw new DatabaseError("23505", `duplicate key value violates unique constraint "${index}"`, {
    detail: `Key (${columns})=(${made.name}, 2200) already exists.`,
    schema: "pg_catalog",
    table: made.isType ? "pg_type" : "pg_class",
    constraint: index,
  });
}

function hasName({ tables, views, sequences, enums }: Catalog, key: string): boolean {
  return tables.has(key) || views.has(key) || sequences.has(key) || enums.has(key);
}

/** Writes every row of a table anew, as its new columns want it. */
function rewriteTable(engine: Engine, execution: ExecutionContext, { table, row }: Rewrite): void {
  const heap = engine.heap(table.id);
  for (const tuple of Array.from(heap.tuples)) {
    if (!isVisible(tuple, execution.snapshot)) continue;
    const after = createTuple(table.id, row(tuple.values), execution.xact, execution.snapshot.command);
    execution.write(table, tuple, after, "update");
    for (const index of table.indexes) heap.enter(after, index);
  }
}

/** Runs DDL. It is part of the transaction, and the tables are locked against everybody until its end. */
export function* runSchemaStatement(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  statement: ParsedStatement,
): Run<Outcome> {
  const { schema } = statement;
  if (schema === null) throw new Error("no statement");
  if (transaction.readOnly)
    throw new DatabaseError(
      "25006",
      `cannot execute ${schema.type.toUpperCase()} in a read-only transaction`,
    );
  const before = catalogFor(engine, state, transaction);
  yield* lockName(engine, state, transaction, schema);
  for (const table of lockedTables(before, schema)) {
    yield* lockTable(engine, transaction, table, lockModes.accessExclusive);
  }
  const snapshot = takeSnapshot(engine, transaction);
  const execution = new StatementExecution(
    engine,
    state,
    transaction,
    snapshot,
    Math.round(engine.clock.now() * 1000),
  );
  let env: EvaluationContext = createEvaluationContext(execution, []);
  function* rows(tableId: number): Iterable<Row> {
    for (const tuple of engine.heap(tableId).tuples) if (isVisible(tuple, snapshot)) yield tuple.values;
  }
  const temporarySchema = `pg_temp_${state.pid}`;
  const isTemporary = "temporary" in schema && schema.temporary;
  if (isTemporary) state.temporarySchema = temporarySchema;
  const base = currentCatalog(engine, transaction);
  const change = changeSchema(catalogFor(engine, state, transaction), schema, {
    rows,
    get env() {
      return env;
    },
    nextId: () => engine.newId(),
    temporarySchema,
  });
  transaction.catalogBase ??= base;
  transaction.catalog = createCatalog(change.catalog);
  // Defaults of new columns may use sequences that came with them.
  env = createEvaluationContext(execution.next(), []);
  for (const rewrite of change.rewrites) rewriteTable(engine, execution, rewrite);
  let count: number | null = null;
  if (change.filled !== null) {
    const { table, query } = change.filled;
    const plan = compileStatement(
      { ...statement, query: { type: "insert", table, columns: null, source: query } },
      catalogFor(engine, state, transaction),
    );
    const outcome = yield* plan.run(execution.next(), []);
    count = outcome.rowCount;
  }
  if (isTemporary && schema.type === "create table" && schema.onCommit !== "preserve rows") {
    const isDropped = schema.onCommit === "drop";
    if (!isDropped) throw unsupported("ON COMMIT DELETE ROWS");
    transaction.atCommit.push(() => {
      const tables = new Map(engine.catalog.tables);
      tables.delete(relationKey(temporarySchema, schema.name.name));
      engine.catalog = createCatalog({ ...engine.catalog, tables });
    });
  }
  for (const { table, index } of change.builtIndexes) {
    const seen = new Set<unknown>();
    for (const row of rows(table.id)) {
      const key = index.unique ? index.keyOf(row) : null;
      if (key !== null && seen.has(key)) {
        throw new DatabaseError("23505", `could not create unique index "${index.name}"`, {
          detail: `Key ${printKey(index, row)} is duplicated.`,
          schema: table.schema,
          table: table.name,
          constraint: index.name,
        });
      }
      seen.add(key);
    }
    engine.heap(table.id).addIndex(index);
  }
  if (change.notice !== null) state.notice("NOTICE", change.notice.code, change.notice.message);
  const tag = count === null ? change.tag : `SELECT ${count}`;
  return { tag, rowCount: count, columns: null, rows: [] };
}

export function* runTruncate(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  statement: ParsedStatement,
): Run<Outcome> {
  const { schema } = statement;
  if (schema?.type !== "truncate") throw new Error("no TRUNCATE");
  if (transaction.readOnly)
    throw new DatabaseError("25006", "cannot execute TRUNCATE TABLE in a read-only transaction");
  const catalog = catalogFor(engine, state, transaction);
  const tables = new Set(
    schema.tables.map((name) => {
      const table = lookUp(catalog.tables, name, catalog);
      if (table === undefined) throw missingTable(name.name);
      return table;
    }),
  );
  for (const table of tables) {
    for (const other of catalog.tables.values()) {
      if (tables.has(other) || !other.foreignKeys.some((key) => key.parentId === table.id)) continue;
      if (!schema.cascade) {
        throw new DatabaseError("0A000", "cannot truncate a table referenced in a foreign key constraint", {
          detail: `Table "${other.name}" references "${table.name}".`,
          hint: `Truncate table "${other.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      tables.add(other);
    }
  }
  for (const table of tables) yield* lockTable(engine, transaction, table, lockModes.accessExclusive);
  const snapshot = takeSnapshot(engine, transaction);
  const execution = new StatementExecution(engine, state, transaction, snapshot, 0);
  for (const table of tables) {
    const tuples = Array.from(engine.heap(table.id).tuples);
    for (const tuple of tuples) if (isVisible(tuple, snapshot)) execution.write(table, tuple, null, "update");
    if (!schema.restart) continue;
    for (const sequence of catalog.sequences.values()) {
      if (sequence.owner?.tableId === table.id) execution.setValue(sequence, sequence.start, false);
    }
  }
  return { tag: "TRUNCATE TABLE", rowCount: null, columns: null, rows: [] };
}

export function isSchema(statement: ParsedStatement): boolean {
  return statement.schema !== null && statement.schema.type !== "truncate" && statement.schema.type !== "do";
}
