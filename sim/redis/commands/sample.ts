/** Random picks, from the server's own random source. */
import { readInteger } from "../numbers.js";
import { RedisError } from "../reply.js";

/** An answer with more would hold up the world. */
const repeatsMax = 10_000_000;

/**
 * Reads how many to pick.
 *
 * @param withValues - Each pick is answered by two items.
 * @throws RedisError as Redis, for a count that it could not negate or double.
 */
export function readPickCount(text: string, withValues: boolean): number {
  const count = readInteger(text);
  if (BigInt(text) === -(2n ** 63n)) {
    throw new RedisError(
      "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
    );
  }
  if (withValues && Math.abs(count) > Number(2n ** 62n - 1n)) {
    throw new RedisError("ERR value is out of range");
  }
  return count;
}

/**
 * @param count - At least 0 for distinct items; negative allows repeats, as in SRANDMEMBER.
 * @returns Picked items; all of them, in order, when `count` reaches their number.
 */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pick = (limit: number): number => Math.floor(random() * limit);
  if (count < 0) {
    if (-count > repeatsMax) {
      throw new RedisError(
        `ERR SIM_UNSUPPORTED ${-count} random picks: the simulated Redis gives ${repeatsMax} at the most`,
      );
    }
    return Array.from({ length: items.length === 0 ? 0 : -count }, () => items[pick(items.length)] as T);
  }
  if (count >= items.length) return [...items];
  const rest = [...items];
  const picked: T[] = [];
  for (let index = 0; index < count; index += 1) {
    const chosen = index + pick(rest.length - index);
    picked.push(rest[chosen] as T);
    rest[chosen] = rest[index] as T;
  }
  return picked;
}
