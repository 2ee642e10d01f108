/** `phoenix-sim history`: trends of the runs so far; `phoenix-sim history check`: the alerts about them. */
import { existsSync } from "node:fs";
import { styleText } from "node:util";
import stringWidth from "string-width";

import { SimError } from "../errors.js";
import { formatDuration } from "../kernel/index.js";
import {
  checkHistory,
  percent,
  readHistory,
  trendsOf,
  type GateLimits,
  type History,
  type RunRecord,
  type Trend,
  type Verdict,
} from "../scenarios/history/index.js";
import { defaultHistoryFile } from "../shared/folders.js";
import { version } from "../shared/version.js";
import { createTextTable, formatCount, wrap, type Cell } from "./reporters/text-table.js";
import type { Terminal } from "./terminal.js";

// The verdicts over a history as text: alerts first, then what is worth a look, then what cannot be judged yet.

/** @returns Lines to print, joined; as wide as the terminal at most. */
export function formatVerdicts(
  verdicts: readonly Verdict[],
  { color, width }: Pick<Terminal, "color" | "width">,
): string {
  // Moved in by as much as the words "ALERT", "note" and "wait" take.
  const fitted = (text: string): string => wrap(text, width - 6, 6);
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text) : text;
  const of = (outcome: Verdict["outcome"]): readonly Verdict[] =>
    verdicts.filter((verdict) => verdict.outcome === outcome);
  const line = ({ gate, subject, reason }: Verdict): string => `${gate}, ${subject}: ${reason}`;
  const alerts = of("alert");
  const passed = of("ok").length;
  return [
    ...alerts.map((verdict) => `${paint("red", "ALERT")} ${fitted(line(verdict))}`),
    ...of("note").map((verdict) => `${paint("yellow", "note")}  ${fitted(line(verdict))}`),
    ...notEnough(of("not-enough-runs")).map((text) => `${paint("gray", "wait")}  ${fitted(text)}`),
    `${alerts.length} ${alerts.length === 1 ? "alert" : "alerts"}, ${passed} ${passed === 1 ? "check" : "checks"} passed.`,
  ].join("\n");
}

// Eight scenarios with few runs are one piece of news, not eight.
function notEnough(verdicts: readonly Verdict[]): readonly string[] {
  const subjects = new Map<string, string[]>();
  for (const { gate, subject, reason } of verdicts) {
    const news = `${gate}, not enough runs: ${reason}`;
    subjects.set(news, [...(subjects.get(news) ?? []), subject]);
  }
  return [...subjects].map(([news, names]) => `${news} (${names.join(", ")})`);
}

// A series of numbers in one line of text.

const bars = "▁▂▃▄▅▆▇█";

/** @returns One bar a value, from the lowest to the highest of them; all low when they are equal. */
function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return values
    .map((value) => bars.charAt(span === 0 ? 0 : Math.round(((value - low) / span) * (bars.length - 1))))
    .join("");
}

// The history as a table: a row a scenario, with its trends.

const missingShownMax = 10;

// Narrow terminals go without what tells the least by itself.
const columns = [
  { title: "scenario", yields: { order: 10, width: 16 } },
  { title: "runs", yields: { order: 11, width: 4 } },
  { title: "failed", yields: { order: 9, width: 0 } },
  { title: "median", yields: { order: 7, width: 0 } },
  { title: "last", yields: { order: 8, width: 0 } },
  { title: "wall time", yields: { order: 4, width: 10 } },
  { title: "events", yields: { order: 6, width: 0 } },
  { title: "trend", yields: { order: 1, width: 0 } },
  { title: "SQL", yields: { order: 3, width: 0 } },
  { title: "heap", yields: { order: 2, width: 0 } },
  { title: "API", yields: { order: 5, width: 0 } },
] as const;
const inText: ReadonlySet<string> = new Set(["scenario", "wall time", "trend"]);

/** @param latestRun - The latest run of all scenarios, if there is one. */
export function formatHistoryTable(
  trends: readonly Trend[],
  latestRun: RunRecord | undefined,
  { width, color }: Pick<Terminal, "width" | "color">,
): string {
  const rows = trends.map(rowOf);
  const table = createTextTable(
    columns.map(({ title, yields }, index) => ({
      title,
      width: rows.reduce((most, row) => Math.max(most, stringWidth(textOf(row[index]))), 0),
      align: inText.has(title) ? "left" : "right",
      yields,
    })),
    width,
    color,
  );
  return [
    table.head(),
    ...rows.map((row) => table.row(row)),
    ...describeCoverage(latestRun).map((line) => wrap(line, width)),
  ].join("\n");
}

function rowOf(trend: Trend): readonly Cell[] {
  const rate = `${trend.failed} (${percent(trend.failed / trend.runs)})`;
  return [
    trend.scenario,
    String(trend.runs),
    trend.failed === 0 ? "0" : { text: rate, style: "red" },
    known(trend.wallMsMedian, formatDuration),
    known(trend.wallMsLast, formatDuration),
    sparkline(trend.wallMs),
    known(trend.eventsLast, formatCount),
    sparkline(trend.events),
    known(trend.sqlStatementsLast, formatCount),
    known(trend.heapBytesLast, (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`),
    known(trend.coverageLast, percent),
  ];
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === "object" ? cell.text : (cell ?? "");
}

function describeCoverage(run: RunRecord | undefined): readonly string[] {
  if (run?.coverage === undefined) return [];
  const { operations, covered, answers, answersSeen, missing, undeclared } = run.coverage;
  const lines = [
    `API, run of ${run.at}: ${covered} of ${operations} operations (${percent(covered / operations)}), ` +
      `${answersSeen} of ${answers} declared answers.`,
  ];
  if (missing.length > 0) lines.push(`Not covered: ${shortened(missing)}.`);
  if (undeclared.length > 0) lines.push(`Answered, but not declared: ${shortened(undeclared)}.`);
  return lines;
}

function shortened(names: readonly string[]): string {
  const more = names.length - missingShownMax;
  return names.slice(0, missingShownMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function known(value: number, format: (value: number) => string): string {
  return Number.isFinite(value) ? format(value) : "-";
}

/** What the command line gives. */
export interface HistoryFlags {
  readonly file: string;
  readonly last?: number;
  readonly json?: boolean;
}

/** What the command line gives for the check, too. */
export interface CheckFlags extends HistoryFlags {
  readonly failureRate: number;
  readonly timeFactor: number;
  readonly counterFactor: number;
  readonly heapMb: number;
  readonly events: number;
  readonly sql: number;
  readonly handles: number;
  readonly coverage: number;
}

const runsInTable = 20;

/** Prints the trends. */
export function showTrends(
  { file, last = runsInTable, json = false }: HistoryFlags,
  terminal: Terminal,
): void {
  const history = read(file, terminal);
  const trends = trendsOf(history.scenarios, last);
  const latestRun = history.runs.findLast(({ complete }) => complete);
  if (json) {
    const { broken } = history;
    terminal.out(
      JSON.stringify({ version, file, scenarios: trends, latestCompleteRun: latestRun, broken }, null, 2),
    );
    return;
  }
  terminal.out(trends.length === 0 ? noRuns(file) : formatHistoryTable(trends, latestRun, terminal));
}

/** Holds the history to its limits. @returns Whether there is an alert. */
export function check(flags: CheckFlags, terminal: Terminal): boolean {
  const { file, last = Infinity, json = false } = flags;
  const history = read(file, terminal);
  const verdicts = checkHistory(latestOf(history, last), limitsOf(flags));
  const alerts = verdicts.filter(({ outcome }) => outcome === "alert");
  if (json) {
    terminal.out(
      JSON.stringify({ version, file, ok: alerts.length === 0, verdicts, broken: history.broken }, null, 2),
    );
  } else {
    terminal.out(verdicts.length === 0 ? noRuns(file) : formatVerdicts(verdicts, terminal));
  }
  return alerts.length > 0;
}

function read(file: string, terminal: Terminal): History {
  if (file !== defaultHistoryFile && !existsSync(file)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `There is no history at ${file}.`,
      "Give the file that `phoenix-sim run --history <file>` wrote.",
    );
  }
  const history = readOrRefuse(file);
  for (const { file: name, line, reason } of history.broken)
    terminal.err(`Warning: line ${line} of ${name} is left out: ${reason}.`);
  return history;
}

function readOrRefuse(file: string): History {
  try {
    return readHistory(file);
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot read the history ${file}: ${(error as Error).message}.`,
      "Give --file a file that may be read, such as .phoenix-sim/history.jsonl.",
      { cause: error },
    );
  }
}

function latestOf(history: History, last: number): History {
  const left = new Map<string, number>();
  const scenarios = history.scenarios.toReversed().filter(({ scenario }) => {
    const seen = left.get(scenario) ?? 0;
    left.set(scenario, seen + 1);
    return seen < last;
  });
  return { ...history, scenarios: scenarios.toReversed() };
}

function limitsOf(flags: CheckFlags): Partial<GateLimits> {
  return {
    failureRateMax: flags.failureRate,
    timeFactorMax: flags.timeFactor,
    counterFactorMax: flags.counterFactor,
    heapBytesMax: flags.heapMb * 2 ** 20,
    eventsMax: flags.events,
    sqlStatementsMax: flags.sql,
    openHandlesMax: flags.handles,
    coverageMin: flags.coverage,
  };
}

function noRuns(file: string): string {
  return `No runs on record in ${file}: not enough runs to say anything. \`phoenix-sim run\` adds to it.`;
}
