/** Case files of failures that were found, below the current folder. */
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { SimError } from "../errors.js";
import {
  type Case,
  type Recording,
  caseId,
  failureHashOf,
  formatCase,
  identityOf,
  parseCase,
  parseToken,
} from "../explore/index.js";
import { nearest } from "../text.js";
import { version } from "../version.js";

/** Where an exploration keeps what it found. */
export const failuresFolder = join(".phoenix-sim", "failures");

/** @returns Cases kept in the folder, in the order of their ids; files that are none are told to `warn`. */
export function storedCases(warn: (text: string) => void): readonly Case[] {
  if (!existsSync(failuresFolder)) return [];
  return caseFiles().flatMap((file) => {
    try {
      return [parseCase(readFileSync(file, "utf8"), file)];
    } catch (error) {
      warn(`Left out: ${(error as Error).message}`);
      return [];
    }
  });
}

/** Writes a case. @returns Its id and its file. */
export function storeCase(
  found: Case,
  folder = failuresFolder,
): { readonly id: string; readonly file: string } {
  const id = caseId(found);
  const file = join(folder, `${id}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, formatCase(found));
  return { id, file };
}

/** What a user named: a token, a file, or the id of a stored case. */
export interface Named extends Recording {
  /** Undefined for a token. */
  readonly stored: Case | undefined;
}

/**
 * @param text - A token, a path, an id; undefined for the newest stored case.
 * @throws SimError `SIM_TOKEN_INVALID`, `SIM_TOKEN_VERSION`, `SIM_CASE_INVALID`.
 */
export function findRecording(text: string | undefined): Named {
  if (text !== undefined && /^px\d+\./.test(text)) return { ...parseToken(text, version), stored: undefined };
  const stored = findCase(text);
  return { ...stored, failureHash: failureHashOf(identityOf(stored.failure)), stored };
}

/** @throws SimError `SIM_CASE_INVALID` when there is none. */
export function findCase(text: string | undefined): Case {
  const file = fileOf(text);
  return parseCase(readFileSync(file, "utf8"), file);
}

function fileOf(text: string | undefined): string {
  const files = existsSync(failuresFolder) ? caseFiles() : [];
  if (text === undefined) {
    const newest = [...files].sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
    if (newest !== undefined) return newest;
    throw noCase("There is no stored failure.", "Run phoenix-sim explore first, or name a token or a file.");
  }
  if (existsSync(text) && statSync(text).isFile()) return text;
  const byId = join(failuresFolder, `${text}.json`);
  if (existsSync(byId)) return byId;
  const ids = files.map((file) => file.slice(failuresFolder.length + 1, -".json".length));
  throw noCase(
    `"${text}" is no token, no file and no stored failure.`,
    ids.length === 0
      ? `Nothing is stored in ${failuresFolder}; a token begins with px1.`
      : `Did you mean "${nearest(text, ids)}"? Stored are: ${ids.join(", ")}.`,
  );
}

function caseFiles(): readonly string[] {
  return readdirSync(failuresFolder)
    .filter((name) => name.endsWith(".json"))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(failuresFolder, name));
}

function noCase(problem: string, hint: string): SimError {
  return new SimError("SIM_CASE_INVALID", problem, hint);
}
