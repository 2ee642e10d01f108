/** The real time that a world keeps up with while only clients in real time wait for it. */
import { afterRealMs, realNowMs } from "./quiescence.js";

export interface RealTime {
  /** Whether anybody wants virtual time to follow. */
  readonly followed: boolean;
  /**
   * Lets virtual time follow. Several may want it: the fastest decides.
   *
   * @param speed - Virtual seconds in a real one. @default as the others want it, or 1
   * @returns What ends it.
   */
  follow(speed?: number): () => void;
  /** How far virtual time may have come by now, in microseconds. Counts from `nowUs` when it did not follow before. */
  allowedUs(nowUs: number): number;
  /** Virtual time has a reason of its own, or none: the next to follow begins anew. */
  leave(): void;
  /** Calls `then` once virtual time may have come to `atUs`, and after `msMax` real milliseconds at the latest. */
  sleepUntil(atUs: number, msMax: number, then: () => void): void;
  /** Ends the sleep, if it sleeps, without calling `then`. */
  wake(): void;
}

export function createRealTime(): RealTime {
  const followers = new Map<object, number>();
  let anchor: { readonly ms: number; readonly us: number } | undefined;
  let speed = 1;
  let cancelSleep: (() => void) | undefined;

  function allowedUs(nowUs: number): number {
    anchor ??= { ms: realNowMs(), us: nowUs };
    return anchor.us + Math.floor((realNowMs() - anchor.ms) * 1000 * speed);
  }

  function setSpeed(): void {
    if (anchor !== undefined) anchor = { us: allowedUs(anchor.us), ms: realNowMs() };
    speed = Math.max(...followers.values(), 0) || 1;
  }

  function wake(): void {
    cancelSleep?.();
    cancelSleep = undefined;
  }

  return {
    get followed() {
      return followers.size > 0;
    },
    follow(wanted = 0) {
      const follower = {};
      followers.set(follower, wanted);
      setSpeed();
      return () => {
        followers.delete(follower);
        setSpeed();
      };
    },
    allowedUs,
    leave() {
      anchor = undefined;
    },
    sleepUntil(atUs, msMax, then) {
      const ms = (atUs - allowedUs(atUs)) / 1000 / speed;
      cancelSleep = afterRealMs(Math.max(1, Math.min(Math.ceil(ms), msMax)), then);
    },
    wake,
  };
}
