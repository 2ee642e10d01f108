/** Runs folders of PromQL case files, and says what of the language is left out. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { allFunctions, EXPERIMENTAL_AGGREGATORS } from "../../sim/servers/prometheus/promql/check.js";
import type { Dialect } from "../../sim/servers/prometheus/promql/index.js";
import { parseCaseFile } from "./case-file.js";
import { runCases, type CaseFileOutcome } from "./run-cases.js";

/** The result of one file. */
export interface FileReport extends CaseFileOutcome {
  readonly file: string;
}

/** The folder with the cases of the language's own tests, when it is there. */
export const CASES_FOLDER = path.resolve("../shared/promql");

/** Runs every `*.test` file of a folder, sorted by name. */
export function runFolder(folder: string, dialect: Dialect): FileReport[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".test"))
    .sort((left, right) => left.localeCompare(right))
    .map((file) => {
      const { total, failures } = runCases(
        parseCaseFile(readFileSync(path.join(folder, file), "utf8")),
        dialect,
      );
      return { file, total, failures };
    });
}

/** What the language has and ours refuses, by reason. */
export const LEFT_OUT: readonly { readonly reason: string; readonly names: readonly string[] }[] = [
  {
    reason: "native histograms",
    names: [
      ...allFunctions()
        .filter(({ refused }) => refused === "native histograms")
        .map(({ name }) => `${name}()`),
      "operators </ and >/",
      "{{...}} samples",
    ],
  },
  {
    reason: "experimental, behind a flag in the real server",
    names: [
      ...allFunctions()
        .filter(({ refused }) => refused === "experimental")
        .map(({ name }) => `${name}()`),
      ...[...EXPERIMENTAL_AGGREGATORS].map((name) => `${name}()`),
      "fill modifiers",
      "anchored and smoothed",
      "arithmetic on durations",
    ],
  },
];

/** The sets of cases in a folder, with the rules they are for. */
export function caseSets(
  folder: string,
): { readonly name: string; readonly folder: string; readonly dialect: Dialect }[] {
  const known = [
    { name: "v3", folder: path.join(folder, "v3"), dialect: 3 as const },
    { name: "v2.42", folder: path.join(folder, "v2.42"), dialect: 2 as const },
  ].filter((set) => existsSync(set.folder));
  if (known.length > 0 || !existsSync(folder)) return known;
  const version2 = path.basename(path.resolve(folder)).startsWith("v2");
  return [{ name: version2 ? "v2.42" : "v3", folder, dialect: version2 ? 2 : 3 }];
}
