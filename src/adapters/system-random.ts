/** The operating system's randomness as the random port. */
import { randomBytes } from "node:crypto";

import type { Random } from "../ports/index.js";

export function createSystemRandom(): Random {
  return { bytes: (length) => randomBytes(length) };
}
