/**
 * Drives one running statement: resumes it when a wait ends, and ends it by force when a time-out, a deadlock or
 * somebody else says so. Statements take no virtual time except for their waits.
 */
import { DatabaseError } from "../database-error.js";
import type { Wait } from "../execute/env.js";
import { isInCycle } from "../locks/deadlock.js";
import { type LockOwner, lockModes } from "../locks/lock-manager.js";
import type { Engine } from "./engine.js";
import type { SessionState } from "./session-state.js";

export interface Runner {
  /** Starts the work. `done` is called once, with the error or null. */
  start(work: Generator<Wait, void, void>, done: (error: unknown) => void): void;
  /** Makes the running statement fail with that error. @returns False when nothing waits. */
  interrupt(error: unknown): boolean;
  /** Drops the running statement; of its code only the giving back of locks runs. */
  abandon(): void;
  readonly isWaiting: boolean;
}

const lockNames: Readonly<Record<number, string>> = {
  1: "AccessShareLock",
  2: "RowShareLock",
  3: "RowExclusiveLock",
  4: "ShareUpdateExclusiveLock",
  5: "ShareLock",
  6: "ShareRowExclusiveLock",
  7: "ExclusiveLock",
  8: "AccessExclusiveLock",
};

/** The error for the session whose deadlock timer found the cycle. */
function deadlockError(engine: Engine, cycle: readonly LockOwner[]): DatabaseError {
  const lines = cycle.map((owner, index) => {
    const wait = engine.locks.waitOf(owner);
    const blocker = cycle[(index + 1) % cycle.length];
    return `Process ${owner.id} waits for ${lockNames[wait?.mode ?? 5]} on ${wait?.tag.label}; blocked by process ${blocker?.id}.`;
  });
  return new DatabaseError("40P01", "deadlock detected", {
    detail: lines.join("\n"),
    hint: "See server log for query details.",
  });
}

export function createRunner(engine: Engine, state: SessionState, owner: LockOwner): Runner {
  let work: Generator<Wait, void, void> | null = null;
  let finish: (error: unknown) => void = () => {};
  let current: Wait | null = null;
  let startedAtMs = 0;
  const timers: Array<() => void> = [];

  const stopTimers = (): void => {
    for (const cancel of timers.splice(0)) cancel();
  };

  const entry = (task: () => void) => (): void => {
    task();
    engine.drain();
  };

  const step = (advance: (running: Generator<Wait, void, void>) => IteratorResult<Wait, void>): void => {
    const running = work;
    if (running === null) return;
    let result: IteratorResult<Wait, void>;
    try {
      result = advance(running);
    } catch (error) {
      work = null;
      finish(error);
      return;
    }
    if (work !== running) return;
    if (result.done === true) {
      work = null;
      finish(null);
    } else park(result.value);
  };

  const resume = (wait: Wait): void => {
    if (current !== wait) return;
    current = null;
    stopTimers();
    step((running) => running.next());
  };

  const fail = (wait: Wait, error: unknown): void => {
    if (current !== wait) return;
    current = null;
    stopTimers();
    if (wait.kind === "lock") engine.locks.cancel(wait.wait);
    step((running) => running.throw(error));
  };

  const setTimer = (delayMs: number, label: string, run: () => void): void => {
    timers.push(engine.clock.setTimer(delayMs, label, entry(run)));
  };

  const park = (wait: Wait): void => {
    current = wait;
    const statementMs = state.timeoutMs("statement_timeout");
    if (statementMs > 0) {
      const left = Math.max(startedAtMs + statementMs - engine.clock.now(), 0);
      setTimer(left, "statement-timeout", () =>
        fail(wait, new DatabaseError("57014", "canceling statement due to statement timeout")),
      );
    }
    if (wait.kind === "sleep") {
      setTimer(wait.delayMs, "pg-sleep", () => resume(wait));
      return;
    }
    const lock = wait.wait;
    lock.onGranted = () => {
      // Waiting for a transaction is waiting for its end only; nothing is kept.
      if (lock.tag.kind === "xact") engine.locks.release(owner, lock.tag, lockModes.share);
      engine.schedule(() => resume(wait));
    };
    const lockMs = state.timeoutMs("lock_timeout");
    if (lockMs > 0) {
      setTimer(lockMs, "lock-timeout", () =>
        fail(wait, new DatabaseError("55P03", "canceling statement due to lock timeout")),
      );
    }
    setTimer(state.timeoutMs("deadlock_timeout"), "deadlock-timeout", () => {
      const cycle = isInCycle(engine.locks, owner);
      if (cycle === null) return;
      engine.counters.deadlocks += 1;
      fail(wait, deadlockError(engine, cycle));
    });
  };

  return {
    get isWaiting() {
      return current !== null;
    },
    start(next, done) {
      work = next;
      finish = done;
      startedAtMs = engine.clock.now();
      step((running) => running.next());
    },
    interrupt(error) {
      const wait = current;
      if (wait === null) return false;
      fail(wait, error);
      return true;
    },
    abandon() {
      stopTimers();
      const parked = current;
      const running = work;
      current = null;
      work = null;
      if (parked === null || running === null) return;
      if (parked.kind === "lock") engine.locks.cancel(parked.wait);
      running.return();
    },
  };
}
