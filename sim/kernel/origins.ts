/**
 * Where the things were started that somebody may leave open, for the error that says so.
 *
 * A stack costs a few microseconds to take, and its text much more: so only the first thousands of a world are taken,
 * and only what is reported becomes text.
 */

/** Where one thing was started. */
export interface Origin {
  /** The stack of whoever started it, as V8 writes it; formatted when it is read. */
  readonly stack?: string;
}

export interface Origins {
  /**
   * @param above - This function and what it called are left out.
   * @returns Undefined when origins are not kept, or enough were taken.
   */
  take(above: Parameters<typeof Error.captureStackTrace>[1]): Origin | undefined;
}

/** Deep enough for a call through an HTTP client of somebody else. */
const framesMax = 24;

/** @param limit - Origins that are taken; later ones are not, so that a long load does not pay for them. */
export function createOrigins(limit = 2_000): Origins {
  let left = limit;
  return {
    take(above) {
      if (left <= 0) return undefined;
      left -= 1;
      const origin: Origin = {};
      const before = Error.stackTraceLimit;
      Error.stackTraceLimit = framesMax;
      Error.captureStackTrace(origin, above);
      Error.stackTraceLimit = before;
      return origin;
    },
  };
}
