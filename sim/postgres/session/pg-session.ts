/** A session with promises and results in the shape of the `pg` client. */
import type { DatabaseError } from "../database-error.js";
import { type PgResult, toResult } from "./result.js";
import type { Notice } from "./session-state.js";
import type { ServerSession, SessionEvents, SessionMessage } from "./session-types.js";

export interface PgNotification {
  readonly channel: string;
  readonly payload: string;
  readonly processId: number;
}

export interface PgSessionEvents {
  readonly onNotice: (notice: Notice) => void;
  readonly onNotification: (notification: PgNotification) => void;
  /** The server ended the session. */
  readonly onTerminated: (error: DatabaseError) => void;
}

export interface PgSession {
  readonly pid: number;
  /** False once either side ended it. */
  readonly open: boolean;
  /**
   * Runs one message; several statements in one text give the result of the last.
   *
   * @throws DatabaseError as the server reports it; SimError `SIM_UNSUPPORTED` for SQL that is not simulated.
   */
  query<R = Record<string, unknown>>(
    message: SessionMessage | string,
    values?: readonly unknown[],
  ): Promise<PgResult<R>>;
  /** The same without promises; `results` has one entry for each statement that worked. */
  execute(message: SessionMessage, done: (error: unknown, results: readonly PgResult[]) => void): void;
  /** Asks the server to stop the running statement, as a cancel request does. */
  cancel(): void;
  /** Closes the session; an open transaction rolls back. */
  end(): void;
  readonly session: ServerSession;
}

const nothing: PgResult = { command: "", rowCount: null, fields: [], rows: [] };

export function createPgSession(
  open: (events: SessionEvents) => ServerSession,
  events: Partial<PgSessionEvents>,
): PgSession {
  const session = open({
    onNotice: (notice) => events.onNotice?.(notice),
    onNotification: (channel, payload, processId) => events.onNotification?.({ channel, payload, processId }),
    onTerminated: (error) => events.onTerminated?.(error),
  });
  const execute: PgSession["execute"] = (message, done) => {
    session.execute(message, ({ error, outcomes }) => done(error, outcomes.map(toResult)));
  };
  return {
    pid: session.id,
    get open() {
      return !session.isEnded;
    },
    session,
    execute,
    query<R>(message: SessionMessage | string, values?: readonly unknown[]) {
      const base = typeof message === "string" ? { text: message } : message;
      const full = values === undefined ? base : { ...base, values };
      return new Promise<PgResult<R>>((resolve, reject) => {
        execute(full, (error, results) => {
          if (error !== null) reject(error);
          else resolve((results.at(-1) ?? nothing) as PgResult<R>);
        });
      });
    },
    cancel: () => session.cancel(),
    end: () => session.end(),
  };
}
