/** What a session of the server is to those around it. */
import type { DatabaseError } from "../database-error.js";
import type { Outcome, OutputColumn, Plan, Run } from "../execute/plan.js";
import type { ParsedStatement } from "../sql/parse.js";
import type { Value } from "../types/value.js";
import type { Engine } from "./engine.js";
import type { Notice, SessionState } from "./session-state.js";
import type { Transaction } from "./transaction.js";

/** A query as a client sends it. Without `values` the text may hold several statements. */
export interface SessionMessage {
  /** Name of the prepared statement, for messages only. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** `outcomes` of the statements that worked, also when a later one failed. */
export interface SessionReply {
  readonly outcomes: readonly Outcome[];
  readonly error: unknown;
}

export interface SessionEvents {
  onNotice(notice: Notice): void;
  onNotification(channel: string, payload: string, pid: number): void;
  /** The server ended the session; `error` is what it said last. */
  onTerminated(error: DatabaseError): void;
}

/** Transaction status as the protocol shows it: idle, in a transaction, in a failed one. */
export type TransactionStatus = "I" | "T" | "E";

export interface ServerSession {
  readonly id: number;
  readonly state: SessionState;
  execute(message: SessionMessage, done: (reply: SessionReply) => void): void;
  /** Runs server work in the session's queue, such as parsing for the wire protocol. */
  perform(task: () => Run<void>, done: (error: unknown) => void): void;
  plan(statement: ParsedStatement): Plan;
  /** Whether a statement has a plan; utilities and schema changes have none. */
  isPlanned(statement: ParsedStatement): boolean;
  /** @throws DatabaseError 25P02 in a failed transaction. */
  requireUsable(statement: ParsedStatement | null): void;
  /** The columns of a utility that returns rows. */
  describeUtility(statement: ParsedStatement | null): readonly OutputColumn[] | null;
  /** Runs one statement with parameters inside the message being performed. */
  runStatement(statement: ParsedStatement, parameters: readonly Value[]): Run<Outcome>;
  /** Ends the implicit transaction, as Sync does. */
  sync(): void;
  /** Marks the transaction failed, as an error does. */
  fail(): void;
  status(): TransactionStatus;
  transaction(): Transaction | null;
  /** Asks the running statement to stop. */
  cancel(): void;
  /** The client said goodbye or vanished: the open transaction rolls back. */
  end(): void;
  /** The server ends the session. */
  terminate(error: DatabaseError): void;
  readonly isEnded: boolean;
  isWaiting(): boolean;
}

export interface SessionParts {
  readonly engine: Engine;
  readonly id: number;
  readonly user: string;
  readonly database: string;
  readonly settings: ReadonlyArray<readonly [string, string]>;
  readonly events: SessionEvents;
  parse(text: string): readonly ParsedStatement[];
  onEnded(): void;
}
