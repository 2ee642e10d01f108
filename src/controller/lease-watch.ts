/**
 * Telling a lease that is in use from one whose holder is gone.
 *
 * A lease names no end, because clocks of hosts differ. Instead each controller watches it with its own
 * monotonic clock: a token that has not changed for the length of a lease was left behind. A holder that only
 * was slow loses it too, and then cannot write.
 */
import type { Clock } from "../ports/index.js";

export interface LeaseWatch {
  /** Notes the token of a lease that someone else holds. @returns Milliseconds until it counts as left behind. */
  see(id: string, token: number): number;
  /** @returns The token of a lease that was watched for long enough; undefined otherwise. */
  leftBehind(id: string): number | undefined;
  forget(id: string): void;
}

/** @param leaseMs - How long a token may stay unchanged. */
export function createLeaseWatch(clock: Clock, leaseMs: number): LeaseWatch {
  const seen = new Map<string, { readonly token: number; readonly sinceMs: number }>();
  return {
    see: (id, token) => {
      const known = seen.get(id);
      if (known?.token !== token) {
        seen.set(id, { token, sinceMs: clock.monotonic() });
        return leaseMs;
      }
      return Math.max(0, known.sinceMs + leaseMs - clock.monotonic());
    },
    leftBehind: (id) => {
      const known = seen.get(id);
      return known !== undefined && clock.monotonic() - known.sinceMs >= leaseMs ? known.token : undefined;
    },
    forget: (id) => {
      seen.delete(id);
    },
  };
}
