/** Reading when a key shall expire. */
import type { Bytes } from "../bytes.js";
import type { Deadline } from "../database.js";
import { fitsLong, readLong, shrink } from "../numbers.js";
import { notAnInteger, RedisError } from "../reply.js";

export interface TimeUnit {
  /** Milliseconds per unit. */
  readonly scale: 1 | 1000;
  /** Counted from now, not from the epoch. */
  readonly relative: boolean;
}

/**
 * @param positive - Zero and less are refused, as by SET; EXPIRE allows them.
 * @throws RedisError for what is no integer, or no moment in 64 bits of milliseconds.
 */
export function readDeadline(
  now: number,
  text: Bytes,
  unit: TimeUnit,
  command: string,
  positive: boolean,
): Deadline {
  const value = readLong(text);
  if (value === undefined) throw notAnInteger();
  const at = value * BigInt(unit.scale) + (unit.relative ? BigInt(now) : 0n);
  if ((positive && value <= 0n) || !fitsLong(value * BigInt(unit.scale)) || !fitsLong(at)) {
    throw new RedisError(`ERR invalid expire time in '${command}' command`);
  }
  return shrink(at);
}
