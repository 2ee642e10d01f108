/** One connection as the server sees it: a queue of messages, at most one transaction, an end. */
import { createCatalog, lookUp } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import {
  missingTable,
  unsupported,
  type Outcome,
  type OutputColumn,
  type Run,
  type Wait,
} from "../execute/execution-context.js";
import { isInCycle, lockModes, type LockOwner } from "../locks/lock-manager.js";
import type { ParsedStatement } from "../sql/parse.js";
import type { IsolationLevel, TransactionModes, UtilityStatement } from "../sql/utility.js";
import { textType } from "../types/builtin.js";
import type { Value } from "../types/value.js";
import {
  beginTransaction,
  commitTransaction,
  currentCatalog,
  failTransaction,
  findSavepoint,
  pushSavepoint,
  releaseSavepoint,
  rollbackToSavepoint,
  rollbackTransaction,
  type Engine,
  type Listener,
  type Transaction,
} from "./engine.js";
import { bindParameters } from "./results.js";
import {
  createSessionState,
  type ServerSession,
  type SessionMessage,
  type SessionParts,
  type SessionState,
} from "./session-state.js";
import {
  isSchema,
  lockTable,
  planFor,
  runDo,
  runPlan,
  runSchemaStatement,
  runTruncate,
} from "./statements.js";

// Drives one running statement: resumes it when a wait ends, and ends it by force when a time-out, a deadlock or
// somebody else says so. Statements take no virtual time except for their waits.

interface Runner {
  /** Starts the work. `done` is called once, with the error or null. */
  start(work: Generator<Wait, void, void>, done: (error: unknown) => void): void;
  /** Makes the running statement fail with that error. @returns False when nothing waits. */
  interrupt(error: unknown): boolean;
  /** Drops the running statement; of its code only the giving back of locks runs. */
  abandon(): void;
  readonly isWaiting: boolean;
}

const lockNames: Readonly<Record<number, string>> = {
  1: "AccessShareLock",
  2: "RowShareLock",
  3: "RowExclusiveLock",
  4: "ShareUpdateExclusiveLock",
  5: "ShareLock",
  6: "ShareRowExclusiveLock",
  7: "ExclusiveLock",
  8: "AccessExclusiveLock",
};

/** The error for the session whose deadlock timer found the cycle. */
function deadlockError(engine: Engine, cycle: readonly LockOwner[]): DatabaseError {
  const lines = cycle.map((owner, index) => {
    const wait = engine.locks.waitOf(owner);
    const blocker = cycle[(index + 1) % cycle.length];
    return `Process ${owner.id} waits for ${lockNames[wait?.mode ?? 5]} on ${wait?.tag.label}; blocked by process ${blocker?.id}.`;
  });
  return new DatabaseError("40P01", "deadlock detected", {
    detail: lines.join("\n"),
    hint: "See server log for query details.",
  });
}

function createRunner(engine: Engine, state: SessionState, owner: LockOwner): Runner {
  let work: Generator<Wait, void, void> | null = null;
  let finish: (error: unknown) => void = () => {};
  let current: Wait | null = null;
  let startedAtMs = 0;
  const timers: Array<() => void> = [];

  const stopTimers = (): void => {
    for (const cancel of timers.splice(0)) cancel();
  };

  const entry = (task: () => void) => (): void => {
    task();
    engine.drain();
  };

  const step = (advance: (running: Generator<Wait, void, void>) => IteratorResult<Wait, void>): void => {
    const running = work;
    if (running === null) return;
    let result: IteratorResult<Wait, void>;
    try {
      result = advance(running);
    } catch (error) {
      work = null;
      finish(error);
      return;
    }
    if (work !== running) return;
    if (result.done === true) {
      work = null;
      finish(null);
    } else park(result.value);
  };

  const resume = (wait: Wait): void => {
    if (current !== wait) return;
    current = null;
    stopTimers();
    step((running) => running.next());
  };

  const fail = (wait: Wait, error: unknown): void => {
    if (current !== wait) return;
    current = null;
    stopTimers();
    if (wait.kind === "lock") engine.locks.cancel(wait.wait);
    step((running) => running.throw(error));
  };

  const setTimer = (delayMs: number, label: string, run: () => void): void => {
    timers.push(engine.clock.setTimer(delayMs, label, entry(run)));
  };

  const park = (wait: Wait): void => {
    current = wait;
    const statementMs = state.timeoutMs("statement_timeout");
    if (statementMs > 0) {
      const left = Math.max(startedAtMs + statementMs - engine.clock.now(), 0);
      setTimer(left, "statement-timeout", () =>
        fail(wait, new DatabaseError("57014", "canceling statement due to statement timeout")),
      );
    }
    if (wait.kind === "sleep") {
      setTimer(wait.delayMs, "pg-sleep", () => resume(wait));
      return;
    }
    const lock = wait.wait;
    lock.onGranted = () => {
      // Waiting for a transaction is waiting for its end only; nothing is kept.
      if (lock.tag.kind === "xact") engine.locks.release(owner, lock.tag, lockModes.share);
      engine.schedule(() => resume(wait));
    };
    const lockMs = state.timeoutMs("lock_timeout");
    if (lockMs > 0) {
      setTimer(lockMs, "lock-timeout", () =>
        fail(wait, new DatabaseError("55P03", "canceling statement due to lock timeout")),
      );
    }
    setTimer(state.timeoutMs("deadlock_timeout"), "deadlock-timeout", () => {
      const cycle = isInCycle(engine.locks, owner);
      if (cycle === null) return;
      engine.counters.deadlocks += 1;
      fail(wait, deadlockError(engine, cycle));
    });
  };

  return {
    get isWaiting() {
      return current !== null;
    },
    start(next, done) {
      work = next;
      finish = done;
      startedAtMs = engine.clock.now();
      step((running) => running.next());
    },
    interrupt(error) {
      const wait = current;
      if (wait === null) return false;
      fail(wait, error);
      return true;
    },
    abandon() {
      stopTimers();
      const parked = current;
      const running = work;
      current = null;
      work = null;
      if (parked === null || running === null) return;
      if (parked.kind === "lock") engine.locks.cancel(parked.wait);
      running.return();
    },
  };
}

// Runs the statements without expressions: transactions, settings, notifications, table locks.

/** What utilities may do to the session they run in. */
interface UtilityHost {
  readonly engine: Engine;
  readonly state: SessionState;
  readonly listener: Listener;
  transaction(): Transaction;
  /** Ends the transaction. @returns The tag: `COMMIT`, or `ROLLBACK` for a failed one. */
  commit(): string;
  rollback(): void;
}

const modeNumbers = {
  "access share": lockModes.accessShare,
  "row share": lockModes.rowShare,
  "row exclusive": lockModes.rowExclusive,
  "share update exclusive": lockModes.shareUpdateExclusive,
  share: lockModes.share,
  "share row exclusive": lockModes.shareRowExclusive,
  exclusive: lockModes.exclusive,
  "access exclusive": lockModes.accessExclusive,
} as const;

function done(tag: string): Outcome {
  return { tag, rowCount: null, columns: null, rows: [] };
}

function applyModes(transaction: Transaction, modes: TransactionModes): void {
  if (modes.deferrable === true) throw unsupported("DEFERRABLE transactions");
  if (modes.isolation !== undefined && modes.isolation !== transaction.isolation) {
    if (transaction.hasSnapshot)
      throw new DatabaseError("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    if (transaction.savepoints.length > 0) {
      throw new DatabaseError(
        "25001",
        "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction",
      );
    }
    transaction.isolation = modes.isolation;
  }
  if (modes.readOnly !== undefined) {
    if (!modes.readOnly && transaction.readOnly && transaction.hasSnapshot) {
      throw new DatabaseError("25001", "transaction read-write mode must be set before any query");
    }
    transaction.readOnly = modes.readOnly;
  }
}

function requireBlock(transaction: Transaction, what: string): void {
  if (!transaction.explicit)
    throw new DatabaseError("25P01", `${what} can only be used in transaction blocks`);
}

function begin(host: UtilityHost, statement: UtilityStatement & { kind: "begin" }): Outcome {
  const transaction = host.transaction();
  if (transaction.explicit)
    host.state.notice("WARNING", "25001", "there is already a transaction in progress");
  transaction.explicit = true;
  applyModes(transaction, statement.modes);
  return done(statement.start ? "START TRANSACTION" : "BEGIN");
}

function savepoint(host: UtilityHost, kind: "savepoint" | "release" | "rollback to", name: string): Outcome {
  const transaction = host.transaction();
  requireBlock(
    transaction,
    kind === "savepoint" ? "SAVEPOINT" : kind === "release" ? "RELEASE SAVEPOINT" : "ROLLBACK TO SAVEPOINT",
  );
  if (kind === "savepoint") {
    pushSavepoint(host.engine, transaction, name, host.state.settings);
    return done("SAVEPOINT");
  }
  const at = findSavepoint(transaction, name);
  if (at < 0) throw new DatabaseError("3B001", `savepoint "${name}" does not exist`);
  if (kind === "release") {
    releaseSavepoint(transaction, at);
    return done("RELEASE");
  }
  const undone = rollbackToSavepoint(host.engine, transaction, at);
  if (undone !== null) host.state.restore(undone.settings);
  return done("ROLLBACK");
}

function show(host: UtilityHost, name: string): Outcome {
  const transaction = host.transaction();
  const own: Readonly<Record<string, string>> = {
    transaction_isolation: transaction.isolation,
    transaction_read_only: transaction.readOnly ? "on" : "off",
  };
  const value = own[name] ?? host.state.settings.get(name);
  if (value === undefined) throw new DatabaseError("42704", `unrecognized configuration parameter "${name}"`);
  return {
    tag: "SHOW",
    rowCount: null,
    columns: showColumns(name),
    rows: [[value]],
  };
}

/** The one column of `SHOW`. */
function showColumns(name: string): readonly OutputColumn[] {
  const shown = name === "timezone" ? "TimeZone" : name === "datestyle" ? "DateStyle" : name;
  return [{ name: shown, type: textType, tableId: 0, column: 0 }];
}

function set(host: UtilityHost, { name, value, local }: UtilityStatement & { kind: "set" }): Outcome {
  const transaction = host.transaction();
  if (name === "transaction_isolation" || name === "transaction_read_only") {
    if (name === "transaction_read_only")
      applyModes(transaction, { readOnly: /^(on|true|1)$/.test(value ?? "") });
    else
      applyModes(transaction, {
        isolation: (value ?? "read committed").toLowerCase() as Transaction["isolation"],
      });
    return done("SET");
  }
  if (local && !transaction.explicit)
    host.state.notice("WARNING", "25P01", "SET LOCAL can only be used in transaction blocks");
  host.state.change(name, value, local);
  return done("SET");
}

function setTransaction(
  host: UtilityHost,
  statement: UtilityStatement & { kind: "set transaction" },
): Outcome {
  const { modes } = statement;
  if (statement.session) {
    if (modes.isolation !== undefined)
      host.state.change("default_transaction_isolation", modes.isolation, false);
    if (modes.readOnly !== undefined)
      host.state.change("default_transaction_read_only", modes.readOnly ? "on" : "off", false);
    return done("SET");
  }
  const transaction = host.transaction();
  if (!transaction.explicit)
    host.state.notice("WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks");
  applyModes(transaction, modes);
  return done("SET");
}

function stopListening(host: UtilityHost, channel: string): void {
  for (const [name, listeners] of host.engine.listeners) {
    if (channel === "*" || channel === name) listeners.delete(host.listener);
  }
}

function unlisten(host: UtilityHost, channel: string): Outcome {
  host.transaction().atCommit.push(() => stopListening(host, channel));
  return done("UNLISTEN");
}

function listen(host: UtilityHost, channel: string): Outcome {
  const { listeners } = host.engine;
  host.transaction().atCommit.push(() => {
    const known = listeners.get(channel) ?? new Set();
    listeners.set(channel, known.add(host.listener));
  });
  return done("LISTEN");
}

function discard(host: UtilityHost, what: string): Outcome {
  const transaction = host.transaction();
  if (transaction.explicit)
    throw new DatabaseError("25001", "DISCARD ALL cannot run inside a transaction block");
  unlisten(host, "*");
  for (const held of host.state.advisory.splice(0))
    host.engine.locks.release(transaction.owner, held.tag, held.mode);
  for (const name of host.state.settings.keys())
    if (name !== "server_version" && name !== "server_encoding") resetOne(host, name);
  host.state.sequenceValues.clear();
  host.state.lastSequence = null;
  return done(`DISCARD ${what.toUpperCase()}`);
}

function resetOne(host: UtilityHost, name: string): void {
  host.state.change(name, null, false);
}

/** Rollbacks are allowed in a failed transaction, and commits, which then roll back. */
function isExit(statement: UtilityStatement | null): boolean {
  return statement !== null && ["commit", "rollback", "rollback to"].includes(statement.kind);
}

function* runUtility(host: UtilityHost, statement: UtilityStatement): Run<Outcome> {
  switch (statement.kind) {
    case "begin":
      return begin(host, statement);
    case "commit":
      if (!host.transaction().explicit)
        host.state.notice("WARNING", "25P01", "there is no transaction in progress");
      return done(host.commit());
    case "rollback":
      if (!host.transaction().explicit)
        host.state.notice("WARNING", "25P01", "there is no transaction in progress");
      host.rollback();
      return done("ROLLBACK");
    case "savepoint":
    case "release":
    case "rollback to":
      return savepoint(host, statement.kind, statement.name);
    case "set transaction":
      return setTransaction(host, statement);
    case "set":
      return set(host, statement);
    case "reset":
      if (statement.name === "all") for (const name of host.state.settings.keys()) resetOne(host, name);
      else resetOne(host, statement.name);
      return done("RESET");
    case "show":
      return show(host, statement.name);
    case "listen":
      return listen(host, statement.channel);
    case "unlisten":
      return unlisten(host, statement.channel);
    case "notify": {
      const { notifications, current } = host.transaction();
      const { channel, payload } = statement;
      if (!notifications.some((one) => one.channel === channel && one.payload === payload))
        notifications.push({ channel, payload, xact: current });
      return done("NOTIFY");
    }
    case "lock": {
      const transaction = host.transaction();
      requireBlock(transaction, "LOCK TABLE");
      for (const name of statement.tables) {
        const catalog = currentCatalog(host.engine, transaction);
        const table = lookUp(catalog.tables, name, { searchPath: host.state.searchPath() });
        if (table === undefined) throw missingTable(name.name);
        yield* lockTable(host.engine, transaction, table, modeNumbers[statement.mode], statement.nowait);
      }
      return done("LOCK TABLE");
    }
    case "discard":
      return discard(host, statement.what);
    case "deallocate":
      return done(statement.name === null ? "DEALLOCATE ALL" : "DEALLOCATE");
    default:
      throw new Error("unknown utility statement");
  }
}

/** The temporary tables of a session go with it. */
function dropTemporary(engine: Engine, { temporarySchema }: SessionState): void {
  if (temporarySchema === null) return;
  const { catalog } = engine;
  const tables = new Map([...catalog.tables].filter(([, table]) => table.schema !== temporarySchema));
  const sequences = new Map([...catalog.sequences].filter(([, { schema }]) => schema !== temporarySchema));
  engine.catalog = createCatalog({ ...catalog, tables, sequences });
}

const connectionLost = (): DatabaseError =>
  new DatabaseError("08006", "connection to server was lost", {}, "FATAL");

export function createSession({
  engine,
  id,
  user,
  database,
  settings,
  events,
  parse,
  beforeStatement,
  onEnded,
}: SessionParts): ServerSession {
  const owner = { id };
  const state = createSessionState({ pid: id, user, database }, settings, (notice) =>
    events.onNotice(notice),
  );
  const runner = createRunner(engine, state, owner);
  const queue: Array<{ readonly task: () => Run<void>; readonly done: (error: unknown) => void }> = [];
  const heldNotifications: Array<() => void> = [];
  let transaction: Transaction | null = null;
  let running: { readonly done: (error: unknown) => void } | null = null;
  let ended = false;
  let lastQuery = "";
  let cancelIdleTimer: (() => void) | null = null;

  const listener: Listener = {
    notified(channel, payload, pid) {
      heldNotifications.push(() => events.onNotification(channel, payload, pid));
      flushNotifications();
    },
  };
  // A session hears of others' news only between its transactions.
  const flushNotifications = (): void => {
    if (transaction !== null || running !== null) return;
    for (const notify of heldNotifications.splice(0)) notify();
  };

  const open = (explicit: boolean): Transaction => {
    transaction ??= beginTransaction(engine, {
      owner,
      explicit,
      isolation: (state.settings.get("default_transaction_isolation") ?? "read committed") as IsolationLevel,
      readOnly: state.settings.get("default_transaction_read_only") === "on",
    });
    return transaction;
  };

  const rollback = (): void => {
    if (transaction === null) return;
    const finished = transaction;
    transaction = null;
    if (engine.transactions.has(finished.top)) rollbackTransaction(engine, finished);
    state.endTransaction(false);
  };

  const commit = (): string => {
    if (transaction === null) return "COMMIT";
    if (transaction.failed) {
      rollback();
      return "ROLLBACK";
    }
    const finished = transaction;
    if (finished.isolation === "serializable") {
      try {
        engine.serializability.beforeCommit(finished.top);
      } catch (error) {
        rollback();
        throw error;
      }
    }
    transaction = null;
    commitTransaction(engine, finished);
    state.endTransaction(true);
    for (const { channel, payload } of finished.notifications) engine.deliver(channel, payload, id);
    return "COMMIT";
  };

  const host: UtilityHost = { engine, state, listener, transaction: () => open(false), commit, rollback };

  function* runStatement(statement: ParsedStatement, parameters: readonly Value[]): Run<Outcome> {
    const own = open(false);
    requireUsable(statement);
    engine.counters.statements += 1;
    lastQuery = statement.text;
    const refused = beforeStatement?.(statement.utility?.kind ?? "query");
    if (refused !== undefined) throw refused;
    if (statement.utility !== null) return yield* runUtility(host, statement.utility);
    if (isSchema(statement)) return yield* runSchemaStatement(engine, state, own, statement);
    if (statement.schema?.type === "do") return yield* runDo(engine, state, own, statement);
    if (!isPlanned(statement)) return yield* runTruncate(engine, state, own, statement);
    const plan = planFor(engine, state, own, statement);
    const outcome = yield* runPlan(engine, state, own, plan, parameters);
    if (own.isolation !== "repeatable read" && own.isolation !== "serializable") own.snapshotSeq = null;
    return outcome;
  }

  const isPlanned = (statement: ParsedStatement): boolean => statement.query !== null;

  const requireUsable = (statement: ParsedStatement | null): void => {
    if (transaction?.failed === true && !isExit(statement?.utility ?? null)) {
      throw new DatabaseError(
        "25P02",
        "current transaction is aborted, commands ignored until end of transaction block",
      );
    }
  };

  const fail = (): void => {
    if (transaction === null) return;
    if (!transaction.explicit) rollback();
    else failTransaction(engine, transaction);
  };

  const sync = (): void => {
    if (transaction !== null && !transaction.explicit) commit();
  };

  function* runMessage(message: SessionMessage, outcomes: Outcome[]): Run<void> {
    const statements = parse(message.text);
    // As `pg` does: without a name and values the text goes as it is, and may hold several statements.
    const values = message.name === undefined && message.values?.length === 0 ? undefined : message.values;
    const prepared = values !== undefined || message.name !== undefined;
    if (prepared && statements.length > 1) {
      throw new DatabaseError("42601", "cannot insert multiple commands into a prepared statement");
    }
    for (const statement of statements) {
      if (!prepared && statement.parameterCount > 0) {
        throw new DatabaseError("42P02", `there is no parameter $1`);
      }
      outcomes.push(yield* runStatement(statement, bindFor(statement, values ?? [], message.name ?? "")));
    }
    sync();
  }

  const bindFor = (statement: ParsedStatement, values: readonly unknown[], name: string): Value[] => {
    if (!isPlanned(statement) || statement.parameterCount === 0) {
      return bindParameters(values, [], name);
    }
    // A failed transaction says so before anything is looked at.
    if (transaction?.failed === true) return [];
    open(false);
    return bindParameters(values, planFor(engine, state, transaction, statement).parameterTypes, name);
  };

  const terminate = (error: DatabaseError): void => {
    if (ended) return;
    shutDown(error);
    events.onTerminated(error);
  };

  const watchIdle = (): void => {
    const name = transaction === null ? "idle_session_timeout" : "idle_in_transaction_session_timeout";
    if (ended || state.settings.get(name) === "0") return;
    const [code, message] =
      transaction === null
        ? ["57P05", "terminating connection due to idle-session timeout"]
        : ["25P03", "terminating connection due to idle-in-transaction timeout"];
    cancelIdleTimer = engine.clock.setTimer(state.timeoutMs(name), "idle-timeout", () => {
      terminate(new DatabaseError(code, message, {}, "FATAL"));
      engine.drain();
    });
  };

  const next = (): void => {
    if (running !== null || ended) return;
    const job = queue.shift();
    if (job === undefined) {
      flushNotifications();
      watchIdle();
      return;
    }
    cancelIdleTimer?.();
    cancelIdleTimer = null;
    running = job;
    runner.start(job.task(), (error) => {
      running = null;
      if (error !== null) fail();
      job.done(error);
      if (!ended) next();
    });
  };

  const shutDown = (error: DatabaseError): void => {
    ended = true;
    cancelIdleTimer?.();
    runner.abandon();
    const pending = running === null ? queue.splice(0) : [running, ...queue.splice(0)];
    running = null;
    rollback();
    for (const held of state.advisory.splice(0)) engine.locks.release(owner, held.tag, held.mode);
    for (const listeners of engine.listeners.values()) listeners.delete(listener);
    dropTemporary(engine, state);
    onEnded();
    for (const job of pending) job.done(error);
  };

  const perform = (task: () => Run<void>, done: (error: unknown) => void): void => {
    if (ended) {
      done(connectionLost());
      return;
    }
    queue.push({ task, done });
    next();
    engine.drain();
  };

  return {
    id,
    state,
    perform,
    runStatement,
    sync,
    fail,
    terminate,
    execute(message, done) {
      const outcomes: Outcome[] = [];
      perform(
        () => runMessage(message, outcomes),
        (error) => done({ outcomes, error }),
      );
    },
    plan(statement) {
      requireUsable(statement);
      return planFor(engine, state, transaction, statement);
    },
    isPlanned,
    requireUsable,
    describeUtility: (statement) =>
      statement?.utility?.kind === "show" ? showColumns(statement.utility.name) : null,
    status: () => (transaction === null || !transaction.explicit ? "I" : transaction.failed ? "E" : "T"),
    transaction: () => transaction,
    cancel() {
      runner.interrupt(new DatabaseError("57014", "canceling statement due to user request"));
      engine.drain();
    },
    end() {
      if (!ended) shutDown(connectionLost());
      engine.drain();
    },
    get isEnded() {
      return ended;
    },
    isWaiting: () => runner.isWaiting,
    isBusy: () => running !== null,
    lastQuery: () => lastQuery,
  };
}
