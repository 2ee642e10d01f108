/**
 * A timer that somebody kept beyond the end of its world, as undici keeps the one that ticks for all its time-outs.
 * When it is refreshed, it is set again: by the world that has the globals then, or by the process.
 */

export interface TimerHandle {
  ref?: () => unknown;
  unref?: () => unknown;
  hasRef?: () => boolean;
  refresh?: () => unknown;
  close?: () => unknown;
  [Symbol.toPrimitive]?: () => number;
}

export type SetTimer = (...args: unknown[]) => TimerHandle;

/**
 * To be called when the world of a timer has ended.
 *
 * @param args - What it was set with. @param setterNow - Gives the function that sets such timers at that moment.
 */
export function outliveWorld(handle: TimerHandle, args: readonly unknown[], setterNow: () => SetTimer): void {
  const { hasRef, [Symbol.toPrimitive]: idOf } = handle;
  let refed = hasRef?.call(handle) ?? true;
  let next: TimerHandle | undefined;
  let setBy: SetTimer | undefined;

  function setAgain(): void {
    next?.close?.();
    setBy = setterNow();
    next = setBy(...args);
    if (!refed) next.unref?.();
  }

  handle.refresh = () => {
    if (next !== undefined && setBy === setterNow()) next.refresh?.();
    else setAgain();
    return handle;
  };
  handle.ref = () => {
    refed = true;
    next?.ref?.();
    return handle;
  };
  handle.unref = () => {
    refed = false;
    next?.unref?.();
    return handle;
  };
  handle.hasRef = () => refed;
  // By this number it is cleared.
  handle[Symbol.toPrimitive] = () => next?.[Symbol.toPrimitive]?.() ?? idOf?.call(handle) ?? 0;
}
