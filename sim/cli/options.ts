/** Reads the values of command line options: numbers, durations, ports, reporters. */
import { InvalidArgumentError } from "commander";

import { parseDuration } from "../kernel/duration.js";
import { didYouMean } from "../shared/text.js";

/** @returns A safe integer of 0 or more. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError(`A seed is a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
}

/** @returns A whole number of 1 or more. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("Give a whole number of 1 or more.");
}

/** @returns A share from 0 to 1, from a percentage such as `5`, `2.5` or `5%`. */
export function parsePercent(text: string): number {
  const [, percent = ""] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
  if (percent !== "" && Number(percent) <= 100) return Number(percent) / 100;
  throw new InvalidArgumentError("Give a percentage from 0 to 100, such as 5 or 2.5.");
}

/** @returns Milliseconds, from a duration with its units, such as `250ms`, `30s` or `1m30s`. */
export function parseDurationOption(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text))
    throw new InvalidArgumentError(`A duration needs a unit, such as ${text}s.`);
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("Give a duration with its units, such as 250ms, 30s or 1m30s.");
  }
}

/** @returns A number of 1 or more, fractions allowed. */
export function parseFactor(text: string): number {
  const factor = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && factor >= 1) return factor;
  throw new InvalidArgumentError("Give a number of 1 or more, such as 2 or 1.5.");
}

/** @returns A whole number of 0 or more. */
export function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(limit)) return limit;
  throw new InvalidArgumentError("Give a whole number of 0 or more.");
}

/** @returns A TCP port; 0 stands for any that is free. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}

/** @returns A number above 0, fractions allowed. */
export function parseSpeed(text: string): number {
  const speed = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && speed > 0) return speed;
  throw new InvalidArgumentError("Give a number above 0, such as 1, 0.5 or 60.");
}

// What `--reporter` takes: the name of a reporter, and the file that it writes to.

const names = ["default", "json", "jsonl", "junit", "github"] as const;

export interface ReporterSpec {
  readonly name: (typeof names)[number];
  /** Undefined for stdout. */
  readonly file: string | undefined;
}

/** Help of the option. */
export const reporterHelp =
  "default, json, jsonl, junit or github; with =<file>, to that file; may be given several times";

/** Adds what one `--reporter` says to what those before it said. */
export function collectReporter(text: string, before: readonly ReporterSpec[] = []): readonly ReporterSpec[] {
  const [, given = "", file] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const name = names.find((each) => each === given);
  if (name === undefined)
    throw new InvalidArgumentError(`There is no such reporter. ${didYouMean(given, names)}`);
  if (file === "") throw new InvalidArgumentError(`A file must follow the =, such as ${name}=report.txt.`);
  return [...before, { name, file }];
}
