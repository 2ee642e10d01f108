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
