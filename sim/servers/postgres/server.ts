/** A simulated PostgreSQL server: shared committed state, and the sessions that work on it. */
import { Duplex } from "node:stream";

import { SimError } from "../../errors.js";
import type { LockOwner, LockTag } from "./locks/lock-manager.js";
import type { LockRow } from "./system-catalog/source.js";
import { createCatalog, type Catalog, type TableDef } from "./catalog/catalog.js";
import { DatabaseError, terminatedByAdministrator } from "./database-error.js";
import { createSerializability } from "./locks/serializable.js";
import {
  committedTuples,
  createEngine,
  type Change,
  type Counters,
  type Engine,
  type SequenceState,
  type ServerClock,
} from "./session/engine.js";
import { createRowReader, toResult, type PgResult } from "./session/results.js";
import type { Notice, ServerSession, SessionEvents, SessionMessage } from "./session/session-state.js";
import { createSession } from "./session/session.js";
import { parseSql, type ParsedStatement } from "./sql/parse.js";
import { isAborted, type Tuple } from "./storage/heap.js";
import type { Row } from "./types/value.js";
import { createWireConnection, type WireConnection, type WireEnd, type WireHost } from "./wire/connection.js";

// A schema built once per process, from which servers are made in no time.

/** Schema, rows and parsed statements, shared by the servers made from it. Never changes in a way they could see. */
export interface PostgresTemplate {
  readonly catalog: Catalog;
  /** The last OID that the catalog has used. */
  readonly nextId: number;
  readonly rows: ReadonlyMap<number, readonly Row[]>;
  readonly sequences: ReadonlyMap<number, SequenceState>;
  /** Parses a text, or remembers having done so. */
  parse(text: string): readonly ParsedStatement[];
}

/** Texts remembered; a caller that builds SQL from values would fill the memory otherwise. */
const textsMax = 5_000;

function createTemplateFrom(parts: Omit<PostgresTemplate, "parse">): PostgresTemplate {
  const texts = new Map<string, readonly ParsedStatement[]>();
  return {
    ...parts,
    parse(text) {
      const known = texts.get(text);
      if (known !== undefined) return known;
      const parsed = parseSql(text);
      if (texts.size >= textsMax) texts.clear();
      texts.set(text, parsed);
      return parsed;
    },
  };
}

function emptyTemplate(): PostgresTemplate {
  return createTemplateFrom({
    catalog: createCatalog(),
    rows: new Map(),
    sequences: new Map(),
    nextId: 16_384,
  });
}

// A session with promises and results in the shape of the `pg` client.

interface PgNotification {
  readonly channel: string;
  readonly payload: string;
  readonly processId: number;
}

interface PgSessionEvents {
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

function createPgSession(
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

// A connection as an in-memory duplex stream, for the `stream` option of real drivers.

/** What drivers call on a socket besides the stream itself; none of it means anything in memory. */
interface MemorySocket extends Duplex {
  connect(...target: unknown[]): this;
  setNoDelay(): this;
  setKeepAlive(): this;
  setTimeout: () => this;
  ref(): this;
  unref(): this;
}

/** @returns The client's end. Bytes arrive in later microtasks, never inside the caller's stack. */
function createWireStream(host: WireHost): MemorySocket {
  let connection: WireConnection | null = null;
  const open = (): WireConnection =>
    createWireConnection(host, {
      send: (bytes) => {
        pending.push(bytes);
        flushLater();
      },
      close: () => {
        pending.push(null);
        flushLater();
      },
    });
  const pending: Array<Uint8Array | null> = [];
  let flushing = false;
  const flushLater = (): void => {
    if (flushing) return;
    flushing = true;
    queueMicrotask(() => {
      flushing = false;
      const parts = pending.splice(0);
      const ends = parts.includes(null);
      const bytes = parts.filter((part) => part !== null);
      if (bytes.length > 0 && !stream.destroyed)
        stream.push(bytes.length === 1 ? bytes[0] : Buffer.concat(bytes));
      if (ends && !stream.destroyed) stream.push(null);
    });
  };
  const stream = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      connection ??= open();
      const live = connection;
      queueMicrotask(() => live.receive(chunk));
      done();
    },
    final(done) {
      connection?.closed();
      done();
      queueMicrotask(() => {
        if (!stream.destroyed && !stream.readableEnded) stream.push(null);
      });
    },
    destroy(error, done) {
      connection?.closed();
      done(error);
    },
  });
  const socket = stream as unknown as MemorySocket;
  return Object.assign(socket, {
    connect() {
      queueMicrotask(() => socket.emit("connect"));
      return socket;
    },
    setNoDelay: () => socket,
    setKeepAlive: () => socket,
    setTimeout: () => socket,
    ref: () => socket,
    unref: () => socket,
  });
}

// A look into a server from outside, for invariants and tests. Changes nothing.

type RowImage = Readonly<Record<string, unknown>>;

/** A row before and after a commit; null when it was not there. */
export interface RowChange {
  readonly table: string;
  /** Values of the primary key, joined by commas. */
  readonly key: string;
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

interface OpenTransaction {
  readonly pid: number;
  readonly isolation: string;
  readonly failed: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
}

interface HeldLock {
  readonly pid: number;
  readonly lock: string;
  readonly mode: number;
}

interface WaitingSession {
  readonly pid: number;
  readonly lock: string;
  /** Pids that keep it waiting. */
  readonly blockedBy: readonly number[];
}

interface Inspector {
  /** Committed rows in the order they were written, values as `pg` shows them. @throws SimError `SIM_OPTION_INVALID` */
  rows(table: string): RowImage[];
  tables(): readonly string[];
  transactions(): readonly OpenTransaction[];
  locks(): readonly HeldLock[];
  waiters(): readonly WaitingSession[];
  readonly counters: Readonly<Counters>;
  readonly sessionCount: number;
  /** Calls back at each commit that changed rows, with the pid of its session. Returns a function that stops it. */
  onCommit(listener: (changes: readonly RowChange[], pid: number) => void): () => void;
}

// By columns, which are others after each change of a table.
const readers = new WeakMap<TableDef["columns"], (row: Row) => RowImage>();

function imageOf({ columns }: TableDef, row: Row): RowImage {
  const known = readers.get(columns);
  if (known !== undefined) return known(row);
  const read = createRowReader(columns.map((column) => (column.dropped ? undefined : column)));
  readers.set(columns, read);
  return read(row);
}

// What a commit leaves is what the next one finds: the image of a version that stays is made once.
const images = new WeakMap<Tuple, { readonly columns: TableDef["columns"]; readonly image: RowImage }>();

function imageOfTuple(table: TableDef, tuple: Tuple | null): RowImage | null {
  if (tuple === null) return null;
  const { columns } = table;
  const known = images.get(tuple);
  if (known?.columns === columns) return known.image;
  const image = imageOf(table, tuple.values);
  images.set(tuple, { columns, image });
  return image;
}

function keyOf(table: TableDef, row: Row): string {
  const primary = table.indexes.find((index) => index.constraint === "primary key");
  const parts = primary?.partsOf(row) ?? row;
  return parts
    .map((value, at) =>
      value === null ? "" : ((primary?.types[at] ?? table.columns[at]?.type)?.print(value) ?? ""),
    )
    .join(",");
}

/** First and last image of each row; a row that came and went within the transaction is left out. */
function netChanges(changes: readonly Change[]): RowChange[] {
  const first = new Map<Tuple, Tuple | null>();
  const ends: Array<{ table: TableDef; before: Tuple | null; after: Tuple | null }> = [];
  for (const { table, before, after } of changes) {
    const origin = before === null ? null : first.has(before) ? (first.get(before) ?? null) : before;
    if (before !== null) {
      const known = ends.findIndex((end) => end.after === before);
      if (known >= 0) ends.splice(known, 1);
    }
    if (after !== null) first.set(after, origin);
    if (after !== null || origin !== null) ends.push({ table, before: origin, after });
  }
  return ends.map(({ table, before, after }) => ({
    table: table.name,
    key: keyOf(table, after?.values ?? before?.values ?? []),
    before: imageOfTuple(table, before),
    after: imageOfTuple(table, after),
  }));
}

type CommitListener = Parameters<Inspector["onCommit"]>[0];

const lockWords: Readonly<Record<number, string>> = {
  1: "AccessShareLock",
  2: "RowShareLock",
  3: "RowExclusiveLock",
  4: "ShareUpdateExclusiveLock",
  5: "ShareLock",
  6: "ShareRowExclusiveLock",
  7: "ExclusiveLock",
  8: "AccessExclusiveLock",
};

/** What `pg_stat_activity` and `pg_locks` show. */
function activityOf(
  engine: Engine,
  sessions: ReadonlyMap<number, ServerSession>,
): ReturnType<Engine["activity"]> {
  const words = {
    xact: "transactionid",
    tuple: "tuple",
    relation: "relation",
    advisory: "advisory",
    name: "object",
  };
  const relationOf = (label: string): number | null =>
    engine.catalog.tables.get(label.replace(/^relation /, ""))?.id ?? null;
  const lock = (owner: LockOwner, tag: LockTag, mode: number, granted: boolean): LockRow => ({
    pid: owner.id,
    type: words[tag.kind],
    relation: tag.kind === "relation" ? relationOf(tag.label) : null,
    mode: lockWords[mode] ?? "",
    granted,
  });
  const states = { I: "idle", T: "idle in transaction", E: "idle in transaction (aborted)" };
  return {
    sessions: Array.from(sessions.values(), (session) => {
      const { pid, user, database, settings } = session.state;
      const isActive = session.isWaiting() || session.isBusy();
      return {
        pid,
        user,
        database,
        application: settings.get("application_name") ?? "",
        state: isActive ? "active" : states[session.status()],
        query: session.lastQuery(),
        xactStart: session.transaction()?.startMicros ?? null,
        isWaiting: session.isWaiting(),
      };
    }),
    locks: [
      ...engine.locks.held().map(({ owner, tag, mode }) => lock(owner, tag, mode, true)),
      ...engine.locks.waits().map(({ owner, tag, mode }) => lock(owner, tag, mode, false)),
    ],
    blockers: (pid) => {
      const wait = engine.locks.waits().find(({ owner }) => owner.id === pid);
      return wait === undefined ? [] : engine.locks.blockers(wait.owner).map((owner) => owner.id);
    },
  };
}

function createInspector(engine: Engine, sessions: ReadonlyMap<number, ServerSession>): Inspector {
  const listeners = new Set<{ readonly notify: CommitListener }>();
  // Images of rows are made once for all who listen.
  const notifyAll = (changes: readonly Change[], pid: number): void => {
    const net = netChanges(changes.filter((change) => !isAborted(change.xact)));
    for (const { notify } of listeners) notify(net, pid);
  };
  const tableOf = (name: string): TableDef => {
    const table = engine.catalog.tables.get(name);
    if (table !== undefined) return table;
    throw new SimError(
      "SIM_OPTION_INVALID",
      `There is no table ${name}.`,
      `Tables: ${[...engine.catalog.tables.keys()].join(", ")}.`,
    );
  };
  return {
    rows(name) {
      const table = tableOf(name);
      return [...committedTuples(engine, table.id)].map((tuple) => imageOf(table, tuple.values));
    },
    tables: () => [...engine.catalog.tables.keys()],
    transactions: () =>
      [...sessions.values()].flatMap((session) => {
        const transaction = session.transaction();
        if (transaction === null) return [];
        const { isolation, failed, startMicros } = transaction;
        return [{ pid: session.id, isolation, failed, startedAtMs: startMicros / 1000 }];
      }),
    locks: () =>
      engine.locks.held().map(({ owner, tag, mode }) => ({ pid: owner.id, lock: tag.label, mode })),
    waiters: () =>
      engine.locks.waits().map(({ owner, tag }) => ({
        pid: owner.id,
        lock: tag.label,
        blockedBy: engine.locks.blockers(owner).map((blocker) => blocker.id),
      })),
    counters: engine.counters,
    get sessionCount() {
      return sessions.size;
    },
    onCommit(listener) {
      if (listeners.size === 0) engine.commitHooks.push(notifyAll);
      const entry = { notify: listener };
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
        const at = engine.commitHooks.indexOf(notifyAll);
        if (listeners.size === 0 && at >= 0) engine.commitHooks.splice(at, 1);
      };
    },
  };
}

interface PostgresOptions {
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
  /** Asked before each statement of any session, whoever speaks; an error is the answer, and fails the transaction. */
  readonly beforeStatement?: (statement: ArrivingStatement) => DatabaseError | undefined;
}

/** A statement that a session is about to run. */
export interface ArrivingStatement {
  /** Who opened the session, as it said to the server. */
  readonly from: string;
  /** Kind of a statement that is no query, such as `begin` or `set`; `query` for all others. */
  readonly kind: string;
}

interface ConnectOptions {
  /** Who opens the session, for `beforeStatement`. @default "" */
  readonly from?: string;
  /** @default "postgres" */
  readonly user?: string;
  /** @default the user */
  readonly database?: string;
  /** @default "" */
  readonly applicationName?: string;
  /** What the session begins with, by name. @default [] */
  readonly settings?: ReadonlyArray<readonly [string, string]>;
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
  /** The server's end of such a connection, for whoever carries the bytes. @param from - As in the options of `connect`. */
  acceptWire(end: WireEnd, from?: string): WireConnection;
  /** Loses everything not committed, and every session. */
  crash(): void;
  /** Takes sessions again, after the recovery time. */
  restart(): void;
  readonly isRunning: boolean;
  /** Ends one session as `pg_terminate_backend` does. @returns False when there is none with that pid. */
  terminate(pid: number): boolean;
  /** Runs statements that may not wait, before anybody else. @throws DatabaseError or SimError of the first that fails. */
  load(statements: readonly string[]): void;
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
  beforeStatement,
}: PostgresParts): PostgresServer {
  const { connectionsMax, recoveryMs, settings } = checkOptions(options);
  const engine: Engine = createEngine({
    clock,
    catalog: template.catalog,
    rows: template.rows,
    sequences: template.sequences,
    nextId: template.nextId,
    serializability: createSerializability(),
    randomBytes: random === undefined ? refuseRandom : (length) => random.bytes(length),
  });
  const sessions = new Map<number, ServerSession>();
  let nextPid = 100;
  let phase: "running" | "starting" | "down" = "running";
  let cancelRecovery: (() => void) | null = null;

  engine.activity = () => activityOf(engine, sessions);
  engine.signal = (pid, what) => {
    const session = sessions.get(pid);
    if (session === undefined) return false;
    // The one who asks may be the one who is asked for.
    engine.schedule(() => {
      if (what === "cancel") session.cancel();
      else session.terminate(terminatedByAdministrator());
    });
    return true;
  };

  const requireRoom = (): void => {
    if (phase === "starting")
      throw new DatabaseError("57P03", "the database system is starting up", {}, "FATAL");
    if (phase === "down") throw new DatabaseError("08006", "the server is not running", {}, "FATAL");
    if (sessions.size >= connectionsMax)
      throw new DatabaseError("53300", "sorry, too many clients already", {}, "FATAL");
  };

  const openSession: PostgresServer["openSession"] = (
    { user = "postgres", database = user, applicationName = "", from = "", settings: own = [] },
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
      settings: [...settings, ["application_name", applicationName], ...own],
      parse: (text) => template.parse(text),
      ...(beforeStatement === undefined
        ? {}
        : { beforeStatement: (kind) => beforeStatement({ from, kind }) }),
      onEnded: () => sessions.delete(id),
    });
    sessions.set(id, session);
    return session;
  };

  // Secrets only tell apart old sessions from new ones with the same pid; nobody has to guess them here.
  const secretOf = (pid: number): number => (pid * 2_654_435_761) | 0;
  const wireHostFor = (from: string): WireHost => ({
    open: (user, database, own, events) => openSession({ user, database, settings: own, from }, events),
    parse: (text) => template.parse(text),
    cancel(pid, secret) {
      if (secret === secretOf(pid)) sessions.get(pid)?.cancel();
    },
    secretOf,
  });

  return {
    openSession,
    connect: (connect = {}) => createPgSession((events) => openSession(connect, events), connect),
    connectStream: () => createWireStream(wireHostFor("")),
    acceptWire: (end, from = "") => createWireConnection(wireHostFor(from), end),
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
    load(statements) {
      const session = openSession({}, { onNotice() {}, onNotification() {}, onTerminated() {} });
      for (const text of statements) {
        session.execute({ text }, ({ error }) => {
          if (error !== null) throw error;
        });
      }
      session.end();
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
      return createTemplateFrom({ catalog: engine.catalog, rows, sequences, nextId: engine.lastId });
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
  server.load(migrations);
  return server.snapshot();
}
