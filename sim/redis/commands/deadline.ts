/** Reading when a key shall expire. */
import type { Bytes } from "../bytes.js";
import { readInteger } from "../numbers.js";
import { RedisError } from "../reply.js";

export interface TimeUnit {
  /** Milliseconds per unit. */
  readonly scale: 1 | 1000;
  /** Counted from now, not from the epoch. */
  readonly relative: boolean;
}

/**
 * @param positive - Zero and less are refused, as by SET; EXPIRE allows them.
 * @returns Epoch milliseconds.
 */
export function readDeadline(
  now: number,
  text: Bytes,
  unit: TimeUnit,
  command: string,
  positive: boolean,
): number {
  const value = readInteger(text);
  const at = value * unit.scale + (unit.relative ? now : 0);
  if ((positive && value <= 0) || Math.abs(at) > Number.MAX_SAFE_INTEGER * 1023) {
    throw new RedisError(`ERR invalid expire time in '${command}' command`);
  }
  return at;
}
