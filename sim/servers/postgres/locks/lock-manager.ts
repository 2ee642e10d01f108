/**
 * Locks that can be waited for: the end of a transaction, a place in the queue of a row, tables, advisory keys.
 *
 * Queues are first come, first served. Row locks themselves live in the row images; a waiter for a row holds
 * that row's queue lock and waits for the end of the transaction that has the row, as in PostgreSQL.
 */

/** Somebody who can hold and wait: one session. */
export interface LockOwner {
  readonly id: number;
}

export interface LockTag {
  readonly kind: "xact" | "tuple" | "relation" | "advisory" | "name";
  /** What `who waits for what` shows. */
  readonly label: string;
}

/** Modes are numbers into a table of conflicts; see {@link lockModes}. */
type LockMode = number;

/** The eight table lock modes in PostgreSQL's order; every lock uses some of them. */
export const lockModes = {
  accessShare: 1,
  rowShare: 2,
  rowExclusive: 3,
  shareUpdateExclusive: 4,
  share: 5,
  shareRowExclusive: 6,
  exclusive: 7,
  accessExclusive: 8,
} as const;

const conflictTable: ReadonlyArray<readonly number[]> = [
  [],
  [8],
  [7, 8],
  [5, 6, 7, 8],
  [4, 5, 6, 7, 8],
  [3, 4, 6, 7, 8],
  [3, 4, 5, 6, 7, 8],
  [2, 3, 4, 5, 6, 7, 8],
  [1, 2, 3, 4, 5, 6, 7, 8],
];

function modesConflict(a: LockMode, b: LockMode): boolean {
  return conflictTable[a]?.includes(b) === true;
}

/** One wait in progress. */
export interface LockWait {
  readonly tag: LockTag;
  readonly owner: LockOwner;
  readonly mode: LockMode;
  /** Set by whoever runs the statement; called once the lock is held. */
  onGranted: (() => void) | null;
}

interface Holding {
  readonly owner: LockOwner;
  readonly mode: LockMode;
  count: number;
}

interface LockState {
  readonly tag: LockTag;
  readonly holdings: Holding[];
  readonly queue: LockWait[];
}

export interface LockManager {
  /** @returns null when the lock is held now, else the wait that was queued. */
  acquire(owner: LockOwner, tag: LockTag, mode: LockMode): LockWait | null;
  /** Like `acquire`, but never queues. @returns Whether the lock is held. */
  tryAcquire(owner: LockOwner, tag: LockTag, mode: LockMode): boolean;
  /** Gives back one `acquire`. @returns False when it was not held. */
  release(owner: LockOwner, tag: LockTag, mode: LockMode): boolean;
  /** Gives up a wait. */
  cancel(wait: LockWait): void;
  /** Owners that keep this one waiting: holders first, then those ahead in the queue. */
  blockers(owner: LockOwner): readonly LockOwner[];
  waitOf(owner: LockOwner): LockWait | null;
  waits(): readonly LockWait[];
  isHeld(owner: LockOwner, tag: LockTag, mode: LockMode): boolean;
  held(): ReadonlyArray<{ readonly owner: LockOwner; readonly tag: LockTag; readonly mode: LockMode }>;
  /** Forgets everything, as a crash does. */
  clear(): void;
}

export function createLockManager(): LockManager {
  const states = new Map<LockTag, LockState>();
  const waiting = new Map<LockOwner, LockWait>();

  const conflictsWithHolders = (state: LockState, owner: LockOwner, mode: LockMode): boolean =>
    state.holdings.some((holding) => holding.owner !== owner && modesConflict(mode, holding.mode));

  const grant = (state: LockState, owner: LockOwner, mode: LockMode): void => {
    const own = state.holdings.find((holding) => holding.owner === owner && holding.mode === mode);
    if (own === undefined) state.holdings.push({ owner, mode, count: 1 });
    else own.count += 1;
  };

  const stateOf = (tag: LockTag): LockState => {
    const known = states.get(tag);
    if (known !== undefined) return known;
    const state: LockState = { tag, holdings: [], queue: [] };
    states.set(tag, state);
    return state;
  };

  const tidy = (state: LockState): void => {
    if (state.holdings.length === 0 && state.queue.length === 0) states.delete(state.tag);
  };

  // A waiter goes on when neither a holder nor an earlier waiter is in its way.
  const wake = (state: LockState): void => {
    const granted: LockWait[] = [];
    const ahead: LockWait[] = [];
    for (const wait of state.queue) {
      const blocked =
        conflictsWithHolders(state, wait.owner, wait.mode) ||
        ahead.some((other) => modesConflict(wait.mode, other.mode));
      if (blocked) ahead.push(wait);
      else {
        grant(state, wait.owner, wait.mode);
        granted.push(wait);
      }
    }
    state.queue.splice(0, state.queue.length, ...ahead);
    tidy(state);
    for (const wait of granted) waiting.delete(wait.owner);
    for (const wait of granted) wait.onGranted?.();
  };

  const tryAcquire = (owner: LockOwner, tag: LockTag, mode: LockMode): boolean => {
    const state = states.get(tag);
    if (state !== undefined) {
      const holdsAlready = state.holdings.some((holding) => holding.owner === owner);
      const queued = state.queue.some((wait) => modesConflict(mode, wait.mode));
      if (conflictsWithHolders(state, owner, mode) || (queued && !holdsAlready)) return false;
    }
    grant(stateOf(tag), owner, mode);
    return true;
  };

  return {
    tryAcquire,
    acquire(owner, tag, mode) {
      if (tryAcquire(owner, tag, mode)) return null;
      const wait: LockWait = { tag, owner, mode, onGranted: null };
      stateOf(tag).queue.push(wait);
      waiting.set(owner, wait);
      return wait;
    },
    release(owner, tag, mode) {
      const state = states.get(tag);
      const index =
        state?.holdings.findIndex((holding) => holding.owner === owner && holding.mode === mode) ?? -1;
      const holding = state?.holdings[index];
      if (state === undefined || holding === undefined) return false;
      holding.count -= 1;
      if (holding.count === 0) {
        state.holdings.splice(index, 1);
        wake(state);
      }
      return true;
    },
    cancel(wait) {
      const state = states.get(wait.tag);
      const index = state?.queue.indexOf(wait) ?? -1;
      if (state === undefined || index < 0) return;
      state.queue.splice(index, 1);
      waiting.delete(wait.owner);
      wake(state);
    },
    blockers(owner) {
      const wait = waiting.get(owner);
      const state = wait === undefined ? undefined : states.get(wait.tag);
      if (wait === undefined || state === undefined) return [];
      const found = new Set<LockOwner>();
      for (const holding of state.holdings) {
        if (holding.owner !== owner && modesConflict(wait.mode, holding.mode)) found.add(holding.owner);
      }
      for (const other of state.queue) {
        if (other === wait) break;
        if (modesConflict(wait.mode, other.mode)) found.add(other.owner);
      }
      return [...found];
    },
    waitOf: (owner) => waiting.get(owner) ?? null,
    waits: () => [...waiting.values()],
    isHeld: (owner, tag, mode) =>
      states.get(tag)?.holdings.some((holding) => holding.owner === owner && holding.mode === mode) === true,
    held: () =>
      [...states.values()].flatMap((state) =>
        state.holdings.map(({ owner, mode }) => ({ owner, tag: state.tag, mode })),
      ),
    clear() {
      states.clear();
      waiting.clear();
    },
  };
}

// Finding the circle of waits that a session is part of.

/** Whether the owner waits, directly or through others, for itself. */
export function isInCycle(locks: LockManager, start: LockOwner): readonly LockOwner[] | null {
  const visited = new Set<LockOwner>();
  const search = (owner: LockOwner, path: readonly LockOwner[]): readonly LockOwner[] | null => {
    for (const blocker of locks.blockers(owner)) {
      if (blocker === start) return [...path, owner];
      if (visited.has(blocker)) continue;
      visited.add(blocker);
      const found = search(blocker, [...path, owner]);
      if (found !== null) return found;
    }
    return null;
  };
  return search(start, []);
}
