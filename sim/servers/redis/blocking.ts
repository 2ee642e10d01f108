/**
 * Clients that wait: BLPOP, BZPOPMIN, XREAD BLOCK and their kin. First come, first served for each key,
 * after the command that made the key ready has finished. Time-outs run on the server's clock.
 */
import { RedisError, error, type Bytes, type RedisReply } from "./reply.js";

export interface TimerClock {
  /** Epoch milliseconds. */
  now(): number;
  /** May return a function that cancels the timer; without one a late timer is ignored. */
  setTimer(delayMs: number, label: string, run: () => void): unknown;
}

interface BlockRequest {
  readonly owner: object;
  readonly database: number;
  readonly keys: readonly Bytes[];
  /** Milliseconds; 0 waits for ever. */
  readonly timeoutMs: number;
  readonly onTimeout: RedisReply;
  /** @returns The answer, or undefined to go on waiting. */
  attempt(key: Bytes): RedisReply | undefined;
}

export interface Blocking {
  readonly count: number;
  wait(request: BlockRequest): Promise<RedisReply>;
  /** Notes that a key may have what somebody waits for. */
  ready(database: number, key: Bytes): void;
  /** Answers those whose keys became ready. Call after each command. */
  serve(): void;
  /** Ends one owner's wait early. @returns Whether it waited. */
  unblock(owner: object, reply: RedisReply): boolean;
  /** Forgets an owner whose connection is gone; its promise never settles. */
  drop(owner: object): void;
}

interface Waiter {
  readonly request: BlockRequest;
  finish(reply: RedisReply | undefined): void;
}

export function createBlocking(clock: TimerClock): Blocking {
  const queues = new Map<string, Set<Waiter>>();
  const waiters = new Map<object, Waiter>();
  const readyKeys = new Set<string>();
  const place = (database: number, key: Bytes): string => `${database}:${key}`;

  function attempt(waiter: Waiter, key: Bytes): RedisReply | undefined {
    try {
      return waiter.request.attempt(key);
    } catch (problem) {
      if (!(problem instanceof RedisError)) throw problem;
      // A key that now holds another type is not what this client waits for.
      return problem.message.startsWith("WRONGTYPE") ? undefined : error(problem.message);
    }
  }

  return {
    get count() {
      return waiters.size;
    },
    wait(request) {
      return new Promise<RedisReply>((resolve) => {
        const places = request.keys.map((key) => place(request.database, key));
        let cancel: unknown;
        const waiter: Waiter = {
          request,
          finish(reply) {
            if (waiters.get(request.owner) !== waiter) return;
            waiters.delete(request.owner);
            for (const name of places) {
              const queue = queues.get(name);
              queue?.delete(waiter);
              if (queue?.size === 0) queues.delete(name);
            }
            if (typeof cancel === "function") cancel();
            if (reply !== undefined) resolve(reply);
          },
        };
        waiters.set(request.owner, waiter);
        for (const name of places) {
          const queue = queues.get(name) ?? new Set();
          queues.set(name, queue.add(waiter));
        }
        if (request.timeoutMs > 0) {
          cancel = clock.setTimer(request.timeoutMs, "redis-block-timeout", () =>
            waiter.finish(request.onTimeout),
          );
        }
      });
    },
    ready(database, key) {
      if (waiters.size > 0) readyKeys.add(place(database, key));
    },
    serve() {
      // An answer may make further keys ready (BLMOVE); each round takes from one, so this ends.
      for (const name of readyKeys) {
        readyKeys.delete(name);
        for (const waiter of queues.get(name) ?? []) {
          const reply = attempt(waiter, name.slice(name.indexOf(":") + 1));
          if (reply !== undefined) waiter.finish(reply);
        }
      }
    },
    unblock(owner, reply) {
      const waiter = waiters.get(owner);
      waiter?.finish(reply);
      return waiter !== undefined;
    },
    drop: (owner) => waiters.get(owner)?.finish(undefined),
  };
}
