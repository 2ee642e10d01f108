/**
 * A property that the world lies over while others replace it, too: msw, mock-socket, a stub of the test.
 *
 * Whatever they put there, before or meanwhile, stays below: the world answers for its hosts, and what was put
 * there for all else. Each layer has accessors of its own, so that whoever puts back what it found gets the layer
 * that it found; and what is put back after the world has ended is what was there before the world.
 */
import type { Undo } from "./undo.js";

export interface LayeredGlobal {
  /** Lies over what somebody has defined in place of the accessors. */
  layOver(): void;
}

export interface LayeredOptions<T> {
  readonly target: object;
  readonly key: PropertyKey;
  /** Makes what is seen while `below` is what others want there. It must work when the world has ended, too. */
  readonly cover: (below: T) => T;
  /** Called before each reading. */
  readonly onRead?: () => void;
}

interface Layer<T> {
  readonly below: T;
  readonly shown: T;
  readonly get: () => T;
  readonly set: (value: T) => void;
}

export function layGlobal<T>({ target, key, cover, onRead }: LayeredOptions<T>, undo: Undo): LayeredGlobal {
  const before = Object.getOwnPropertyDescriptor(target, key);
  const byShown = new Map<T, Layer<T>>();
  let isActive = true;
  const lowest = createLayer(Reflect.get(target, key) as T);

  function createLayer(below: T): Layer<T> {
    const layer: Layer<T> = {
      below,
      shown: cover(below),
      get() {
        if (isActive) onRead?.();
        else if (layer === lowest) putBack();
        return isActive ? layer.shown : below;
      },
      set(value) {
        const found = byShown.get(value);
        if (isActive) define(found ?? createLayer(value));
        else if (found === lowest || value === lowest.below) putBack();
        else setPlain(found === undefined ? value : found.below);
      },
    };
    byShown.set(layer.shown, layer);
    return layer;
  }

  const attributes = { configurable: true, enumerable: before?.enumerable ?? false };

  function define({ get, set }: Layer<T>): void {
    Object.defineProperty(target, key, { get, set, ...attributes });
  }

  function setPlain(value: T): void {
    Object.defineProperty(target, key, { value, writable: true, ...attributes });
  }

  function putBack(): void {
    if (before === undefined) Reflect.deleteProperty(target, key);
    else Object.defineProperty(target, key, before);
  }

  function current(): Layer<T> | undefined {
    const getter = Object.getOwnPropertyDescriptor(target, key)?.get;
    return [...byShown.values()].find(({ get }) => get === getter);
  }

  // What lies over the lowest layer by then is somebody else's, and stays: they will put the lowest back.
  undo.keep(target, key);
  undo.add(() => {
    if (current() === lowest) putBack();
    isActive = false;
  });
  define(lowest);
  return {
    layOver() {
      if (isActive && current() === undefined) define(createLayer(Reflect.get(target, key) as T));
    },
  };
}
