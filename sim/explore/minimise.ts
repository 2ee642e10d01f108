/**
 * The least part of a list that still fails.
 *
 * One needed item after the other is found by halving: the shortest beginning of the list that still fails,
 * together with what is known to be needed, ends with an item that is needed too (the progression of
 * Marques-Silva, Janota and Belov, "Minimal Sets over Monotone Predicates in Boolean Formulae", CAV 2013). For k
 * needed items of n that is k log n tries. Delta debugging (Zeller and Hildebrandt, IEEE TSE 28(2), 2002) takes
 * two to four times as many when few of very many are needed, as with the deviations of a run.
 */

/** @returns Whether this part of the list still fails. Must say yes for the whole list. */
export type Fails<T> = (part: readonly T[]) => Promise<boolean>;

/**
 * @returns A part that fails. No single item of it can be left out, provided that what fails with a part also
 *   fails with more; where that is not so, the caller has to try it.
 */
export async function minimise<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  let needed: readonly T[] = [];
  let rest = items;
  while (rest.length > 0 && !(await fails(needed))) {
    const known = needed;
    const open = rest;
    const length = await leastFailing(open.length, async (count) =>
      fails([...open.slice(0, count), ...known]),
    );
    needed = [...open.slice(length - 1, length), ...known];
    rest = open.slice(0, length - 1);
  }
  return needed;
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
