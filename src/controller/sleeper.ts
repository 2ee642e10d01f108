/** Waiting that can be cut short. */
import type { Clock } from "../ports/index.js";

export interface Sleeper {
  /** Waits. @returns False when it was cut short. */
  sleep(delayMs: number, label: string): Promise<boolean>;
  /** Waits also after the first `wakeAll`, until the next one. */
  pause(delayMs: number, label: string): Promise<boolean>;
  /** Cuts every wait short, and each later `sleep` at once. */
  wakeAll(): void;
}

/** Creates a sleeper with nobody asleep. */
export function createSleeper(clock: Clock): Sleeper {
  const wakers = new Set<() => void>();
  let closed = false;
  const pause = (delayMs: number, label: string): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (slept: boolean): void => {
        cancel();
        wakers.delete(wake);
        resolve(slept);
      };
      const wake = (): void => end(false);
      const cancel = clock.setTimer(delayMs, label, () => end(true));
      wakers.add(wake);
    });
  return {
    pause,
    sleep: (delayMs, label) => (closed ? Promise.resolve(false) : pause(delayMs, label)),
    wakeAll: () => {
      closed = true;
      for (const wake of wakers) wake();
    },
  };
}
