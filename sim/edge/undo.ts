/** Replacing things so that they can be put back exactly: the same descriptor, or none. */

export interface Undo {
  /** Remembers a property as it is now; a later `run` makes it so again. */
  keep(target: object, key: PropertyKey): void;
  /** Remembers a property, then sets it. */
  replace(target: object, key: PropertyKey, value: unknown): void;
  /** Remembers to call `revert`. */
  add(revert: () => void): void;
  /** Puts everything back, last change first; goes on after an error and throws the first one at the end. */
  run(): void;
}

export function createUndo(): Undo {
  const reverts: (() => void)[] = [];

  function keep(target: object, key: PropertyKey): void {
    const before = Object.getOwnPropertyDescriptor(target, key);
    reverts.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, before);
    });
  }

  return {
    keep,
    replace(target, key, value) {
      keep(target, key);
      const before = Object.getOwnPropertyDescriptor(target, key);
      const fresh = { enumerable: before?.enumerable ?? false, configurable: true, writable: true };
      // A plain property keeps its attributes: it may be one that can be written but not defined anew.
      const plain = before !== undefined && "value" in before;
      Object.defineProperty(target, key, plain ? { value } : { ...fresh, value });
    },
    add(revert) {
      reverts.push(revert);
    },
    run() {
      const errors: unknown[] = [];
      for (let revert = reverts.pop(); revert !== undefined; revert = reverts.pop()) {
        try {
          revert();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
