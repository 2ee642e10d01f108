/**
 * Replacing things so that they can be put back exactly: the same descriptor, or none.
 *
 * Somebody else may replace the replacement meanwhile, as `vi.stubGlobal` and `vi.spyOn` do, and keep it as what to
 * restore. So what is put back is only what is still ours; the rest is restored once its owner lets it go, and until
 * then a function that was ours passes its calls on to what stands in its place.
 */

export interface Undo {
  /** Remembers a property as it is now; a later `run` makes it so again. */
  keep(target: object, key: PropertyKey): void;
  /** Remembers a property, then sets it. */
  replace(target: object, key: PropertyKey, value: unknown): void;
  /** As `replace`. After `run`, calls of `value` that somebody kept go to what the property is then. */
  replaceFunction(target: object, key: PropertyKey, value: (...args: never[]) => unknown): void;
  /** Remembers to call `revert`. */
  add(revert: () => void): void;
  /** Ends the replacing: a property that is different later was changed by somebody else. */
  seal(): void;
  /** The properties that somebody else has changed since `seal`. */
  overridden(): readonly Overridden[];
  /**
   * Puts everything back, last change first; goes on after an error and throws the first one at the end. What
   * somebody else has changed since `seal` stays as that one made it.
   */
  run(): void;
  /** Puts back what was left by `run` and whose owner has restored it since. @returns Whether nothing is left. */
  heal(): boolean;
}

/** A replaced property that belongs to somebody else now. */
export interface Overridden {
  readonly target: object;
  readonly key: PropertyKey;
  readonly current: PropertyDescriptor | undefined;
}

interface Kept {
  readonly target: object;
  readonly key: PropertyKey;
  readonly before: PropertyDescriptor | undefined;
  placed?: PropertyDescriptor | undefined;
}

export function createUndo(): Undo {
  const reverts: (() => void)[] = [];
  const kept: Kept[] = [];
  let sealed = false;
  let ended = false;
  let left: Kept[] = [];

  function keep(target: object, key: PropertyKey): void {
    if (kept.some((each) => each.target === target && each.key === key)) return;
    const before = Object.getOwnPropertyDescriptor(target, key);
    kept.push({ target, key, before });
    reverts.push(() => restore(target, key, before));
  }

  function replace(target: object, key: PropertyKey, value: unknown): void {
    keep(target, key);
    const before = Object.getOwnPropertyDescriptor(target, key);
    const fresh = { enumerable: before?.enumerable ?? false, configurable: true, writable: true };
    // A plain property keeps its attributes: it may be one that can be written but not defined anew.
    const plain = before !== undefined && "value" in before;
    Object.defineProperty(target, key, plain ? { value } : { ...fresh, value });
  }

  function changed(): readonly Kept[] {
    if (!sealed) return [];
    return kept.filter(
      ({ target, key, placed }) => !same(Object.getOwnPropertyDescriptor(target, key), placed),
    );
  }

  return {
    keep,
    replace,
    replaceFunction(target, key, value) {
      const before = Reflect.get(target, key) as unknown;
      function passing(this: unknown, ...args: unknown[]): unknown {
        const current: unknown = ended ? Reflect.get(target, key) : value;
        const callee = current === passing ? before : current;
        return Reflect.apply(callee as (...args: unknown[]) => unknown, this, args);
      }
      for (const name of ["name", "length"]) {
        const own = typeof before === "function" ? Object.getOwnPropertyDescriptor(before, name) : undefined;
        if (own !== undefined) Object.defineProperty(passing, name, own);
      }
      replace(target, key, passing);
    },
    add(revert) {
      reverts.push(revert);
    },
    seal() {
      sealed = true;
      for (const each of kept) each.placed = Object.getOwnPropertyDescriptor(each.target, each.key);
    },
    overridden: () =>
      changed().map(({ target, key }) => ({
        target,
        key,
        current: Object.getOwnPropertyDescriptor(target, key),
      })),
    run() {
      const foreign = changed().map((each) => ({
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
      kept.length = 0;
      if (errors.length > 0) throw errors[0];
    },
    heal() {
      left = left.filter(({ target, key, before, placed }) => {
        if (!same(Object.getOwnPropertyDescriptor(target, key), placed)) return true;
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
