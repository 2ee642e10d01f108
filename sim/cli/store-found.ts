/** Stores what was found, where that can be done: what was found is told either way. */
import { SimError } from "../errors.js";
import { type Case, caseId, storeCase } from "../explore/index.js";
import type { Terminal } from "./terminal.js";

export interface StoredCase {
  readonly id: string;
  /** Undefined when it could not be stored. */
  readonly file: string | undefined;
}

/** Warns when the case cannot be stored: its token still brings it back. */
export function storeFound(found: Case, terminal: Pick<Terminal, "err">): StoredCase {
  try {
    return storeCase(found);
  } catch (error) {
    if (!(error instanceof SimError)) throw error;
    terminal.err(error.message);
    return { id: caseId(found), file: undefined };
  }
}
