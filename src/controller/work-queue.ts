/**
 * Work by key, first come first served, a limited number at once.
 *
 * A key that is asked for while it waits is done once; asked for while it runs, it runs once more afterwards.
 * Nothing here is durable: whatever is lost with the process is found again by the tick.
 */

export interface WorkQueue {
  add(key: string): void;
  /** Looks again at what waits: a key may have ended in another queue of the set. */
  kick(): void;
  /** Whether a key waits or runs. */
  has(key: string): boolean;
  /** Forgets what waits and starts nothing more. @returns When what runs has ended. */
  stop(): Promise<void>;
}

export interface WorkQueueOptions {
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
export function createWorkQueue({ width, run, busy, onIdle }: WorkQueueOptions): WorkQueue {
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
