/** Advisory locks: of the session until given back, or of the transaction until it ends. */
import type { AdvisoryRequest } from "../execute/env.js";
import { lockModes, type LockWait } from "../locks/lock-manager.js";
import type { Engine } from "./engine.js";
import type { SessionState } from "./session-state.js";
import type { Transaction } from "./transaction.js";

/** @returns A wait or null for `lock`; whether it worked for the others. */
export function askAdvisory(
  engine: Engine,
  state: SessionState,
  transaction: Transaction,
  { action, key, shared, scope }: AdvisoryRequest,
): LockWait | null | boolean {
  const mode = shared ? lockModes.share : lockModes.exclusive;
  const tag = engine.advisoryTag(key);
  const { owner } = transaction;
  const remember = (): void => {
    const list = scope === "session" ? state.advisory : transaction.held;
    list.push({ tag, mode });
  };
  if (action === "unlock all") {
    for (const held of state.advisory.splice(0)) engine.locks.release(owner, held.tag, held.mode);
    return true;
  }
  if (action === "unlock") {
    const at = state.advisory.findIndex((held) => held.tag === tag && held.mode === mode);
    if (at < 0) {
      state.notice(
        "WARNING",
        "01000",
        `you don't own a lock of type ${shared ? "ShareLock" : "ExclusiveLock"}`,
      );
      return false;
    }
    state.advisory.splice(at, 1);
    return engine.locks.release(owner, tag, mode);
  }
  if (action === "try") {
    const got = engine.locks.tryAcquire(owner, tag, mode);
    if (got) remember();
    return got;
  }
  const wait = engine.locks.acquire(owner, tag, mode);
  remember();
  return wait;
}
