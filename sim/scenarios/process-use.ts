/** What the process holds: for reports of resource use, never for anything inside a world. */

// Taken before any test can fake it.
const nativeSetImmediate = setImmediate;

/** @returns Bytes of JavaScript heap in use, garbage included. */
export function heapBytesInUse(): number {
  return process.memoryUsage().heapUsed;
}

/**
 * Counts sockets, timers, pipes and the like that keep the process alive. Waits for two turns of the process first:
 * a handle that was closed is gone only then.
 */
export async function countOpenHandles(): Promise<number> {
  await nextTurn();
  await nextTurn();
  return process.getActiveResourcesInfo().filter((type) => type !== "Immediate").length;
}

async function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    nativeSetImmediate(resolve);
  });
}
