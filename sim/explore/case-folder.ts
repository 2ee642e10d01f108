/** Folders of case files: what explorations found, and what people kept of it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { SimError } from "../errors.js";
import { caseFilesIn, failuresFolder } from "../folders.js";
import { makeFolder } from "../make-folder.js";
import { type Case, caseId, formatCase, parseCase } from "./case-file.js";

/** @throws SimError `SIM_CASE_INVALID`, also for a file that cannot be read. */
export function readCase(file: string): Case {
  return parseCase(readText(file), file);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SimError(
      "SIM_CASE_INVALID",
      `Cannot read the case ${file}: ${(error as Error).message}.`,
      "Name a case file that may be read, or its id.",
      { cause: error },
    );
  }
}

/** @returns The cases of a folder; files that are none are told to `warn`. */
export function casesIn(folder: string, warn: (text: string) => void): readonly Case[] {
  return caseFilesIn(folder).flatMap((file) => {
    try {
      return [readCase(file)];
    } catch (error) {
      warn(`Left out: ${(error as Error).message}`);
      return [];
    }
  });
}

/**
 * Writes a case.
 *
 * @returns Its id and its file.
 * @throws SimError `SIM_OPTION_INVALID` for a folder that cannot be written to.
 */
export function storeCase(
  found: Case,
  folder = failuresFolder,
): { readonly id: string; readonly file: string } {
  const id = caseId(found);
  const file = join(folder, `${id}.json`);
  try {
    makeFolder(folder);
    writeFileSync(file, formatCase(found));
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot store the case ${id} in ${folder}: ${(error as Error).message}.`,
      "Work in a folder that may be written to, or name one where the command takes one.",
      { cause: error },
    );
  }
  return { id, file };
}
