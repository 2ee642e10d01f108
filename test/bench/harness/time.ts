/** Real time for benches. */

// Taken before a world can fake it.
const nowMs = performance.now.bind(performance);

/** @returns Real milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = nowMs();
  await work();
  return nowMs() - startedAt;
}
