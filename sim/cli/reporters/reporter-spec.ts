/** What `--reporter` takes: the name of a reporter, and the file that it writes to. */
import { InvalidArgumentError } from "commander";

import { didYouMean } from "../../text.js";

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
