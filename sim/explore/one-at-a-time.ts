/**
 * One explored world at a time in a process: tests that run concurrently take turns run by run. Two at once would not be
 * faster, and what goes wrong unhandled in one could not be told from the other's.
 */
let last: Promise<void> = Promise.resolve();

/**
 * Does the work once all that was asked for before has ended.
 *
 * @param signal - Once it is aborted nobody waits for this work any more, though it may go on.
 */
export async function oneAtATime<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const result = last.then(work);
  last = endOrAbort(result, signal);
  return result;
}

async function endOrAbort(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      signal?.removeEventListener("abort", end);
      resolve();
    };
    signal?.addEventListener("abort", end);
    work.then(end, end);
  });
}
