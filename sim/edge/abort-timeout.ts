/** `AbortSignal.timeout` in virtual time. */
import type { Loop } from "../kernel/index.js";

// Node does not keep a process alive for this timer, so here it does not make time move.
export function abortTimeout(loop: Loop): typeof AbortSignal.timeout {
  return (delayMs) => {
    if (!Number.isInteger(delayMs) || delayMs < 0) {
      throw new RangeError(`The value of "delay" is out of range: ${String(delayMs)}`);
    }
    const controller = new AbortController();
    loop.schedule(delayMs, "foreign", "abort-signal-timeout", () =>
      controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    );
    return controller.signal;
  };
}
