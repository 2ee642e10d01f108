/** The options of `phoenix-sim history` and of `phoenix-sim history check`. */
import { type Command, Option } from "commander";

import { defaultHistoryFile } from "../../folders.js";
import { defaultGateLimits as defaults } from "../../history/gate-limits.js";
import { exitCodes } from "../exit-codes.js";
import type { CheckFlags, HistoryFlags } from "../history.js";
import { parseCount, parseFactor, parseLimit, parsePercent } from "../numbers.js";
import type { Terminal } from "../terminal.js";

/** Adds the command and its subcommand to `program`. */
export function addHistoryCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const history = program
    .command("history")
    .description("show the trends of the runs so far")
    .option("-f, --file <file>", "the history to read", defaultHistoryFile)
    .option("-n, --last <count>", "look at the latest runs of each scenario only", parseCount)
    .option("--json", "print one JSON document instead of text")
    .action(async (flags: HistoryFlags) => {
      const { showTrends } = await import("../history.js");
      showTrends(flags, terminal);
    });
  history
    .command("check")
    .description("check the history against thresholds; ends with 5 when one was exceeded")
    .configureHelp({ showGlobalOptions: true })
    .addOption(percentOption("--failure-rate <percent>", "runs that may fail", defaults.failureRateMax))
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
    .addOption(percentOption("--coverage <percent>", "operations of the API to cover", defaults.coverageMin))
    .action(async (_flags: unknown, command: Command) => {
      const { check } = await import("../history.js");
      const flags = command.optsWithGlobals<CheckFlags>();
      if (check(flags, terminal)) exit(exitCodes.gate);
    });
}

// Help shows the share as it is typed.
function percentOption(flags: string, description: string, share: number): Option {
  return new Option(flags, description).argParser(parsePercent).default(share, String(share * 100));
}
