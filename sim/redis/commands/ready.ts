/** Telling blocked clients of a key that has just come to be, and removing one that has become empty. */
import type { Bytes } from "../bytes.js";
import type { Database } from "../database.js";

/** After a whole key appeared under a new name: whoever waits for its type may have it. */
export function signalNewKey(db: Database, key: Bytes): void {
  const type = db.type(key);
  if (type === "list" || type === "zset" || type === "stream") db.ready(key);
}

/** Redis has no empty collections: the last element takes the key with it. */
export function removeIfEmpty(db: Database, key: Bytes, size: number): void {
  if (size > 0) return;
  db.remove(key);
  db.changed(key, "g", "del");
}
