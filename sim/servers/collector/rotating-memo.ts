/** A memory that forgets what has not been asked for lately: for processes that come and go. */

export interface RotatingMemo<Key, Value> {
  /** The remembered value, or `make(key)` remembered from now on. */
  get(key: Key, make: (key: Key) => Value): Value;
  /** Ends a round. What was not asked for during the last one to two spans is forgotten. */
  endRound(): void;
  /** Forgets everything. */
  clear(): void;
}

/**
 * @param spanRounds - Rounds that an unused entry survives at least.
 */
export function createRotatingMemo<Key, Value>(spanRounds: number): RotatingMemo<Key, Value> {
  let recent = new Map<Key, Value>();
  let older = new Map<Key, Value>();
  let rounds = 0;
  return {
    get: (key, make) => {
      const known = recent.get(key);
      if (known !== undefined || recent.has(key)) return known as Value;
      const value = older.has(key) ? (older.get(key) as Value) : make(key);
      recent.set(key, value);
      return value;
    },
    endRound: () => {
      rounds += 1;
      if (rounds % spanRounds !== 0) return;
      older = recent;
      recent = new Map();
    },
    clear: () => {
      older = new Map();
      recent = new Map();
    },
  };
}

// Small integer hashes: the randomness of the data plane is a pure function of a seed and an identity.

/** @returns 32 bits that depend on every character of `text` (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** @returns 32 well spread bits that depend on both numbers (the finalizer of MurmurHash3). */
export function mix(first: number, second: number): number {
  let hash = Math.imul(first ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b) + 0x165667b1;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** @returns A fraction from 0 (included) to 1 (excluded). */
export const fractionOf = (hash: number): number => hash / 0x1_0000_0000;
