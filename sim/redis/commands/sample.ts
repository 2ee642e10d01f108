/** Random picks, from the server's own random source. */

/**
 * @param count - At least 0 for distinct items; negative allows repeats, as in SRANDMEMBER.
 * @returns Picked items; all of them, in order, when `count` reaches their number.
 */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pick = (limit: number): number => Math.floor(random() * limit);
  if (count < 0) {
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
