/** `phoenix-sim history`: trends of the runs so far; `phoenix-sim history check`: the alerts about them. */
import { existsSync } from "node:fs";

import { SimError } from "../errors.js";
import { defaultHistoryFile } from "../folders.js";
import { type GateLimits, type History, checkHistory, readHistory, trendsOf } from "../history/index.js";
import { version } from "../version.js";
import { formatHistoryTable } from "./reporters/history-table.js";
import { formatVerdicts } from "./reporters/verdicts.js";
import type { Terminal } from "./terminal.js";

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
