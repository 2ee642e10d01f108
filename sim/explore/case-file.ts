/** Case files: a failure that was found, with everything that brings it back, in clear. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { SimError } from "../errors.js";
import { hashString, type Decision } from "../kernel/index.js";
import { caseFilesIn, failuresFolder, makeFolder } from "../shared/folders.js";
import { identityOf, type Failure, type RunTarget } from "./run.js";
import { formatToken } from "./token.js";

/** Format of the file; a file of another format is refused. */
const caseFormat = 2;

export interface Case extends RunTarget {
  readonly version: string;
  readonly seed: number;
  readonly failure: Failure;
  readonly decisions: readonly Decision[];
  /** Whether it was shrunk until no decision can be left out. */
  readonly minimal: boolean;
}

/** @returns A short, stable name, such as `lifecycle-no-write-lost-1a2b3c`; good as a file name. */
export function caseId({ scenario, profile, world, failure, seed, decisions }: Case): string {
  const code = failure.code.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const content = [
    scenario,
    profile,
    ...(world === undefined ? [] : [world]),
    seed,
    identityOf(failure),
    JSON.stringify(decisions),
  ].join("\n");
  return `${scenario}-${code}-${hashString(content, 9).toString(16).padStart(8, "0")}`;
}

/** @returns JSON for a file, with the token beside the content that it stands for. */
export function formatCase(found: Case): string {
  const { version, scenario, profile, world, seed, failure, decisions, minimal } = found;
  const token = formatToken({ ...found, failure: identityOf(failure) });
  const content = {
    format: caseFormat,
    version,
    scenario,
    profile,
    world,
    seed,
    failure,
    minimal,
    decisions,
    token,
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/**
 * Reads a case file. Whether the scenario exists, and whether the version is this one, is for the caller to say.
 *
 * @param name - Shown in messages; mostly its path.
 * @throws SimError `SIM_CASE_INVALID` that names the field.
 */
export function parseCase(text: string, name: string): Case {
  const content = readJson(text, name);
  const invalid = (field: string, wanted: string): SimError =>
    broken(name, `"${field}" should be ${wanted}, and is ${JSON.stringify(content[field]) ?? "missing"}`);
  if (content["format"] !== caseFormat) throw invalid("format", String(caseFormat));
  for (const field of ["version", "scenario", "profile"])
    if (typeof content[field] !== "string" || content[field] === "") throw invalid(field, "a text");
  const { world } = content;
  if (world !== undefined && (typeof world !== "string" || world === ""))
    throw invalid("world", "the path of a module");
  if (!Number.isSafeInteger(content["seed"])) throw invalid("seed", "a whole number");
  if (!isFailure(content["failure"])) throw invalid("failure", "an object with kind, code and message");
  const { decisions } = content;
  if (!Array.isArray(decisions)) throw invalid("decisions", "a list");
  const wrong = decisions.findIndex((decision) => !isDecision(decision));
  if (wrong >= 0) {
    throw broken(
      name,
      `decision ${wrong + 1} of ${decisions.length} is malformed: ${JSON.stringify(decisions[wrong])}`,
    );
  }
  return {
    version: content["version"] as string,
    scenario: content["scenario"] as string,
    profile: content["profile"] as string,
    ...(world === undefined ? {} : { world }),
    seed: content["seed"] as number,
    failure: content["failure"],
    decisions: decisions as Decision[],
    minimal: content["minimal"] === true,
  };
}

function readJson(text: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(name, "it is not JSON", error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw broken(name, "it is not an object");
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== "object" || value === null) return false;
  const { kind, code, message } = value as Record<string, unknown>;
  return [kind, code, message].every((text) => typeof text === "string");
}

const kinds: ReadonlySet<unknown> = new Set(["order", "latency", "fault", "target", "timing"]);

function isDecision(value: unknown): value is Decision {
  if (typeof value !== "object" || value === null) return false;
  const { kind, label, occurrence, value: answer } = value as Record<string, unknown>;
  const whole = [occurrence, answer].every((number) => Number.isSafeInteger(number) && Number(number) >= 0);
  return whole && typeof label === "string" && kinds.has(kind);
}

function broken(name: string, how: string, cause?: unknown): SimError {
  return new SimError(
    "SIM_CASE_INVALID",
    `Cannot read ${name} as a case: ${how}.`,
    "Use a file that `explore` wrote, unchanged.",
    cause === undefined ? undefined : { cause },
  );
}

// Folders of case files: what explorations found, and what people kept of it.

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

/** @returns The cases of a folder; files that are none are reported by `warn`. */
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
