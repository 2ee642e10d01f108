/** Folders that people name. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and what is missing above it, one by one: `mkdir` of Node with `recursive` never returns where the file
 * system lets nobody make folders but says that their parents are missing, as below `/proc`.
 *
 * @throws Error of `node:fs`.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else was quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
