/** Real time for benches. */

// Taken before a world can fake it.
const nowMs = performance.now.bind(performance);

/** @returns Real milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = nowMs();
  await work();
  return nowMs() - startedAt;
}

/** @returns Milliseconds of CPU that the process used during `work`: on a busy machine steadier than time. */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
