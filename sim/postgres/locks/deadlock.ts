/** Finding the circle of waits that a session is part of. */
import type { LockManager, LockOwner } from "./lock-manager.js";

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
