/**
 * Which experiment is looked at when: two lanes of work and one timer for each experiment that waits.
 *
 * All of it is memory. It only makes things happen soon; the tick makes them happen at all.
 */
import type { Clock, Logger } from "../ports/index.js";
import { backoffMs, errorCode, errorText } from "../shared/index.js";
import type { ControllerMetrics, Lane } from "./context.js";
import type { ResolvedControllerOptions } from "./options.js";
import type { Reconcile } from "./reconciler.js";

// Work by key, first come first served, a limited number at once.
//
// A key that is asked for while it waits is done once; asked for while it runs, it runs once more afterwards.
// Nothing here is durable: whatever is lost with the process is found again by the tick.

interface WorkQueue {
  add(key: string): void;
  /** Looks again at what waits: a key may have ended in another queue of the set. */
  kick(): void;
  /** Whether a key waits or runs. */
  has(key: string): boolean;
  /** Forgets what waits and starts nothing more. @returns When what runs has ended. */
  stop(): Promise<void>;
}

interface WorkQueueOptions {
  /** Keys that may run at once. */
  readonly width: number;
  /** Must not reject. */
  readonly run: (key: string) => Promise<void>;
  /** Keys that run in another queue of the same set wait here. Give each queue of a set the same one. */
  readonly busy: Set<string>;
  /** Called when a key has ended that another queue may wait for. */
  readonly onIdle: (key: string) => void;
}

/** Creates an empty queue. */
function createWorkQueue({ width, run, busy, onIdle }: WorkQueueOptions): WorkQueue {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;

  function pump(): void {
    if (stopped || running.size >= width) return;
    for (const key of waiting) {
      if (busy.has(key)) continue;
      waiting.delete(key);
      start(key);
      if (running.size >= width) return;
    }
  }

  function start(key: string): void {
    busy.add(key);
    const done = run(key).finally(() => {
      running.delete(key);
      busy.delete(key);
      onIdle(key);
      pump();
    });
    running.set(key, done);
  }

  return {
    add: (key) => {
      if (stopped) return;
      waiting.add(key);
      pump();
    },
    kick: pump,
    has: (key) => waiting.has(key) || running.has(key),
    stop: async () => {
      stopped = true;
      waiting.clear();
      await Promise.all(running.values());
    },
  };
}

export interface ReconcileQueue {
  /** Looks at an experiment as soon as its lane has room. */
  add(id: string, lane: Lane): void;
  /** Looks at an experiment later, unless that is planned already, for about then or sooner. */
  plan(id: string, lane: Lane, delayMs: number): void;
  /** Whether the experiment waits, is being looked at, or will be within a time. */
  has(id: string, withinMs: number): boolean;
  /** Starts nothing more. @returns When what runs has ended. */
  stop(): Promise<void>;
}

/** What a reconcile queue is made of. */
export interface ReconcileQueuePorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
  readonly options: ResolvedControllerOptions;
  readonly reconcile: Reconcile;
}

// One visit follows an experiment through states that leave nothing to wait for; a life has fewer.
const stepsMax = 8;

/** Creates an empty reconcile queue. */
export function createReconcileQueue({
  clock,
  logger,
  metrics,
  options,
  reconcile,
}: ReconcileQueuePorts): ReconcileQueue {
  const timers = new Map<string, { readonly dueMs: number; readonly stop: () => void }>();
  const failures = new Map<string, number>();
  const busy = new Set<string>();
  let stopped = false;

  async function visit(id: string, lane: Lane): Promise<void> {
    try {
      for (let step = 0; step < stepsMax; step += 1) {
        if (stopped) return;
        const outcome = await reconcile(id);
        failures.delete(id);
        if (outcome.kind === "done") return;
        if (outcome.kind === "wait") return wake(id, outcome.lane ?? lane, outcome.delayMs);
      }
      wake(id, lane, options.retryFirstMs);
    } catch (error) {
      const attempt = (failures.get(id) ?? 0) + 1;
      failures.set(id, attempt);
      metrics.stepFailed();
      logger.warn("step failed, will be tried again", {
        id,
        attempt,
        code: errorCode(error),
        error: errorText(error),
      });
      wake(id, lane, backoffMs(attempt, options.retryFirstMs, options.retryMostMs));
    }
  }

  const queues = {
    starting: createWorkQueue({
      width: options.initWorkers,
      run: (id) => visit(id, "starting"),
      busy,
      onIdle: () => queues.steady.kick(),
    }),
    steady: createWorkQueue({
      width: options.workers,
      run: (id) => visit(id, "steady"),
      busy,
      onIdle: () => queues.starting.kick(),
    }),
  };

  function cancel(id: string): void {
    timers.get(id)?.stop();
    timers.delete(id);
  }

  function wake(id: string, lane: Lane, delayMs: number): void {
    cancel(id);
    if (stopped) return;
    const stop = clock.setTimer(delayMs, "reconcile-experiment", () => {
      timers.delete(id);
      queues[lane].add(id);
    });
    timers.set(id, { dueMs: clock.monotonic() + delayMs, stop });
  }

  // A timer may be left from a state that somebody else has ended: that of a run, for an hour.
  function planned(id: string, withinMs: number): boolean {
    const dueMs = timers.get(id)?.dueMs;
    return dueMs !== undefined && dueMs <= clock.monotonic() + withinMs;
  }

  return {
    add: (id, lane) => {
      cancel(id);
      queues[lane].add(id);
    },
    plan: (id, lane, delayMs) => {
      if (!planned(id, delayMs + options.retryFirstMs)) wake(id, lane, delayMs);
    },
    has: (id, withinMs) => planned(id, withinMs) || queues.starting.has(id) || queues.steady.has(id),
    stop: async () => {
      stopped = true;
      for (const id of timers.keys()) cancel(id);
      await Promise.all([queues.starting.stop(), queues.steady.stop()]);
    },
  };
}
