/** Runs one statement of a session inside its transaction. */
import { changeSchema, isSchemaStatement, lockedTables } from "../catalog/ddl.js";
import type { TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { type Env, missingTable } from "../execute/env.js";
import { createEnv, type Outcome, type Plan, type Run } from "../execute/plan.js";
import { printKey } from "../execute/constraints.js";
import { compileStatement } from "../execute/statement.js";
import { lockModes } from "../locks/lock-manager.js";
import type { ParsedStatement } from "../sql/parse.js";
import type { Row, Value } from "../types/value.js";
import { isVisible, type Snapshot } from "../storage/tuple.js";
import type { Engine } from "./engine.js";
import { StatementExecution } from "./execution.js";
import type { SessionState } from "./session-state.js";
import type { Transaction } from "./transaction.js";

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
export function takeSnapshot(engine: Engine, transaction: Transaction): Snapshot {
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
export function planFor(engine: Engine, transaction: Transaction | null, statement: ParsedStatement): Plan {
  const catalog = transaction?.catalog ?? engine.catalog;
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
  if (plan.runNow !== undefined) return plan.runNow(execution, parameters);
  return yield* plan.run(execution, parameters);
}

/** Runs DDL. It is part of the transaction, and the tables are locked against everybody until its end. */
export function* runSchemaStatement(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  statement: ParsedStatement,
): Run<Outcome> {
  const { ast } = statement;
  if (ast === null) throw new Error("no statement");
  if (transaction.readOnly)
    throw new DatabaseError("25006", `cannot execute ${ast.type.toUpperCase()} in a read-only transaction`);
  for (const table of lockedTables(transaction.catalog ?? engine.catalog, ast)) {
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
  const env: Env = createEnv(execution, []);
  function* rows(tableId: number): Iterable<Row> {
    for (const tuple of engine.heap(tableId).tuples) if (isVisible(tuple, snapshot)) yield tuple.values;
  }
  const change = changeSchema(execution.catalog, ast, { rows, env });
  transaction.catalog = change.catalog;
  for (const { table, index } of change.builtIndexes) {
    const seen = new Set<unknown>();
    for (const row of rows(table.id)) {
      const key = index.unique ? index.keyOf(row) : null;
      if (key !== null && seen.has(key)) {
        throw new DatabaseError("23505", `could not create unique index "${index.name}"`, {
          detail: `Key ${printKey(index, row)} is duplicated.`,
          schema: "public",
          table: table.name,
          constraint: index.name,
        });
      }
      seen.add(key);
    }
    engine.heap(table.id).addIndex(index);
  }
  if (change.notice !== null) state.notice("NOTICE", change.notice.code, change.notice.message);
  return { tag: change.tag, rowCount: null, columns: null, rows: [] };
}

export function* runTruncate(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  statement: ParsedStatement,
): Run<Outcome> {
  const { ast } = statement;
  if (ast?.type !== "truncate table") throw new Error("no TRUNCATE");
  if (transaction.readOnly)
    throw new DatabaseError("25006", "cannot execute TRUNCATE TABLE in a read-only transaction");
  const catalog = transaction.catalog ?? engine.catalog;
  const tables = new Set(
    ast.tables.map(({ name }) => {
      const table = catalog.tables.get(name);
      if (table === undefined) throw missingTable(name);
      return table;
    }),
  );
  for (const table of tables) {
    for (const other of catalog.tables.values()) {
      if (tables.has(other) || !other.foreignKeys.some((key) => key.parentId === table.id)) continue;
      if (ast.cascade !== "cascade") {
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
    if (ast.identity !== "restart") continue;
    for (const sequence of catalog.sequences.values()) {
      if (sequence.owner?.tableId === table.id) execution.setValue(sequence, sequence.start, false);
    }
  }
  return { tag: "TRUNCATE TABLE", rowCount: null, columns: null, rows: [] };
}

export function isSchema(statement: ParsedStatement): boolean {
  return statement.ast !== null && isSchemaStatement(statement.ast);
}
