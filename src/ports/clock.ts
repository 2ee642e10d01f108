/** Time as a service sees it. The system clock in production, a virtual one in a simulated world. */
export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch, as this host believes it: it may be off, or step. */
  now(): number;

  /** Milliseconds since an arbitrary start; never steps back. Use it to measure how long something took. */
  monotonic(): number;

  /**
   * Calls `run` once, `delayMs` from now.
   *
   * @param delayMs - Milliseconds, at least 0; fractions are kept to the microsecond.
   * @param label - Short constant name for traces, such as `reconcile-tick`.
   * @returns A function that cancels the timer; calling it late or twice does nothing.
   */
  setTimer(delayMs: number, label: string, run: () => void): () => void;
}
