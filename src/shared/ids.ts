/** Identifiers that no two hosts can make twice. */
import { v4 } from "uuid";
import type { Random } from "../ports/index.js";

export interface Ids {
  /** @returns A fresh UUID version 4. */
  next(): string;
}

/** Makes identifiers from 122 random bits: no host name, clock or counter is in them. */
export function createIds(random: Random): Ids {
  // A copy, because the library writes the version into the bytes it is given.
  return { next: () => v4({ random: Uint8Array.from(random.bytes(16)) }) };
}
