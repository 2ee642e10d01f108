/**
 * What a replica has not seen yet: for each write of the recent past, how the key was before it. Taking the
 * writes back gives the state that a promoted replica starts from.
 */
import type { Bytes } from "./bytes.js";
import type { Database, KeyImage } from "./database.js";
import { SimError } from "../errors.js";

export interface ReplicaLag {
  /** Call before each change. */
  note(database: Database, key: Bytes): void;
  /** @throws SimError SIM_OPTION_INVALID when more is asked than is kept. */
  rewind(databases: readonly Database[], lossMs: number): void;
  clear(): void;
}

interface Before {
  readonly at: number;
  readonly database: number;
  readonly key: Bytes;
  readonly image: KeyImage | undefined;
}

/** @param lagMsMax - How much of the past is kept; 0 keeps nothing and costs nothing. */
export function createReplicaLag(now: () => number, lagMsMax: number): ReplicaLag {
  let log: Before[] = [];
  let seen = new Set<string>();
  let seenAt = -1;
  let rewinding = false;

  function trim(current: number): void {
    if (log.length < 64 || (log[log.length >> 1]?.at ?? current) >= current - lagMsMax) return;
    log = log.filter((entry) => entry.at >= current - lagMsMax);
  }

  return {
    note(database, key) {
      if (lagMsMax === 0 || rewinding) return;
      const current = now();
      if (current !== seenAt) {
        seenAt = current;
        seen = new Set();
        trim(current);
      }
      // One image per key and millisecond is enough: writes are lost by the millisecond.
      const name = `${database.index}:${key}`;
      if (seen.has(name)) return;
      seen.add(name);
      log.push({ at: current, database: database.index, key, image: database.image(key) });
    },
    rewind(databases, lossMs) {
      if (lossMs < 0 || lossMs > lagMsMax) {
        throw new SimError(
          "SIM_OPTION_INVALID",
          `Cannot lose the last ${lossMs} ms of writes: the server keeps the last ${lagMsMax} ms.`,
          "Give loseLastWritesMs from 0 to replicaLagMsMax, or raise replicaLagMsMax when you create the server.",
        );
      }
      rewinding = true;
      const from = now() - lossMs;
      for (const { at, database, key, image } of log.toReversed()) {
        if (at >= from && lossMs > 0) databases[database]?.restore(key, image);
      }
      rewinding = false;
      this.clear();
    },
    clear() {
      log = [];
      seen = new Set();
    },
  };
}
