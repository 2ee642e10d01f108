/** `phoenix-sim replay`, `shrink` and `keep`: what is done with failures once they are found. */
import type { Command } from "commander";

import { SimError } from "../errors.js";
import {
  explorableNamed,
  identityOf,
  keptFolder,
  replay,
  runAndTell,
  shrinkCase,
  storeCase,
} from "../explore/index.js";
import { exitCodes } from "./exit-codes.js";
import { type Named, findCase, findRecording } from "./find-case.js";
import { parseCount } from "./numbers.js";
import { formatFinding } from "./reporters/finding.js";
import { storeFound } from "./store-found.js";
import { tellLeast } from "./tell-least.js";
import { type OwnWorlds, loadOwnWorlds, worldOptionHelp } from "./own-worlds.js";
import type { Terminal } from "./terminal.js";
import { version } from "../version.js";

type Exit = (code: number) => void;

interface ReplayFlags {
  readonly trace?: boolean;
  /** Events that are printed; `Infinity` for all. Asking for some asks for the trace. */
  readonly events?: number;
  readonly world?: string;
}

interface ShrinkFlags {
  readonly runs: number;
  readonly world?: string;
}

/** Adds the commands to `program`. */
export function addReplayCommands(program: Command, terminal: Terminal, exit: Exit): void {
  program
    .command("replay")
    .description("run a failure again: by its token, its file or its id; without one, the newest")
    .argument("[failure]", "token, file or id")
    .option("--trace", "print the story and the last events")
    .option(
      "--events <count>",
      "print the trace with so many events, or all (default with --trace: 32)",
      parseEvents,
    )
    .option("--world <module>", worldOptionHelp)
    .action(async (text: string | undefined, flags: ReplayFlags) => {
      const own = await loadOwnWorlds(flags.world);
      exit(await replayOne(text, flags, own, terminal).finally(own.close));
    });
  program
    .command("shrink")
    .description("make a stored failure smaller")
    .argument("[failure]", "file or id; without one, the newest")
    .option("--runs <count>", "runs it may take", parseCount, 300)
    .option("--world <module>", worldOptionHelp)
    .action(async (text: string | undefined, { runs, world }: ShrinkFlags) => {
      const own = await loadOwnWorlds(world);
      exit(await shrinkOne(text, runs, own, terminal).finally(own.close));
    });
  program
    .command("keep")
    .description("copy a stored failure to a folder of regressions, to be committed and run by tests")
    .argument("<failure>", "file or id")
    .option("--to <folder>", "where regressions live", keptFolder)
    .action((text: string, { to }: { readonly to: string }) => {
      const { file } = storeCase(findCase(text), to);
      terminal.out(file);
    });
}

async function replayOne(
  text: string | undefined,
  { events: wanted, trace = wanted !== undefined }: Pick<ReplayFlags, "trace" | "events">,
  own: OwnWorlds,
  terminal: Terminal,
): Promise<number> {
  const named = findRecording(text);
  const events = wanted ?? 32;
  refuseStrangers(named, own, terminal);
  const { outcome, verdict, left, story, steps } = await runAndTell(named, own.makeRun, events);
  if (left !== undefined) terminal.err(left);
  const { failure } = outcome;
  terminal.out(failure === undefined ? "It went well." : `${identityOf(failure)}: ${failure.message}`);
  if (failure?.source !== undefined) terminal.out(`Source: ${failure.source}`);
  const heading = events === Infinity ? "The events:" : "The last events:";
  if (trace) for (const line of [...story, heading, ...steps]) terminal.out(line);
  if (verdict === "same") return failure === undefined ? exitCodes.ok : exitCodes.finding;
  const expected = named.stored === undefined ? "the failure of the token" : identityOf(named.stored.failure);
  terminal.err(`This is not ${expected}: ${verdict}.`);
  return exitCodes.replayMissed;
}

function parseEvents(text: string): number {
  return text === "all" ? Infinity : parseCount(text);
}

// What was recorded elsewhere may still be run here, or may not: either way it is said.
function refuseStrangers({ scenario, stored }: Named, { scenarios }: OwnWorlds, terminal: Terminal): void {
  if (stored !== undefined && stored.version !== version)
    terminal.err(
      `The case was recorded by version ${stored.version}, and this is ${version}: other code may ask other questions.`,
    );
  try {
    explorableNamed(scenario, scenarios);
  } catch (error) {
    if (stored !== undefined || !(error instanceof SimError)) throw error;
    throw new SimError(
      error.code,
      `The token is of "${scenario}", and there is no such scenario.`,
      "If a test printed it, run that test with PHOENIX_SIM_TOKEN set to the token; if a world of your own is meant, name its module with --world.",
      { cause: error },
    );
  }
}

async function shrinkOne(
  text: string | undefined,
  runs: number,
  own: OwnWorlds,
  terminal: Terminal,
): Promise<number> {
  const found = findCase(text);
  const run = own.makeRun(() => {});
  const { shrunk, least: smallest } = await shrinkCase(found, runs, async (recording) =>
    replay(run, recording),
  );
  if (!shrunk.reproduced) {
    terminal.err(`It did not fail again: nothing was shrunk.`);
    return exitCodes.replayMissed;
  }
  const { least, story } = await tellLeast(smallest, own);
  const { id, file } = storeFound(least, terminal);
  const history = `Shrunk from ${found.deviations.length} to ${least.deviations.length} deviations in ${shrunk.runs} runs.`;
  terminal.out(formatFinding({ found: least, id, file, story, history, worldFile: own.file }));
  return exitCodes.ok;
}
