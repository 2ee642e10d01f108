/** Finds the failure that a command names: by a token, a file or an id. */
import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";

import { SimError } from "../errors.js";
import {
  type Case,
  type Recording,
  failureHashOf,
  identityOf,
  parseToken,
  readCase,
} from "../explore/index.js";
import { caseFilesIn, failuresFolder, keptFolder } from "../folders.js";
import { didYouMean } from "../text.js";
import { version } from "../version.js";

/** A recording that a command named. */
export interface Named extends Recording {
  /** Undefined for a token. */
  readonly stored: Case | undefined;
}

const token = /^px\d+\./;

/**
 * @param text - A token, a path, an id; undefined for the newest stored case.
 * @throws SimError `SIM_TOKEN_INVALID`, `SIM_TOKEN_VERSION`, `SIM_CASE_INVALID`.
 */
export function findRecording(text: string | undefined): Named {
  if (text !== undefined && token.test(text)) return { ...parseToken(text, version), stored: undefined };
  const stored = findCase(text);
  return { ...stored, failureHash: failureHashOf(identityOf(stored.failure)), stored };
}

/** @throws SimError `SIM_CASE_INVALID` when there is none. */
export function findCase(text: string | undefined): Case {
  if (text !== undefined && token.test(text))
    throw noCase(
      `Cannot shrink or keep the token "${text}": it holds no failure, only how to reach it.`,
      `Name a case file or its id; explorations store what they find in ${failuresFolder}.`,
    );
  return readCase(fileOf(text));
}

function fileOf(text: string | undefined): string {
  const found = caseFilesIn(failuresFolder);
  if (text === undefined) {
    const newest = [...found].sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
    if (newest !== undefined) return newest;
    throw noCase("There is no stored failure.", "Run phoenix-sim explore first, or name a token or a file.");
  }
  if (existsSync(text) && statSync(text).isFile()) return text;
  const files = [...found, ...caseFilesIn(keptFolder)];
  const byId = files.find((file) => basename(file, ".json") === text);
  if (byId !== undefined) return byId;
  const ids = [...new Set(files.map((file) => basename(file, ".json")))];
  throw noCase(
    `"${text}" is not a token, a file or a stored failure.`,
    ids.length === 0
      ? `Nothing is stored in ${failuresFolder}; a token begins with px1.`
      : didYouMean(text, ids),
  );
}

function noCase(problem: string, hint: string): SimError {
  return new SimError("SIM_CASE_INVALID", problem, hint);
}
