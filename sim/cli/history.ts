/** `phoenix-sim history`: trends of the runs so far; `phoenix-sim history check`: the alerts about them. */
import { existsSync } from "node:fs";
import type { Command } from "commander";

import { SimError } from "../errors.js";
import {
  type GateLimits,
  type History,
  checkHistory,
  defaultGateLimits as defaults,
  readHistory,
  trendsOf,
} from "../history/index.js";
import { version } from "../version.js";
import { exitCodes } from "./exit-codes.js";
import { defaultHistoryFile } from "./keep-history.js";
import { parseCount, parseFactor, parseLimit, parsePercent } from "./numbers.js";
import { formatHistoryTable } from "./reporters/history-table.js";
import { formatVerdicts } from "./reporters/verdicts.js";
import type { Terminal } from "./terminal.js";

interface HistoryFlags {
  readonly file: string;
  readonly last?: number;
  readonly json?: boolean;
}

interface CheckFlags extends HistoryFlags {
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

/** Adds the command and its subcommand to `program`. */
export function addHistoryCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const history = program
    .command("history")
    .description("show the trends of the runs so far")
    .option("-f, --file <file>", "the history to read", defaultHistoryFile)
    .option("-n, --last <count>", "look at the latest runs of each scenario only", parseCount)
    .option("--json", "print one JSON document instead of text")
    .action((flags: HistoryFlags) => showTrends(flags, terminal));
  history
    .command("check")
    .description("hold the history to its limits; ends with 5 when one was crossed")
    .configureHelp({ showGlobalOptions: true })
    .option("--failure-rate <percent>", "runs that may fail", parsePercent, defaults.failureRateMax)
    .option(
      "--time-factor <x>",
      "wall time, in medians of the runs before",
      parseFactor,
      defaults.timeFactorMax,
    )
    .option(
      "--counter-factor <x>",
      "events, statements and virtual time, in medians of the same seed and version",
      parseFactor,
      defaults.counterFactorMax,
    )
    .option("--heap-mb <MiB>", "heap of one run", parseLimit, defaults.heapBytesMax / 2 ** 20)
    .option("--events <count>", "events of one run", parseLimit, defaults.eventsMax)
    .option("--sql <count>", "SQL statements of one run", parseLimit, defaults.sqlStatementsMax)
    .option("--handles <count>", "handles one run may leave open", parseLimit, defaults.openHandlesMax)
    .option("--coverage <percent>", "operations of the API to cover", parsePercent, defaults.coverageMin)
    .action((_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CheckFlags>();
      if (check(flags, terminal)) exit(exitCodes.gate);
    });
}

function showTrends({ file, last = runsInTable, json = false }: HistoryFlags, terminal: Terminal): void {
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
  terminal.out(trends.length === 0 ? noRuns(file) : formatHistoryTable(trends, latestRun, terminal.color));
}

// Returns whether there is an alert.
function check(flags: CheckFlags, terminal: Terminal): boolean {
  const { file, last = Infinity, json = false } = flags;
  const history = read(file, terminal);
  const verdicts = checkHistory(latestOf(history, last), limitsOf(flags));
  const alerts = verdicts.filter(({ outcome }) => outcome === "alert");
  if (json) {
    terminal.out(
      JSON.stringify({ version, file, ok: alerts.length === 0, verdicts, broken: history.broken }, null, 2),
    );
  } else {
    terminal.out(verdicts.length === 0 ? noRuns(file) : formatVerdicts(verdicts, terminal.color));
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
  const history = readHistory(file);
  for (const { file: name, line, reason } of history.broken)
    terminal.err(`Warning: line ${line} of ${name} is left out: ${reason}.`);
  return history;
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
