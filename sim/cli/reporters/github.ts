/**
 * Annotations and a job summary for GitHub Actions. Failures of one kind are one annotation, and there are at most as
 * many as GitHub shows of a step; everything is in the log, in groups that fold, and in the summary.
 */
import { appendFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

import { hashString } from "../../kernel/index.js";
import { createOutcomes, type Outcome, type Problem, type Suite } from "./outcome.js";
import type { Reporter, ReporterOutput } from "./reporter.js";

/** GitHub shows so many annotations of a kind for one step. */
const annotationsMax = 10;
/** A longer message is cut by GitHub. */
const messageLettersMax = 4_000;
/** Of a summary of more than 1 MiB GitHub shows nothing. */
const summaryRowsMax = 200;
const summaryDetailsMax = 50;

type Env = Readonly<Record<string, string | undefined>>;

/** @param env - `GITHUB_STEP_SUMMARY` names the file that the summary is added to; without it there is none. */
export function githubReporter({ out, err }: ReporterOutput, env: Env = process.env): Reporter {
  const outcomes = createOutcomes();
  return {
    report(event) {
      outcomes.add(event);
      if (event.type !== "end") return;
      const suites = outcomes.suites();
      const kinds = kindsOf(suites);
      for (const kind of kinds) out(formatGroup(kind));
      for (const line of formatAnnotations(kinds)) out(line);
      const { GITHUB_STEP_SUMMARY: file } = env;
      if (file === undefined || file === "") return;
      try {
        appendFileSync(file, formatSummary(suites, kinds));
      } catch (error) {
        err(
          `Warning: the job summary is missing, because ${file} cannot be written: ${(error as Error).message}.`,
        );
      }
    },
  };
}

/** Failures of one scenario that have the same type. */
interface Kind {
  readonly title: string;
  readonly problem: Problem;
  readonly outcomes: readonly Outcome[];
}

function kindsOf(suites: readonly Suite[]): readonly Kind[] {
  const byKind = new Map<string, Outcome[]>();
  for (const outcome of suites.flatMap((suite) => suite.outcomes)) {
    if (outcome.state !== "failed" && outcome.state !== "error") continue;
    const key = JSON.stringify([outcome.scenario, outcome.problem?.type]);
    byKind.set(key, [...(byKind.get(key) ?? []), outcome]);
  }
  return [...byKind.values()].flatMap((outcomes) => {
    const [first] = outcomes;
    if (first?.problem === undefined) return [];
    const others = outcomes.length > 1 ? ` and ${outcomes.length - 1} more` : "";
    return [{ title: `${first.name}${others}: ${first.problem.type}`, problem: first.problem, outcomes }];
  });
}

function formatAnnotations(kinds: readonly Kind[]): readonly string[] {
  const shown = kinds.length > annotationsMax ? kinds.slice(0, annotationsMax - 1) : kinds;
  const lines = shown.map(({ title, problem }) => {
    const { message, source, again } = problem;
    const [, file, line] = /^(.*):(\d+)$/.exec(source ?? "") ?? [];
    const place = file === undefined || line === undefined ? {} : { file: file.replaceAll("\\", "/"), line };
    return command(
      "error",
      { title, ...place },
      [clean(message), ...(again === undefined ? [] : [`Again: ${again}`])].join("\n"),
    );
  });
  const left = kinds.length - shown.length;
  if (left === 0) return lines;
  return [
    ...lines,
    command(
      "error",
      { title: `${left} more kinds of failures` },
      "They are in the log and in the summary of this job.",
    ),
  ];
}

/** A command to the runner, escaped as `@actions/core` does it. */
function command(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(clean(value))}`);
  return `::${name} ${list.join(",")}::${escapeData(message.slice(0, messageLettersMax))}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

// What a message holds must not become a command to the runner.
function formatGroup({ title, problem, outcomes }: Kind): string {
  const { message, details, source, again } = problem;
  const text = [
    message,
    ...details,
    ...(outcomes.length > 1 ? [`Failed so: ${outcomes.map(({ name }) => name).join("; ")}`] : []),
    ...(source === undefined ? [] : [`Source: ${source}`]),
    ...(again === undefined ? [] : [`Again: ${again}`]),
  ].join("\n");
  const token = `phoenix-sim-${hashString(text, 17).toString(16)}`;
  return [
    `::group::${escapeData(clean(title))}`,
    `::stop-commands::${token}`,
    clean(text),
    `::${token}::`,
    "::endgroup::",
  ].join("\n");
}

function formatSummary(suites: readonly Suite[], kinds: readonly Kind[]): string {
  return `${suites.map(formatSuite).join("\n")}\n${kinds.slice(0, summaryDetailsMax).map(formatDetails).join("\n")}\n`;
}

function formatSuite({ name, outcomes }: Suite): string {
  const count = (state: Outcome["state"]): number =>
    outcomes.filter((outcome) => outcome.state === state).length;
  const broken = count("failed") + count("error");
  const left = count("skipped");
  const rows = outcomes.slice(0, summaryRowsMax).map(({ state, name: title, seconds }) => {
    const time = state === "skipped" ? "" : `${seconds.toFixed(1)} s`;
    return `| ${marks[state]} | ${cell(title)} | ${time} |`;
  });
  const more = outcomes.length > summaryRowsMax ? [`\nand ${outcomes.length - summaryRowsMax} more`] : [];
  return [
    `### ${cell(name)}: ${count("passed")} passed, ${broken} failed${left === 0 ? "" : `, ${left} not run`}`,
    "",
    "| | test | time |",
    "| --- | --- | ---: |",
    ...rows,
    ...more,
    "",
  ].join("\n");
}

const marks = { passed: "✅", failed: "❌", error: "❌", skipped: "⏭️" } as const;

function formatDetails({ title, problem }: Kind): string {
  const { message, details, source, again } = problem;
  const text = [message, ...details, ...(source === undefined ? [] : [`Source: ${source}`])].join("\n");
  return [
    `<details><summary>${cell(title)}</summary>`,
    "",
    fenced(text),
    ...(again === undefined ? [] : ["", "Run it again:", "", fenced(again, "sh")]),
    "",
    "</details>",
    "",
  ].join("\n");
}

// Longer than any run of backticks inside, so that no message ends its own block.
function fenced(text: string, language = "text"): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${clean(text).slice(0, messageLettersMax)}\n${fence}`;
}

function cell(text: string): string {
  return clean(text)
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>|#]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

// Lines stay; other control characters would only disturb.
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g, "\uFFFD");
}
