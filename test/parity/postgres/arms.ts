/** The two servers that are compared, behind one face. */
import type { Client, QueryResult } from "pg";
import {
  createPostgresServer,
  type PgResult,
  type PgSession,
  type PostgresServer,
} from "../../../sim/servers/postgres/index.js";
import { createManualClock, type ManualClock } from "../../unit/sim/servers/postgres/manual-clock.js";
import { deadlockTimeoutMs, startRealServer } from "./real-server.js";

/** Real milliseconds that the real server may take; its deadlocks are noticed after a fraction of it. */
const restMsMax = 20_000;

/** What a statement answered, without anything that differs by chance. */
export interface Answer {
  readonly command?: string;
  readonly rowCount?: number | null;
  readonly fields?: readonly string[];
  readonly rows?: readonly unknown[];
  readonly error?: Readonly<Record<string, string>>;
  readonly notices?: readonly string[];
}

export interface ArmSession {
  /** Sends a query; `settled` holds the answer once there is one. */
  send(text: string, values: readonly unknown[] | undefined): Pending;
  /** Notifications heard since the last call. */
  heard(): string[];
}

export interface Pending {
  answer: Answer | null;
}

export interface Arm {
  readonly version: string;
  /** Sessions with these names, on an empty database. */
  begin(names: readonly string[]): Promise<ReadonlyMap<string, ArmSession>>;
  /** Resolves once every query is answered or waits for a lock; then says who waits for whom, by name. */
  settle(pending: ReadonlyMap<string, Pending>): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  stop(): void;
}

const errorFields = [
  "code",
  "severity",
  "message",
  "detail",
  "hint",
  "schema",
  "table",
  "column",
  "constraint",
] as const;

function describeError(error: unknown): Readonly<Record<string, string>> {
  const source = error as Readonly<Record<string, unknown>>;
  const shown: Record<string, string> = {};
  for (const field of errorFields) {
    const value = source[field];
    if (typeof value === "string") shown[field] = value;
  }
  if (shown["code"] === "40P01" || shown["code"] === "40001") delete shown["detail"];
  // The reason codes of a serialization failure are internal to the server.
  if (shown["code"] === "40001") delete shown["hint"];
  // Guesses at what was meant are the server's own art.
  if (shown["hint"]?.startsWith("Perhaps you meant to reference the column")) delete shown["hint"];
  return shown;
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (typeof value === "number" && !Number.isFinite(value)) return `number ${value}`;
  if (Object.is(value, -0)) return "number -0";
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

function describeResult(text: string, result: PgResult | QueryResult): Answer {
  const rows = result.rows.map(plain);
  const ordered = /\border\s+by\b/i.test(text);
  return {
    command: result.command,
    rowCount: result.rowCount,
    // Types made by the test have an oid of their own on each server.
    fields: result.fields.map(
      (field) =>
        `${field.name}:${field.dataTypeID < 16_000 ? field.dataTypeID : "own"}:${field.dataTypeSize}:${field.dataTypeModifier}`,
    ),
    rows: ordered ? rows : rows.map((row) => JSON.stringify(row)).toSorted((a, b) => (a < b ? -1 : 1)),
  };
}

function withNotices(answer: Answer, notices: string[]): Answer {
  return notices.length === 0 ? answer : { ...answer, notices: notices.splice(0) };
}

const epochMs = Date.UTC(2024, 0, 2, 3, 4, 5, 678);

export function createSimulatedArm(): Arm {
  let clock: ManualClock = createManualClock(epochMs);
  let server: PostgresServer | null = null;
  let names = new Map<number, string>();
  const createSession = (session: PgSession, notices: string[], notifications: string[]): ArmSession => ({
    send(text, values) {
      const pending: Pending = { answer: null };
      session.execute({ text, ...(values === undefined ? {} : { values }) }, (error, results) => {
        const last = results.at(-1);
        const answer: Answer =
          error !== null
            ? { error: describeError(error) }
            : last === undefined
              ? { command: "" }
              : describeResult(text, last);
        pending.answer = withNotices(answer, notices);
      });
      return pending;
    },
    heard: () => notifications.splice(0),
  });
  return {
    version: "simulated",
    async begin(wanted) {
      let next = 0;
      clock = createManualClock(epochMs);
      const random = {
        bytes: (length: number) => Uint8Array.from({ length }, () => (next = (next * 5 + 3) % 256)),
      };
      server = createPostgresServer({
        clock,
        random,
        options: { settings: [["deadlock_timeout", `${deadlockTimeoutMs}ms`]] },
      });
      names = new Map();
      const sessions = new Map<string, ArmSession>();
      for (const name of wanted) {
        const notices: string[] = [];
        const notifications: string[] = [];
        const session = server.connect({
          onNotice: ({ severity, code, message }) => notices.push(`${severity} ${code} ${message}`),
          onNotification: ({ channel, payload }) => notifications.push(`${channel}: ${payload}`),
        });
        names.set(session.pid, name);
        sessions.set(name, createSession(session, notices, notifications));
      }
      return sessions;
    },
    async settle(pending) {
      const waitersOf = (): Map<string, readonly string[]> =>
        new Map(
          (server?.inspect.waiters() ?? []).map(({ pid, blockedBy }) => [
            names.get(pid) ?? "?",
            blockedBy.map((blocker) => names.get(blocker) ?? "?").toSorted(),
          ]),
        );
      let waiters = waitersOf();
      const sleeps = (): boolean =>
        [...pending].some(([name, one]) => one.answer === null && !waiters.has(name));
      while (hasCycle(waiters) || sleeps()) {
        clock.advance(hasCycle(waiters) ? deadlockTimeoutMs : 1);
        waiters = waitersOf();
      }
      return waiters;
    },
    async pass(ms) {
      clock.advance(ms);
    },
    stop() {},
  };
}

function hasCycle(waits: ReadonlyMap<string, readonly string[]>): boolean {
  const reaches = (from: string, target: string, seen: Set<string>): boolean =>
    (waits.get(from) ?? []).some(
      (next) => next === target || (!seen.has(next) && reaches(next, target, seen.add(next))),
    );
  return [...waits.keys()].some((name) => reaches(name, name, new Set()));
}

interface RealSession {
  readonly client: Client;
  readonly pid: number;
  readonly notices: string[];
  readonly notifications: string[];
}

/** @throws Error when PostgreSQL 15 is not installed. */
export async function startRealArm(): Promise<Arm> {
  const server = await startRealServer();
  const control = await server.connect();
  const known = new Map<string, RealSession>();
  let current: readonly string[] = [];

  const open = async (): Promise<RealSession> => {
    const client = await server.connect();
    const notices: string[] = [];
    const notifications: string[] = [];
    client.on("notice", (notice) =>
      notices.push(`${notice.severity ?? ""} ${notice.code ?? ""} ${notice.message ?? ""}`),
    );
    client.on("notification", ({ channel, payload }) => notifications.push(`${channel}: ${payload ?? ""}`));
    client.on("error", () => {});
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    return { client, pid: rows[0]?.pid ?? 0, notices, notifications };
  };

  const tidy = async (session: RealSession): Promise<void> => {
    await control.query("select pg_cancel_backend($1)", [session.pid]);
    await session.client.query("rollback").catch(() => {});
    await session.client.query("rollback").catch(() => {});
    await session.client.query("discard all");
    session.notices.length = 0;
    session.notifications.length = 0;
  };

  const waitersOf = async (): Promise<Map<string, readonly string[]>> => {
    const pids = current.map((name) => known.get(name)?.pid ?? 0);
    const { rows } = await control.query<{ pid: number; blockers: number[] }>(
      "select pid, pg_blocking_pids(pid) as blockers from unnest($1::int[]) as pid",
      [pids],
    );
    const nameOf = (pid: number): string => current.find((name) => known.get(name)?.pid === pid) ?? "?";
    return new Map(
      rows
        .filter((row) => row.blockers.length > 0)
        .map((row) => [nameOf(row.pid), [...new Set(row.blockers.map(nameOf))].toSorted()]),
    );
  };

  return {
    version: server.version,
    async begin(names) {
      for (const session of known.values()) {
        await tidy(session).catch(async () => {
          await session.client.end().catch(() => {});
          for (const [name, other] of known) if (other === session) known.delete(name);
        });
      }
      await control.query("drop schema public cascade; create schema public");
      current = names;
      const sessions = new Map<string, ArmSession>();
      for (const name of names) {
        const session = known.get(name) ?? (await open());
        known.set(name, session);
        sessions.set(name, {
          send(text, values) {
            const pending: Pending = { answer: null };
            session.client.query(text, values === undefined ? undefined : [...values]).then(
              (result) => {
                const results = result as unknown as QueryResult | QueryResult[];
                const last = Array.isArray(results) ? results.at(-1) : results;
                pending.answer = withNotices(
                  last === undefined || last.command === null ? { command: "" } : describeResult(text, last),
                  session.notices,
                );
              },
              async (error: unknown) => {
                // The error comes before the server has given the locks back; an empty query comes after.
                await session.client.query("").catch(() => {});
                pending.answer = withNotices({ error: describeError(error) }, session.notices);
              },
            );
            return pending;
          },
          heard: () => session.notifications.splice(0),
        });
      }
      return sessions;
    },
    async settle(pending) {
      // In the server's time, not in rounds: a quick machine makes thousands of them before a deadlock is noticed.
      const untilMs = performance.now() + restMsMax;
      while (performance.now() < untilMs) {
        await new Promise((resolve) => setImmediate(resolve));
        const open = [...pending].filter(([, one]) => one.answer === null).map(([name]) => name);
        if (open.length === 0) {
          // One more answer from the server, so that notifications sent before it have come.
          return new Map();
        }
        const waiters = await waitersOf();
        const quiet = open.every((name) => waiters.has(name) || pending.get(name)?.answer !== null);
        const still = open.every((name) => pending.get(name)?.answer === null);
        if (quiet && still && !hasCycle(waiters)) return waiters;
      }
      throw new Error(`the real server did not settle within ${restMsMax} ms`);
    },
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    stop() {
      for (const session of known.values()) void session.client.end().catch(() => {});
      void control.end().catch(() => {});
      server.stop();
    },
  };
}
