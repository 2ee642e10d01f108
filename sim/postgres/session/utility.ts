/** Runs the statements without expressions: transactions, settings, notifications, table locks. */
import { DatabaseError } from "../database-error.js";
import { missingTable } from "../execute/env.js";
import { unsupported } from "../execute/unsupported.js";
import type { Outcome, OutputColumn, Run } from "../execute/plan.js";
import { lockModes } from "../locks/lock-manager.js";
import type { TransactionModes, UtilityStatement } from "../sql/utility.js";
import { textType } from "../types/builtin.js";
import type { Engine, Listener } from "./engine.js";
import type { SessionState } from "./session-state.js";
import { lockTable } from "./statements.js";
import {
  findSavepoint,
  pushSavepoint,
  releaseSavepoint,
  rollbackToSavepoint,
  type Transaction,
} from "./transaction.js";

/** What utilities may do to the session they run in. */
export interface UtilityHost {
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

export function applyModes(transaction: Transaction, modes: TransactionModes): void {
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
export function showColumns(name: string): readonly OutputColumn[] {
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
export function isExit(statement: UtilityStatement | null): boolean {
  return statement !== null && ["commit", "rollback", "rollback to"].includes(statement.kind);
}

export function* runUtility(host: UtilityHost, statement: UtilityStatement): Run<Outcome> {
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
        const table = (transaction.catalog ?? host.engine.catalog).tables.get(name);
        if (table === undefined) throw missingTable(name);
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
