/**
 * Batches: fixed pieces of a campaign, at whose borders what was learnt is passed on.
 *
 * The first batch is one run, so that the sizes of the world are known soon. A batch sees what all batches up
 * to the last but one taught (the second sees the first), so that workers need not wait at every border.
 */

export interface Batch {
  readonly index: number;
  /** Runs `firstRun` to `firstRun + count - 1`. */
  readonly firstRun: number;
  readonly count: number;
  /** How many batches must have been learnt before this one starts. */
  readonly sees: number;
}

/** Runs of every batch but the first. */
export const batchRuns = 16;

/** Cuts `runs` runs into batches; `Infinity` gives batches without an end. */
export function* batchesOf(runs: number): Generator<Batch, void> {
  let firstRun = 0;
  for (let index = 0; firstRun < runs; index++) {
    const count = Math.min(index === 0 ? 1 : batchRuns, runs - firstRun);
    yield { index, firstRun, count, sees: index <= 1 ? index : index - 1 };
    firstRun += count;
  }
}
