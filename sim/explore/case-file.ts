/** Case files: a failure that was found, with everything that brings it back, in clear. */
import { SimError } from "../errors.js";
import { type Deviation, hashString } from "../kernel/index.js";
import { type Failure, type RunTarget, identityOf } from "./run.js";
import { formatToken } from "./token.js";

/** Format of the file; a file of another format is refused. */
export const caseFormat = 1;

export interface Case extends RunTarget {
  readonly version: string;
  readonly seed: number;
  readonly failure: Failure;
  readonly deviations: readonly Deviation[];
  /** Whether it was shrunk until no deviation can be left out. */
  readonly minimal: boolean;
}

/** @returns A short, stable name, such as `lifecycle-no-write-lost-1a2b3c`; good as a file name. */
export function caseId({ scenario, profile, world, failure, seed, deviations }: Case): string {
  const code = failure.code.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const content = [
    scenario,
    profile,
    ...(world === undefined ? [] : [world]),
    seed,
    identityOf(failure),
    JSON.stringify(deviations),
  ].join("\n");
  return `${scenario}-${code}-${hashString(content, 9).toString(16).padStart(8, "0")}`;
}

/** @returns JSON for a file, with the token beside the content that it stands for. */
export function formatCase(found: Case): string {
  const { version, scenario, profile, world, seed, failure, deviations, minimal } = found;
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
    deviations,
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
  const { deviations } = content;
  if (!Array.isArray(deviations)) throw invalid("deviations", "a list");
  const wrong = deviations.findIndex((deviation) => !isDeviation(deviation));
  if (wrong >= 0) {
    throw broken(
      name,
      `deviation ${wrong + 1} of ${deviations.length} is no answer: ${JSON.stringify(deviations[wrong])}`,
    );
  }
  return {
    version: content["version"] as string,
    scenario: content["scenario"] as string,
    profile: content["profile"] as string,
    ...(world === undefined ? {} : { world }),
    seed: content["seed"] as number,
    failure: content["failure"],
    deviations: deviations as Deviation[],
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

function isDeviation(value: unknown): value is Deviation {
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
