/** A simulated PostgreSQL server: shared committed state, and the sessions that work on it. */
import { DatabaseError, terminatedByAdministrator } from "./database-error.js";
import { createSerializability } from "./locks/serializable.js";
import { createInspector, type Inspector } from "./inspect.js";
import {
  committedTuples,
  createEngine,
  type Engine,
  type SequenceState,
  type ServerClock,
} from "./session/engine.js";
import { createPgSession, type PgSession, type PgSessionEvents } from "./session/pg-session.js";
import { createSession } from "./session/session.js";
import type { ServerSession, SessionEvents } from "./session/session-types.js";
import { createTemplateFrom, emptyTemplate, type PostgresTemplate } from "./template.js";
import { createWireConnection } from "./wire/connection.js";
import type { WireConnection, WireEnd, WireHost } from "./wire/host.js";
import { createWireStream, type MemorySocket } from "./wire/stream.js";
import { SimError } from "../errors.js";
import type { Row } from "./types/value.js";

export interface PostgresOptions {
  /** Sessions at a time; one more gets 53300. @default 100 */
  readonly connectionsMax?: number;
  /** How long `restart` refuses sessions with 57P03. @default 0 */
  readonly recoveryMs?: number;
  /** Settings of every session, such as `["statement_timeout", "5s"]`. @default [] */
  readonly settings?: ReadonlyArray<readonly [string, string]>;
}

export interface PostgresParts {
  readonly clock: ServerClock;
  /** Feeds `gen_random_uuid()` and `random()`; without it they throw `SIM_UNSUPPORTED`. */
  readonly random?: { bytes(length: number): Uint8Array };
  /** Schema and rows to begin with. @default an empty database */
  readonly template?: PostgresTemplate;
  readonly options?: PostgresOptions;
}

export interface ConnectOptions {
  /** @default "postgres" */
  readonly user?: string;
  /** @default the user */
  readonly database?: string;
  /** @default "" */
  readonly applicationName?: string;
}

export interface PostgresServer {
  /**
   * Opens a session.
   *
   * @throws DatabaseError 53300 when full, 57P03 while starting up, 08006 when down.
   */
  connect(options?: ConnectOptions & Partial<PgSessionEvents>): PgSession;
  /** The session below `connect`, with callbacks instead of promises and values in their internal form. */
  openSession(options: ConnectOptions, events: SessionEvents): ServerSession;
  /** The client's end of a connection that speaks the wire protocol, for the `stream` option of `pg`. */
  connectStream(): MemorySocket;
  /** The server's end of such a connection, for whoever carries the bytes. */
  acceptWire(end: WireEnd): WireConnection;
  /** Loses everything not committed, and every session. */
  crash(): void;
  /** Takes sessions again, after the recovery time. */
  restart(): void;
  readonly isRunning: boolean;
  /** Ends one session as `pg_terminate_backend` does. @returns False when there is none with that pid. */
  terminate(pid: number): boolean;
  /** Schema and committed rows as they are now, for further servers. */
  snapshot(): PostgresTemplate;
  readonly inspect: Inspector;
}

function refuseRandom(): never {
  throw new SimError(
    "SIM_UNSUPPORTED",
    "The statement needs random bytes, but this server was made without a source of them.",
    "Pass `random` to createPostgresServer, or give the value as a parameter.",
  );
}

/** @throws SimError `SIM_OPTION_INVALID` */
function checkOptions({
  connectionsMax = 100,
  recoveryMs = 0,
  settings = [],
}: PostgresOptions): Required<PostgresOptions> {
  if (!Number.isInteger(connectionsMax) || connectionsMax < 1) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `connectionsMax is ${connectionsMax}.`,
      "Give a whole number of at least 1.",
    );
  }
  if (!(recoveryMs >= 0)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `recoveryMs is ${recoveryMs}.`,
      "Give a duration in milliseconds, at least 0.",
    );
  }
  return { connectionsMax, recoveryMs, settings };
}

export function createPostgresServer({
  clock,
  random,
  template = emptyTemplate(),
  options = {},
}: PostgresParts): PostgresServer {
  const { connectionsMax, recoveryMs, settings } = checkOptions(options);
  const engine: Engine = createEngine({
    clock,
    catalog: template.catalog,
    rows: template.rows,
    sequences: template.sequences,
    serializability: createSerializability(),
    randomBytes: random === undefined ? refuseRandom : (length) => random.bytes(length),
  });
  const sessions = new Map<number, ServerSession>();
  let nextPid = 100;
  let phase: "running" | "starting" | "down" = "running";
  let cancelRecovery: (() => void) | null = null;

  const requireRoom = (): void => {
    if (phase === "starting")
      throw new DatabaseError("57P03", "the database system is starting up", {}, "FATAL");
    if (phase === "down") throw new DatabaseError("08006", "the server is not running", {}, "FATAL");
    if (sessions.size >= connectionsMax)
      throw new DatabaseError("53300", "sorry, too many clients already", {}, "FATAL");
  };

  const openSession: PostgresServer["openSession"] = (
    { user = "postgres", database = user, applicationName = "" },
    events,
  ) => {
    requireRoom();
    nextPid += 1;
    const id = nextPid;
    const session = createSession({
      engine,
      id,
      user,
      database,
      events,
      settings: [...settings, ["application_name", applicationName]],
      parse: (text) => template.parse(text),
      onEnded: () => sessions.delete(id),
    });
    sessions.set(id, session);
    return session;
  };

  // Secrets only tell apart old sessions from new ones with the same pid; nobody has to guess them here.
  const secretOf = (pid: number): number => (pid * 2_654_435_761) | 0;
  const wireHost: WireHost = {
    open: (user, database, applicationName, events) =>
      openSession({ user, database, applicationName }, events),
    parse: (text) => template.parse(text),
    cancel(pid, secret) {
      if (secret === secretOf(pid)) sessions.get(pid)?.cancel();
    },
    secretOf,
  };

  return {
    openSession,
    connect: (connect = {}) => createPgSession((events) => openSession(connect, events), connect),
    connectStream: () => createWireStream(wireHost),
    acceptWire: (end) => createWireConnection(wireHost, end),
    get isRunning() {
      return phase === "running";
    },
    crash() {
      cancelRecovery?.();
      phase = "down";
      for (const session of sessions.values()) session.terminate(terminatedByAdministrator());
      engine.drain();
    },
    restart() {
      if (phase !== "down") return;
      phase = recoveryMs > 0 ? "starting" : "running";
      if (recoveryMs > 0) {
        cancelRecovery = clock.setTimer(recoveryMs, "postgres-recovery", () => {
          phase = "running";
        });
      }
    },
    terminate(pid) {
      const session = sessions.get(pid);
      session?.terminate(terminatedByAdministrator());
      engine.drain();
      return session !== undefined;
    },
    snapshot() {
      const rows = new Map<number, Row[]>();
      const sequences = new Map<number, SequenceState>();
      for (const table of engine.catalog.tables.values()) {
        rows.set(
          table.id,
          [...committedTuples(engine, table.id)].map((tuple) => tuple.values),
        );
      }
      for (const sequence of engine.catalog.sequences.values())
        sequences.set(sequence.id, { ...engine.sequence(sequence) });
      return createTemplateFrom({ catalog: engine.catalog, rows, sequences });
    },
    inspect: createInspector(engine, sessions),
  };
}

/**
 * Runs migrations once and keeps what they made.
 *
 * @param migrations - SQL texts, each may hold several statements. They run at the epoch and may not wait.
 * @throws DatabaseError or SimError of the first statement that fails.
 */
export function createTemplate(migrations: readonly string[]): PostgresTemplate {
  const server = createPostgresServer({ clock: { now: () => 0, setTimer: () => () => {} } });
  const session = server.openSession({}, { onNotice() {}, onNotification() {}, onTerminated() {} });
  for (const text of migrations) {
    session.execute({ text }, ({ error }) => {
      if (error !== null) throw error;
    });
  }
  session.end();
  return server.snapshot();
}
