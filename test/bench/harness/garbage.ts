/** What the heap holds once garbage is gone. */

/** @returns MiB in use. @throws Error when the process runs without `--expose-gc`. */
export async function collectGarbage(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("Run this bench with node --expose-gc.");
  // Twice, with a turn between: finalizers of the first collection free more for the second.
  globalThis.gc();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
