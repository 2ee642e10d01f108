/** One connection as the server sees it: a queue of messages, at most one transaction, an end. */
import { DatabaseError } from "../database-error.js";
import type { Outcome, Run } from "../execute/plan.js";
import type { ParsedStatement } from "../sql/parse.js";
import type { IsolationLevel } from "../sql/utility.js";
import type { Value } from "../types/value.js";
import { bindParameters } from "./bind.js";
import type { Listener } from "./engine.js";
import { createRunner } from "./runner.js";
import { createSessionState } from "./session-state.js";
import { isSchema, planFor, runPlan, runSchemaStatement, runTruncate } from "./statements.js";
import {
  beginTransaction,
  commitTransaction,
  failTransaction,
  rollbackTransaction,
  type Transaction,
} from "./transaction.js";
import { isExit, runUtility, showColumns, type UtilityHost } from "./utility.js";
import { type ServerSession, type SessionMessage, type SessionParts } from "./session-types.js";

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
    if (statement.utility !== null) return yield* runUtility(host, statement.utility);
    if (isSchema(statement)) return yield* runSchemaStatement(engine, state, own, statement);
    if (!isPlanned(statement)) return yield* runTruncate(engine, state, own, statement);
    const plan = planFor(engine, own, statement);
    const outcome = yield* runPlan(engine, state, own, plan, parameters);
    if (own.isolation !== "repeatable read" && own.isolation !== "serializable") own.snapshotSeq = null;
    return outcome;
  }

  const isPlanned = (statement: ParsedStatement): boolean =>
    statement.ast !== null && !isSchema(statement) && statement.ast.type !== "truncate table";

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
    return bindParameters(values, planFor(engine, transaction, statement).parameterTypes, name);
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
      return planFor(engine, transaction, statement);
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
  };
}
