/**
 * Delta debugging: the least part of a list that still fails.
 *
 * Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002. Before it,
 * the list is cut from its end and from its start by halving, because what a failure needs mostly lies close
 * together in time.
 */

/** @returns Whether this part of the list still fails. Must say yes for the whole list. */
export type Fails<T> = (part: readonly T[]) => Promise<boolean>;

/** @returns A part that fails; when nothing stopped it early, no single item of it can be left out. */
export async function minimise<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  if (items.length === 0 || (await fails([]))) return [];
  let kept = items;
  if (kept.length > 8) {
    kept = kept.slice(0, await leastFailing(kept.length, async (length) => fails(kept.slice(0, length))));
    const needed = await leastFailing(kept.length, async (length) => fails(kept.slice(kept.length - length)));
    kept = kept.slice(kept.length - needed);
  }
  return ddmin(kept, fails);
}

/**
 * Finds the least number above 0 that fails, by halving. It takes for granted that what fails with a number fails
 * with larger ones; where that is not so, it finds one that fails but is not the least.
 *
 * @param enough - A number that is known to fail.
 */
export async function leastFailing(
  enough: number,
  fails: (number: number) => Promise<boolean>,
): Promise<number> {
  let [low, high] = [0, enough];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await fails(middle)) high = middle;
    else low = middle;
  }
  return high;
}

async function ddmin<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  let kept = items;
  let pieces = 2;
  while (kept.length >= 2) {
    const reduced = await without(kept, pieces, fails);
    if (reduced !== undefined) {
      kept = reduced;
      pieces = Math.max(2, pieces - 1);
    } else if (pieces >= kept.length) break;
    else pieces = Math.min(kept.length, pieces * 2);
  }
  return kept;
}

// Only what is left when one piece is taken out: single pieces rarely fail when several items are needed.
async function without<T>(
  items: readonly T[],
  pieces: number,
  fails: Fails<T>,
): Promise<readonly T[] | undefined> {
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * items.length) / pieces);
    const to = Math.floor(((piece + 1) * items.length) / pieces);
    const rest = [...items.slice(0, from), ...items.slice(to)];
    if (await fails(rest)) return rest;
  }
  return undefined;
}
