/**
 * Quiescence: waiting until all code has run that an event woke.
 *
 * `process.nextTick` called from a promise job runs after the whole promise queue is empty. Code that itself
 * uses `nextTick` (streams, real drivers) may queue more work behind ours, so two rounds are made; code that
 * nests deeper asks for the `deep` drain, a native `setImmediate`, which runs after every tick and job.
 */

// Taken before any test can fake them.
const nativeNextTick = process.nextTick.bind(process);
const settled = Promise.resolve();
const nativeSetImmediate = setImmediate;
const nativeSetInterval = setInterval;
const nativeSetTimeout = setTimeout;
const nativeClearTimeout = clearTimeout;
const nativeClearInterval = clearInterval;
const nativePerformanceNow = performance.now.bind(performance);

/** Real milliseconds; for pacing and reports only, never for anything inside a world. */
export const realNowMs = nativePerformanceNow;

/** Calls `look` every `ms` real milliseconds, and keeps the process alive. @returns What ends it. */
export function everyRealMs(ms: number, look: () => void): () => void {
  const timer = nativeSetInterval(look, ms);
  return () => nativeClearInterval(timer);
}

/**
 * @param next - Called each time everything queued before the call has run.
 * @returns A function that arranges one such call.
 */
export function createDrain(next: () => void): () => void {
  const fourth = (): void => nativeNextTick(next);
  const third = (): void => soon(fourth);
  const second = (): void => nativeNextTick(third);
  return () => soon(second);
}

// A promise job of its own: Node's queueMicrotask makes an AsyncResource for each call, which costs more than the rest.
function soon(job: () => void): void {
  void settled.then(job);
}

/** Calls `next` once, after `ms` real milliseconds. @returns What cancels it. */
export function afterRealMs(ms: number, next: () => void): () => void {
  const timer = nativeSetTimeout(next, ms);
  return () => nativeClearTimeout(timer);
}

/** Calls `next` after every pending tick, promise job and real I/O callback of this turn. */
export function yieldToProcess(next: () => void): void {
  nativeSetImmediate(next);
}
