/** The history as a table: a row a scenario, with its trends. */
import Table from "cli-table3";
import { styleText } from "node:util";

import { type RunRecord, type Trend, percent } from "../../history/index.js";
import { formatDuration } from "../../kernel/index.js";
import { sparkline } from "./sparkline.js";
import { formatCount } from "./table.js";

const head = [
  "scenario",
  "runs",
  "failed",
  "median",
  "last",
  "wall time",
  "events",
  "trend",
  "SQL",
  "heap",
  "API",
];
const missingShownMax = 10;

/**
 * @param latestRun - The latest run of all scenarios, if there is one.
 * @param color - Whether escape codes may be used.
 */
export function formatHistoryTable(
  trends: readonly Trend[],
  latestRun: RunRecord | undefined,
  color: boolean,
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text) : text;
  const table = new Table({
    head: head.map((title) => paint("bold", title)),
    colAligns: head.map((title) => (["scenario", "wall time", "trend"].includes(title) ? "left" : "right")),
    style: { head: [], border: color ? ["gray"] : [], compact: true },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  for (const trend of trends) {
    const failed = trend.failed === 0 ? "0" : `${trend.failed} (${percent(trend.failed / trend.runs)})`;
    table.push([
      trend.scenario,
      String(trend.runs),
      trend.failed === 0 ? failed : paint("red", failed),
      known(trend.wallMsMedian, formatDuration),
      known(trend.wallMsLast, formatDuration),
      sparkline(trend.wallMs),
      known(trend.eventsLast, formatCount),
      sparkline(trend.events),
      known(trend.sqlStatementsLast, formatCount),
      known(trend.heapBytesLast, (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`),
      known(trend.coverageLast, percent),
    ]);
  }
  return [table.toString(), ...describeCoverage(latestRun)].join("\n");
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
