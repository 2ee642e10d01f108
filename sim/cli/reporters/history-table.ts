/** The history as a table: a row a scenario, with its trends. */
import stringWidth from "string-width";

import { type RunRecord, type Trend, percent } from "../../history/index.js";
import { formatDuration } from "../../kernel/index.js";
import type { Terminal } from "../terminal.js";
import { sparkline } from "./sparkline.js";
import { formatCount } from "./table.js";
import { type Cell, createTextTable, wrap } from "./text-table.js";

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
