/**
 * Tells when a mocking library starts to intercept. msw and nock note each interceptor that they put in force on
 * `globalThis`, once its patches are in place, and take the note away when they are gone.
 */
import type { Undo } from "./undo.js";

const notes = ["client-request-interceptor", "fetch-interceptor", "websocket-interceptor"].map((name) =>
  Symbol.for(name),
);

/** @returns What looks again: a note that was taken away is no longer watched. */
export function watchInterceptors(onStart: () => void, undo: Undo): () => void {
  let isActive = true;

  function watch(note: symbol): void {
    let value: unknown = Reflect.get(globalThis, note);
    Object.defineProperty(globalThis, note, {
      configurable: true,
      enumerable: true,
      get: () => value,
      set(next) {
        value = next;
        if (isActive && next !== undefined) onStart();
      },
    });
    undo.add(() => {
      const descriptor = Object.getOwnPropertyDescriptor(globalThis, note);
      if (descriptor?.get === undefined) return;
      if (value === undefined) Reflect.deleteProperty(globalThis, note);
      else
        Object.defineProperty(globalThis, note, {
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        });
    });
  }

  function look(): void {
    for (const note of notes) {
      if (Object.getOwnPropertyDescriptor(globalThis, note)?.get === undefined) watch(note);
    }
  }

  undo.add(() => {
    isActive = false;
  });
  look();
  return look;
}
