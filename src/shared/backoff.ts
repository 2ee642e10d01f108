/** How long to wait before trying again. */

/**
 * Exponential delay: `firstMs`, doubled each time, at most `mostMs`.
 *
 * @param attempt - Failed attempts so far, from 1.
 */
export function backoffMs(attempt: number, firstMs: number, mostMs: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
}
