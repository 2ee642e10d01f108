/**
 * The command line: reads arguments, runs one command, answers with an exit code.
 *
 * What a command does is loaded when it runs, so that `--version` and `--help` load next to nothing.
 */
import { Command, CommanderError } from "commander";

import { SimError, type SimErrorCode } from "../errors.js";
import { version } from "../shared/version.js";
import {
  addExploreCommand,
  addHistoryCommand,
  addMergeCommand,
  addPromtestCommand,
  addReplayCommands,
  addRerunCommand,
  addRunCommand,
  addServeCommand,
} from "./commands.js";
import { exitCodes, type Terminal } from "./terminal.js";

/** Codes that blame the caller: they end with the exit code for wrong usage. */
const usageCodes: ReadonlySet<SimErrorCode> = new Set([
  "SIM_OPTION_INVALID",
  "SIM_SCENARIO_UNKNOWN",
  "SIM_HOST_UNKNOWN",
  "SIM_STRATEGY_UNKNOWN",
  "SIM_FAULT_UNKNOWN",
  "SIM_PROFILE_UNKNOWN",
  "SIM_TOKEN_INVALID",
  "SIM_TOKEN_VERSION",
  "SIM_CASE_INVALID",
  "SIM_SHARD_INVALID",
]);

const codesText = `
Exit codes:
  0  everything asked for was done and passed
  1  a scenario failed, or something was found
  2  the command line or a configuration is wrong
  3  two runs of one seed differ
  4  a bug of the simulator itself
  5  a threshold on the run history was exceeded
  6  a replay did not reach its failure
  130, 143  ended early, by Ctrl-C or SIGTERM; what was found by then is kept
  141  nobody reads the output any more`;

/**
 * Runs one command.
 *
 * @param args - Arguments after the program's name.
 * @returns The exit code; see exit-codes.ts.
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCodes.ok;
  const exit = (next: number): void => {
    code = next;
  };
  const program = createProgram(terminal, exit);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    return codeOf(error, terminal);
  }
  return code;
}

/** All commands and their options. @param exit - Gets the exit code of the command. */
export function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command("phoenix-sim")
    .description("The whole Phoenix platform in one process, under virtual time, replayable from a seed.")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      outputError: (text, write) => write(withoutDetour(text)),
      getOutHelpWidth: () => helpWidth(terminal),
      getErrHelpWidth: () => helpWidth(terminal),
    })
    .showSuggestionAfterError()
    .showHelpAfterError("Try phoenix-sim --help.")
    .addHelpText("after", codesText);
  addRunCommand(program, terminal, exit);
  addHistoryCommand(program, terminal, exit);
  addPromtestCommand(program, terminal, exit);
  addExploreCommand(program, terminal, exit);
  addReplayCommands(program, terminal, exit);
  addRerunCommand(program, terminal, exit);
  addMergeCommand(program, terminal, exit);
  addServeCommand(program, terminal);
  for (const command of commandsOf(program)) command.showHelpAfterError(`Try ${pathOf(command)} --help.`);
  return program;
}

/** Every command below another, with the commands below it. */
export function commandsOf(program: Command): readonly Command[] {
  return program.commands.flatMap((command) => [command, ...commandsOf(command)]);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

// Commander says: error: option '-s, --seed <number>' argument 'x' is invalid. A seed is a whole number.
function withoutDetour(text: string): string {
  const [, option, value, reason = ""] =
    /^error: option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s.exec(text) ?? [];
  if (option === undefined) return text;
  return `Invalid ${option} "${value}": ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
}

// As wide as the terminal, and 80 columns where there is none.
function helpWidth({ width }: Terminal): number {
  return Number.isFinite(width) ? width : 80;
}

function codeOf(error: unknown, terminal: Terminal): number {
  // Commander has already written its own message; --help and --version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof SimError) {
    terminal.err(error.message);
    return usageCodes.has(error.code) ? exitCodes.usage : exitCodes.internal;
  }
  terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.internal;
}
