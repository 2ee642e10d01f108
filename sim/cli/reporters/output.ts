/** Where a reporter writes: to stdout, or to a file of its own. */
import { appendFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { SimError } from "../../errors.js";
import { makeFolder } from "../../make-folder.js";
import type { Terminal } from "../terminal.js";

/** What of a terminal a reporter needs. */
export type ReporterOutput = Pick<Terminal, "out" | "err" | "color" | "width">;

/**
 * @param file - Undefined for stdout. A file is emptied at once, and the folders above it are made.
 * @throws SimError `SIM_OPTION_INVALID` when it cannot be written to, now or later.
 */
export function openOutput(file: string | undefined, terminal: Terminal): ReporterOutput {
  if (file === undefined) return terminal;
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      throw new SimError(
        "SIM_OPTION_INVALID",
        `Cannot write the report ${file}: ${(error as Error).message}.`,
        "Give --reporter a file that may be written to, on a disk that is not full.",
        { cause: error },
      );
    }
  };
  attempt(() => {
    makeFolder(dirname(resolve(file)));
    writeFileSync(file, "");
  });
  const line = (text: string): void => attempt(() => appendFileSync(file, `${text}\n`));
  return { out: line, err: line, color: false, width: Infinity };
}
