/**
 * A property that the world lies over while others replace it, too: msw, mock-socket, a stub of the test.
 *
 * Whatever they put there, before or meanwhile, stays below: the world answers for its hosts, and what was put
 * there for all else. Each layer has accessors of its own, so that whoever puts back what it found gets the layer
 * that it found; and what is put back after the world has ended is what was there before the world.
 */

export interface LayeredGlobal {
  /** Lies over what somebody has defined in place of the accessors. */
  patch(): void;
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
    patch() {
      if (isActive && current() === undefined) define(createLayer(Reflect.get(target, key) as T));
    },
  };
}

// Replacing things so that they can be put back exactly: the same descriptor, or none.
//
// Somebody else may replace the replacement meanwhile, as `vi.stubGlobal` and `vi.spyOn` do, and keep it as what to
// restore. So what is put back is only what is still ours; the rest is restored once its owner lets it go, and until
// then a function that was ours passes its calls on.

export interface Undo {
  /** Remembers a property as it is now; a later `run` makes it so again. */
  keep(target: object, key: PropertyKey): void;
  /** Remembers a property, then sets it. */
  replace(target: object, key: PropertyKey, value: unknown): void;
  /** As `replace`. After `run`, calls by whoever kept it go to what was there before, or to the next replacement. */
  replaceFunction(target: object, key: PropertyKey, value: (...args: never[]) => unknown): void;
  /** Remembers to call `revert`. */
  add(revert: () => void): void;
  /** Ends the replacing: a property that is different later was changed by somebody else. */
  seal(): void;
  /** What is kept and replaced, each property once. */
  replaced(): readonly Replaced[];
  /**
   * Puts everything back, last change first; goes on after an error and throws the first one at the end. What
   * somebody else has changed since `seal` stays as that one made it.
   */
  run(): void;
  /** Gives up a property that `run` has left: its owner will restore what was before. */
  release(target: object, key: PropertyKey): void;
  /** Puts back what was left by `run` and whose owner has restored it since. @returns Whether nothing is left. */
  heal(): boolean;
}

export interface Replaced {
  readonly target: object;
  readonly key: PropertyKey;
  readonly before: PropertyDescriptor | undefined;
  /** As it was at `seal`; undefined when there was none. */
  readonly placed: PropertyDescriptor | undefined;
}

/** @returns Whether somebody else has changed it since `seal`. */
export function isOverridden({ target, key, placed }: Replaced): boolean {
  return !same(Object.getOwnPropertyDescriptor(target, key), placed);
}

// Of all undos: a spy that stands on one of these must not be taken for the next.
const ours = new WeakSet<object>();

export function createUndo(): Undo {
  const reverts: (() => void)[] = [];
  let kept: Replaced[] = [];
  let sealed = false;
  let ended = false;
  let left: Replaced[] = [];

  function keep(target: object, key: PropertyKey): void {
    if (kept.some((each) => each.target === target && each.key === key)) return;
    const before = Object.getOwnPropertyDescriptor(target, key);
    kept.push({ target, key, before, placed: undefined });
    reverts.push(() => restore(target, key, before));
  }

  function replace(target: object, key: PropertyKey, value: unknown): void {
    keep(target, key);
    const before = Object.getOwnPropertyDescriptor(target, key);
    const fresh = { enumerable: before?.enumerable ?? false, configurable: true, writable: true };
    // A plain property keeps its attributes: it may be one that can be written but not defined anew. They are named,
    // because the global object of a `vm` context, such as Jest's, takes those that are not for false.
    const plain = before !== undefined && "value" in before;
    Object.defineProperty(target, key, { ...(plain ? before : fresh), value });
  }

  return {
    keep,
    replace,
    replaceFunction(target, key, value) {
      const before = Reflect.get(target, key) as unknown;
      function passing(this: unknown, ...args: unknown[]): unknown {
        const current: unknown = Reflect.get(target, key);
        const isOther = current !== passing && ours.has(current as object);
        const callee = !ended ? value : isOther ? current : before;
        return Reflect.apply(callee as (...args: unknown[]) => unknown, this, args);
      }
      for (const name of ["name", "length"]) {
        const descriptor =
          typeof before === "function" ? Object.getOwnPropertyDescriptor(before, name) : undefined;
        if (descriptor !== undefined) Object.defineProperty(passing, name, descriptor);
      }
      ours.add(passing);
      replace(target, key, passing);
    },
    add(revert) {
      reverts.push(revert);
    },
    seal() {
      sealed = true;
      kept = kept.map((each) => ({
        ...each,
        placed: Object.getOwnPropertyDescriptor(each.target, each.key),
      }));
    },
    replaced: () => kept,
    run() {
      const foreign = (sealed ? kept.filter(isOverridden) : []).map((each) => ({
        each,
        current: Object.getOwnPropertyDescriptor(each.target, each.key),
      }));
      ended = true;
      const errors: unknown[] = [];
      for (let revert = reverts.pop(); revert !== undefined; revert = reverts.pop()) {
        try {
          revert();
        } catch (error) {
          errors.push(error);
        }
      }
      for (const { each, current } of foreign) restore(each.target, each.key, current);
      left.push(...foreign.map(({ each }) => each));
      kept = [];
      if (errors.length > 0) throw errors[0];
    },
    release(target, key) {
      left = left.filter((each) => each.target !== target || each.key !== key);
    },
    heal() {
      left = left.filter((each) => {
        const { target, key, before } = each;
        // Its owner may have put back what was before the replacement at once.
        if (same(Object.getOwnPropertyDescriptor(target, key), before)) return false;
        if (isOverridden(each)) return true;
        restore(target, key, before);
        return false;
      });
      return left.length === 0;
    },
  };
}

function restore(target: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(target, key);
  else Object.defineProperty(target, key, descriptor);
}

function same(one: PropertyDescriptor | undefined, other: PropertyDescriptor | undefined): boolean {
  return one?.value === other?.value && one?.get === other?.get && one?.set === other?.set;
}
