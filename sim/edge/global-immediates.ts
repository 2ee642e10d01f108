/** The process's `setImmediate`, put under a world's turns: see sim/kernel/immediates.ts. */
import { AsyncResource } from "node:async_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";

import type { ImmediateHandle, Loop, Origin } from "../kernel/index.js";
import type { Undo } from "./undo.js";

/** @returns A function that gives, for each that is queued and was not unrefed, where it was. */
export function installImmediates(loop: Loop, undo: Undo): () => readonly (Origin | undefined)[] {
  const queued = new Map<ImmediateHandle, Origin | undefined>();

  function queue(callback: unknown, ...args: readonly unknown[]): ImmediateHandle {
    if (typeof callback !== "function") throw invalidCallback(callback);
    // Context of an AsyncLocalStorage goes with it, as with Node's.
    const run = AsyncResource.bind(() => {
      queued.delete(immediate);
      callback(...args);
    });
    const immediate = loop.setImmediate(run);
    queued.set(immediate, loop.origins.take(queue));
    return immediate;
  }

  function clear(handle: unknown): void {
    queued.delete(handle as ImmediateHandle);
    loop.clearImmediate(handle);
  }

  async function queuePromised<T>(value?: T, options: PromisedOptions = {}): Promise<T> {
    const { signal, ref = true } = options;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        loop.clearImmediate(immediate);
        reject(abortError(signal?.reason));
      };
      const immediate = loop.setImmediate(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value as T);
      });
      if (!ref) immediate.unref();
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  for (const module of [globalThis, timers]) {
    undo.replaceFunction(module, "setImmediate", queue);
    undo.replaceFunction(module, "clearImmediate", clear);
  }
  undo.replaceFunction(timersPromises, "setImmediate", queuePromised);
  return () => [...queued].filter(([immediate]) => immediate.hasRef()).map(([, origin]) => origin);
}

interface PromisedOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

// As Node makes it: an Error, and no DOMException.
function abortError(cause: unknown): Error {
  const error = new Error("The operation was aborted", { cause });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

function invalidCallback(given: unknown): TypeError {
  const error = new TypeError(`The "callback" argument must be of type function. Received ${String(given)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}
