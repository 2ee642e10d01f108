/** Where the command line and the tests keep things, below the current folder. Defaults that `--help` shows. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where an exploration keeps what it found. */
export const failuresFolder = join(".phoenix-sim", "failures");

/** Where failures live that were kept, to be committed and run by tests. */
export const keptFolder = join("test", "regressions");

/** The history that `phoenix-sim run` appends to. */
export const defaultHistoryFile = ".phoenix-sim/history.jsonl";

/** @returns Paths of the case files in a folder, in the order of their ids; none when there is no such folder. */
export function caseFilesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(folder, name));
}

// Folders that people name.

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
