/**
 * A client-side pool with the behaviour of `pg.Pool`, over any way to open a session.
 *
 * The network stands behind `connectSession`; this file knows nothing of hosts or messages.
 */
import type { Clock, SqlConnection, SqlPool, SqlResult, SqlStatement } from "../../../src/ports/index.js";

/** One session as the pool uses it: a query at a time or queued by the other side, in order. */
export interface PooledSession {
  query(statement: SqlStatement, values: readonly unknown[]): Promise<SqlResult<Record<string, unknown>>>;
  /** Says goodbye; nothing is awaited. */
  close(): void;
  /** Called at most once, when the connection breaks by itself. */
  onLost(listener: (error: Error) => void): void;
}

export interface PoolOptions {
  readonly clock: Pick<Clock, "setTimer">;
  connectSession(): Promise<PooledSession>;
  /** Sessions at a time. @default 10 */
  readonly max?: number;
  /** How long `connect` waits for a session, in milliseconds; 0 waits for ever. @default 0 */
  readonly connectionTimeoutMillis?: number;
  /** How long an unused session stays open, in milliseconds; 0 keeps it. @default 10_000 */
  readonly idleTimeoutMillis?: number;
  /** Told of sessions that broke while nobody used them. */
  readonly onError?: (error: Error) => void;
}

/** A pool that can be looked into. */
export interface Pool extends SqlPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

interface Member {
  readonly session: PooledSession;
  lost: boolean;
  cancelIdle: (() => void) | null;
}

interface Waiter {
  readonly take: (member: Member) => void;
  readonly refuse: (error: Error) => void;
}

/** @returns A pool; sessions are opened when first needed, waits are first come, first served. */
export function createPool(options: PoolOptions): Pool {
  const { clock, max = 10, connectionTimeoutMillis = 0, idleTimeoutMillis = 10_000 } = options;
  const members = new Set<Member>();
  const idle: Member[] = [];
  const waiters: Waiter[] = [];
  let opening = 0;
  let ending: { readonly done: () => void } | null = null;
  let ended = false;

  const finishEnding = (): void => {
    if (ending !== null && members.size === 0 && opening === 0) ending.done();
  };

  const drop = (member: Member): void => {
    member.cancelIdle?.();
    members.delete(member);
    const at = idle.indexOf(member);
    if (at >= 0) idle.splice(at, 1);
    if (!member.lost) member.session.close();
    serve();
    finishEnding();
  };

  const park = (member: Member): void => {
    idle.push(member);
    if (idleTimeoutMillis > 0) {
      member.cancelIdle = clock.setTimer(idleTimeoutMillis, "pool-idle", () => drop(member));
    }
    serve();
  };

  const open = (waiter: Waiter): void => {
    opening += 1;
    options.connectSession().then(
      (session) => {
        opening -= 1;
        const member: Member = { session, lost: false, cancelIdle: null };
        members.add(member);
        session.onLost((error) => {
          member.lost = true;
          const wasIdle = idle.includes(member);
          drop(member);
          if (wasIdle) options.onError?.(error);
        });
        waiter.take(member);
      },
      (error: unknown) => {
        opening -= 1;
        waiter.refuse(error instanceof Error ? error : new Error(String(error)));
        serve();
        finishEnding();
      },
    );
  };

  /** Gives what is free to who waits longest. */
  const serve = (): void => {
    while (waiters.length > 0) {
      // The one used last is the one most likely to be alive.
      const member = idle.pop();
      if (member === undefined && members.size + opening >= max) return;
      const waiter = waiters.shift();
      if (waiter === undefined) return;
      if (member === undefined) open(waiter);
      else {
        member.cancelIdle?.();
        member.cancelIdle = null;
        waiter.take(member);
      }
    }
    if (ending !== null) for (const member of idle.slice()) drop(member);
  };

  const acquire = (): Promise<Member> =>
    new Promise((resolve, reject) => {
      if (ended) {
        reject(new Error("Cannot use a pool after calling end on the pool"));
        return;
      }
      let settled = false;
      let cancelTimeout: (() => void) | null = null;
      const waiter: Waiter = {
        take(member) {
          cancelTimeout?.();
          // The caller gave up while the session was being opened: somebody else may have it.
          if (settled) park(member);
          else {
            settled = true;
            resolve(member);
          }
        },
        refuse(error) {
          cancelTimeout?.();
          if (!settled) reject(error);
          settled = true;
        },
      };
      if (connectionTimeoutMillis > 0) {
        cancelTimeout = clock.setTimer(connectionTimeoutMillis, "pool-connect-timeout", () => {
          const at = waiters.indexOf(waiter);
          if (at >= 0) waiters.splice(at, 1);
          settled = true;
          reject(new Error("timeout exceeded when trying to connect"));
        });
      }
      waiters.push(waiter);
      serve();
    });

  const giveBack = (member: Member, destroy: boolean): void => {
    if (!members.has(member)) return;
    if (destroy || ending !== null) drop(member);
    else park(member);
  };

  const ask = async <Row>(
    member: Member,
    statement: SqlStatement,
    values: readonly unknown[],
  ): Promise<SqlResult<Row>> => {
    if (member.lost) throw new Error("Client has encountered a connection error and is not queryable");
    return (await member.session.query(statement, values)) as SqlResult<Row>;
  };

  const lend = (member: Member): SqlConnection => {
    let released = false;
    return {
      query: (statement, values = []) =>
        released
          ? Promise.reject(new Error("Client was closed and is not queryable"))
          : ask(member, statement, values),
      release(destroy = false) {
        if (released)
          throw new Error("Release called on client which has already been released to the pool.");
        released = true;
        giveBack(member, destroy);
      },
    };
  };

  return {
    get totalCount() {
      return members.size + opening;
    },
    get idleCount() {
      return idle.length;
    },
    get waitingCount() {
      return waiters.length;
    },
    async connect() {
      return lend(await acquire());
    },
    async query<Row>(statement: SqlStatement, values: readonly unknown[] = []): Promise<SqlResult<Row>> {
      const member = await acquire();
      try {
        const result = await ask<Row>(member, statement, values);
        giveBack(member, false);
        return result;
      } catch (error) {
        // As `pg` does: a session that saw an error is not used again.
        giveBack(member, true);
        throw error;
      }
    },
    end() {
      if (ended) return Promise.reject(new Error("Called end on pool more than once"));
      ended = true;
      return new Promise((resolve) => {
        ending = { done: resolve };
        for (const member of idle.slice()) drop(member);
        finishEnding();
      });
    },
  };
}
