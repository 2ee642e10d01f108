/** What a session remembers between statements: settings, sequence values, session locks. */
import { DatabaseError } from "../database-error.js";
import {
  unsupported,
  type Outcome,
  type OutputColumn,
  type Plan,
  type Run,
} from "../execute/execution-context.js";
import type { LockTag } from "../locks/lock-manager.js";
import type { ParsedStatement } from "../sql/parse.js";
import type { Value } from "../types/value.js";
import type { Engine, Transaction } from "./engine.js";

export interface Notice {
  readonly severity: "NOTICE" | "WARNING";
  readonly code: string;
  readonly message: string;
}

export interface SessionState {
  readonly pid: number;
  readonly user: string;
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly sequenceValues: Map<number, bigint>;
  lastSequence: number | null;
  /** Schema of the temporary tables of the session; null until there is one. */
  temporarySchema: string | null;
  /** Schemas in which names are looked for. */
  searchPath(): readonly string[];
  readonly advisory: Array<{ readonly tag: LockTag; readonly mode: number }>;
  notice(severity: Notice["severity"], code: string, message: string): void;
  /** @throws DatabaseError 22023 or 42704; SimError for a value that would change what the server does. */
  change(name: string, value: string | null, local: boolean): void;
  /** Puts settings back: those of `SET LOCAL` at the end of any transaction, all when it rolled back. */
  endTransaction(committed: boolean): void;
  restore(settings: ReadonlyMap<string, string>): void;
  /** Milliseconds of a time-out setting, 0 for none. */
  timeoutMs(name: string): number;
}

const timeouts = new Set([
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "deadlock_timeout",
]);

const defaults: ReadonlyArray<readonly [string, string]> = [
  ["statement_timeout", "0"],
  ["lock_timeout", "0"],
  ["idle_in_transaction_session_timeout", "0"],
  ["idle_session_timeout", "0"],
  ["deadlock_timeout", "1s"],
  ["default_transaction_isolation", "read committed"],
  ["default_transaction_read_only", "off"],
  ["default_transaction_deferrable", "off"],
  ["application_name", ""],
  ["timezone", "UTC"],
  ["client_encoding", "UTF8"],
  ["datestyle", "ISO, MDY"],
  ["intervalstyle", "postgres"],
  ["search_path", '"$user", public'],
  ["standard_conforming_strings", "on"],
  ["extra_float_digits", "1"],
  ["server_version", "15.0"],
  ["server_version_num", "150000"],
  ["is_superuser", "on"],
  ["server_encoding", "UTF8"],
  ["integer_datetimes", "on"],
  ["client_min_messages", "notice"],
  ["max_connections", "100"],
  ["synchronous_commit", "on"],
  ["bytea_output", "hex"],
];
/** Settings where only the value there is makes sense here. */
const fixed = new Set([
  "timezone",
  "client_encoding",
  "datestyle",
  "intervalstyle",
  "standard_conforming_strings",
  "bytea_output",
]);
/** Settings of memory, planner, log and the like: taken and shown, but nothing here depends on them. */
const ignoredSettings =
  /^(?:work_mem|maintenance_work_mem|temp_buffers|jit|row_security|xmloption|check_function_bodies|default_tablespace|default_table_access_method|geqo|effective_cache_size|random_page_cost|seq_page_cost|(?:log|enable|track|lc|tcp|cpu|parallel)_\w+)$/;
const readOnly = new Set([
  "server_version",
  "server_version_num",
  "is_superuser",
  "server_encoding",
  "integer_datetimes",
  "max_connections",
]);
const units: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function parseTimeout(name: string, value: string): number {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(value);
  if (match === null) {
    throw new DatabaseError(
      "22023",
      `invalid value for parameter "${name}": "${value}"`,
      /^\s*\d/.test(value)
        ? { hint: 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".' }
        : {},
    );
  }
  const ms = Math.round(Number(match[1]) * (units[match[2] ?? "ms"] ?? 1));
  if (ms < 0) {
    throw new DatabaseError(
      "22023",
      `${ms} ms is outside the valid range for parameter "${name}" (0 .. 2147483647)`,
    );
  }
  return ms;
}

function printTimeout(ms: number): string {
  if (ms === 0) return "0";
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

const isolationNames = new Set(["read committed", "read uncommitted", "repeatable read", "serializable"]);

/** The value as `SHOW` would print it. */
function checkValue(name: string, value: string, current: string): string {
  if (timeouts.has(name)) return printTimeout(parseTimeout(name, value));
  if (name === "default_transaction_isolation" || name === "transaction_isolation") {
    const level = value.toLowerCase();
    if (!isolationNames.has(level)) {
      throw new DatabaseError("22023", `invalid value for parameter "${name}": "${value}"`, {
        hint: "Available values: serializable, repeatable read, read committed, read uncommitted.",
      });
    }
    return level;
  }
  if (name === "default_transaction_read_only") return /^(on|true|1|yes)$/i.test(value) ? "on" : "off";
  if (readOnly.has(name)) throw new DatabaseError("55P02", `parameter "${name}" cannot be changed`);
  if (!fixed.has(name)) return value;
  const same = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[\s"-]/g, "")
      .replace(/^(etc\/utc|utc|gmt|0|\+?00:00|utf8|unicode)$/, "same");
  const fine = same(value) === same(current) || (name === "datestyle" && /^iso/i.test(value));
  if (!fine) throw unsupported(`SET ${name} TO ${value}`);
  return current;
}

export function createSessionState(
  identity: Pick<SessionState, "pid" | "user" | "database">,
  overrides: ReadonlyArray<readonly [string, string]>,
  onNotice: (notice: Notice) => void,
): SessionState {
  const initial = new Map<string, string>(defaults);
  for (const [name, value] of overrides) initial.set(name, checkValue(name, value, initial.get(name) ?? ""));
  let settings = new Map(initial);
  /** Values before the open transaction, and before its SET LOCALs. */
  let before: Map<string, string> | null = null;
  let locals: Map<string, string | undefined> | null = null;

  let path: {
    readonly setting: string;
    readonly temporary: string | null;
    readonly schemas: readonly string[];
  } | null = null;

  const state: SessionState = {
    ...identity,
    temporarySchema: null,
    searchPath() {
      const setting = settings.get("search_path") ?? "public";
      const temporary = state.temporarySchema;
      if (path?.setting !== setting || path.temporary !== temporary) {
        const names = setting.split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
        const own = names
          .map((name) => (name === "$user" ? identity.user : name))
          .filter((name) => name !== "" && name !== "pg_catalog");
        // The schema of the user's name is there only for who makes one: the platform's user has none.
        const schemas = setting === '"$user", public' ? ["public"] : own;
        path = { setting, temporary, schemas: temporary === null ? schemas : [temporary, ...schemas] };
      }
      return path.schemas;
    },
    get settings() {
      return settings;
    },
    sequenceValues: new Map(),
    lastSequence: null,
    advisory: [],
    notice: (severity, code, message) => onNotice({ severity, code, message }),
    change(name, value, local) {
      if (!settings.has(name) && !name.includes(".") && !ignoredSettings.test(name)) {
        throw new DatabaseError("42704", `unrecognized configuration parameter "${name}"`);
      }
      before ??= new Map(settings);
      if (local) {
        locals ??= new Map();
        if (!locals.has(name)) locals.set(name, settings.get(name));
      } else locals?.delete(name);
      const next = value === null ? initial.get(name) : checkValue(name, value, settings.get(name) ?? "");
      if (next === undefined) settings.delete(name);
      else settings.set(name, next);
    },
    endTransaction(committed) {
      if (!committed && before !== null) settings = before;
      else if (locals !== null) {
        for (const [name, value] of locals) {
          if (value === undefined) settings.delete(name);
          else settings.set(name, value);
        }
      }
      before = null;
      locals = null;
    },
    restore(saved) {
      settings = new Map(saved);
    },
    timeoutMs(name) {
      const value = settings.get(name) ?? "0";
      return value === "0" ? 0 : parseTimeout(name, value);
    },
  };
  return state;
}

// What a session of the server is to those around it.

/** A query as a client sends it. Without `values` the text may hold several statements. */
export interface SessionMessage {
  /** Name of the prepared statement, for messages only. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** `outcomes` of the statements that worked, also when a later one failed. */
interface SessionReply {
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
type TransactionStatus = "I" | "T" | "E";

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
  /** Whether a statement is running. */
  isBusy(): boolean;
  /** The newest statement. */
  lastQuery(): string;
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
  /** Asked before each statement; an error is the answer. Gets the kind of a utility statement, else `query`. */
  readonly beforeStatement?: (kind: string) => DatabaseError | undefined;
}
