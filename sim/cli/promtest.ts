/** `phoenix-sim promtest`: rule test files, as `promtool test rules` runs them. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import { RE2JS } from "re2js";

import { SimError } from "../errors.js";
import {
  formatPromtestReport,
  junitXml,
  runPromtest,
  type PromtestReport,
} from "../servers/prometheus/index.js";
import { version } from "../shared/version.js";
import { exitCodes, type Terminal } from "./terminal.js";

// Patterns of file names with the meaning of Go's `filepath.Glob`: `*`, `?`, `[a-z]`, one folder at a time.

const SPECIAL = /[*?[\\]/;

/** @returns The files that are there, sorted. @throws Error for a pattern that is malformed. */
function globFiles(pattern: string): string[] {
  if (!SPECIAL.test(pattern)) return existsSync(pattern) ? [pattern] : [];
  const parts = pattern.split("/");
  const root = pattern.startsWith("/") ? sep : "";
  let found = [root];
  for (const [index, part] of parts.entries()) {
    if (part === "") continue;
    const isLast = index === parts.length - 1;
    found = found.flatMap((folder) => expand(folder, part, isLast));
  }
  return found;
}

function expand(folder: string, part: string, isLast: boolean): string[] {
  if (!SPECIAL.test(part)) {
    const path = join(folder, part);
    return existsSync(path) ? [path] : [];
  }
  const expression = partPattern(part);
  return namesIn(folder)
    .filter((name) => expression.test(name))
    .map((name) => join(folder, name))
    .filter((path) => isLast || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder === "" ? "." : folder).sort();
  } catch {
    return [];
  }
}

function partPattern(part: string): RegExp {
  const malformed = new Error("syntax error in pattern");
  let source = "";
  for (let at = 0; at < part.length; at += 1) {
    const letter = part[at] as string;
    if (letter === "*") source += ".*";
    else if (letter === "?") source += ".";
    else if (letter === "[") {
      const found = /^\[(\^?)((?:\\.|[^\]\\])+)\]/s.exec(part.slice(at));
      if (found === null) throw malformed;
      source += `[${found[1] ?? ""}${(found[2] ?? "").replace(/(?<!\\)[[^]/g, "\\$&")}]`;
      at += found[0].length - 1;
    } else {
      if (letter === "\\") at += 1;
      source += (part[at] ?? "").replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
    }
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    throw malformed;
  }
}

/** What the command line says beside the files. */
export interface PromtestFlags {
  readonly dialect: "2" | "3";
  readonly json?: boolean;
  readonly run?: readonly string[];
  readonly junit?: string;
  readonly diff?: boolean;
  readonly ignoreUnknownFields?: boolean;
  readonly experimentalFunctions?: boolean;
}

/** Runs the test files one after the other; one that cannot be run fails alone. */
export function promtest(
  files: readonly string[],
  flags: PromtestFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  const matches = nameMatcher(flags.run);
  const reports = files.map((file) => {
    const report = runFile(file, flags, matches);
    if (flags.json !== true) {
      const { out, err } = formatPromtestReport(report);
      terminal.out(out);
      if (err !== "") terminal.err(err);
    }
    return report;
  });
  if (flags.json === true) {
    const documents = reports.map((report) => ({ ok: report.failures.length === 0, ...report }));
    terminal.out(JSON.stringify({ version, files: documents }, null, 2));
  }
  if (flags.junit !== undefined) writeResults(flags.junit, junitXml(reports));
  if (reports.some(({ failures }) => failures.length > 0)) exit(exitCodes.finding);
}

function runFile(file: string, flags: PromtestFlags, matches: (name: string) => boolean): PromtestReport {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const error = `Cannot read ${file}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`;
    return { file, cases: [], error, warnings: [], failures: [error] };
  }
  return runPromtest(text, {
    file,
    dialect: flags.dialect === "2" ? 2 : 3,
    readFile: (name) => readFileSync(name, "utf8"),
    findFiles: (pattern) => globFiles(isAbsolute(pattern) ? pattern : join(dirname(file), pattern)),
    matches,
    diff: flags.diff === true,
    ignoreUnknownFields: flags.ignoreUnknownFields === true,
    experimentalFunctions: flags.experimentalFunctions === true,
  });
}

function nameMatcher(patterns: readonly string[] = []): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  try {
    const pattern = RE2JS.compile(patterns.join("|"));
    return (name) => pattern.matcher(name).find();
  } catch (cause) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Invalid --run ${JSON.stringify(patterns.join("|"))}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Give a regular expression of RE2 that matches names of tests.",
      { cause },
    );
  }
}

function writeResults(file: string, document: string): void {
  try {
    writeFileSync(file, document);
  } catch (cause) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot write ${file}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}.`,
      "Give --junit a file in a folder that is there.",
      { cause },
    );
  }
}
