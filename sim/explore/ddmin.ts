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
    kept = kept.slice(0, await leastLength(kept.length, async (length) => fails(kept.slice(0, length))));
    const needed = await leastLength(kept.length, async (length) => fails(kept.slice(kept.length - length)));
    kept = kept.slice(kept.length - needed);
  }
  return ddmin(kept, fails);
}

// Halving assumes that what fails with n items fails with more. Where that is not so it only finds a longer part.
async function leastLength(length: number, fails: (length: number) => Promise<boolean>): Promise<number> {
  let [tooShort, enough] = [0, length];
  while (enough - tooShort > 1) {
    const middle = (tooShort + enough) >> 1;
    if (await fails(middle)) enough = middle;
    else tooShort = middle;
  }
  return enough;
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
