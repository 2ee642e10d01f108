/** `phoenix-sim replay`, `shrink` and `keep`: what is done with failures once they are found. */
import { existsSync } from "node:fs";

import { SimError } from "../errors.js";
import {
  type Case,
  explorableNamed,
  identityOf,
  replay,
  runAndTell,
  shrinkCase,
  storeCase,
} from "../explore/index.js";
import { version } from "../version.js";
import { commandName, commandWord } from "./command-name.js";
import { exitCodes } from "./exit-codes.js";
import { type Named, findCase, findRecording } from "./find-case.js";
import { codeOfInterrupt, createInterrupt } from "./interrupt.js";
import { type OwnWorlds, loadOwnWorlds } from "./own-worlds.js";
import { formatFinding, replayCommand, tokenOf } from "./reporters/finding.js";
import { storeFound } from "./store-found.js";
import { tellLeast } from "./tell-least.js";
import type { Terminal } from "./terminal.js";

interface Flags {
  readonly json?: boolean;
  readonly world?: string;
}

/** What the command line gives to replay. */
export interface ReplayFlags extends Flags {
  readonly trace?: boolean;
  /** Events that are printed; `Infinity` for all. Asking for some asks for the trace. */
  readonly events?: number;
}

/** What the command line gives to shrink. */
export interface ShrinkFlags extends Flags {
  readonly runs: number;
}

/** What the command line gives to keep. */
export interface KeepFlags {
  readonly to: string;
  readonly json?: boolean;
}

/** Runs a failure again. @returns The exit code. */
export async function replayNamed(
  text: string | undefined,
  flags: ReplayFlags,
  terminal: Terminal,
): Promise<number> {
  const named = findRecording(text);
  const own = await loadOwnWorlds(flags.world ?? moduleOf(named, text ?? ""));
  return replayOne(named, flags, own, terminal).finally(own.close);
}

/** Makes a stored failure smaller. @returns The exit code. */
export async function shrink(
  text: string | undefined,
  flags: ShrinkFlags,
  terminal: Terminal,
): Promise<number> {
  const found = findCase(text);
  const own = await loadOwnWorlds(flags.world ?? moduleOf({ ...found, stored: found }, text ?? ""));
  const elsewhere = own.recorded === undefined ? {} : { world: own.recorded };
  return shrinkOne({ ...found, ...elsewhere }, flags, own, terminal).finally(own.close);
}

/** Copies a stored failure to a folder of regressions. */
export function keep(text: string, { to, json = false }: KeepFlags, terminal: Terminal): void {
  const { id, file } = storeCase(findCase(text), to);
  terminal.out(json ? JSON.stringify({ version, id, file }) : file);
}

// A token comes from anywhere: the module that it names is run only when whoever typed it says so, too. A stored failure
// lies in the folder of the module.
function moduleOf({ world, stored }: Pick<Named, "world" | "stored">, text: string): string | undefined {
  if (world === undefined) return undefined;
  const command = `${commandName} replay ${text} --world ${commandWord(world)}`;
  if (stored === undefined)
    throw new SimError(
      "SIM_OPTION_INVALID",
      `The token was found with --world ${world}, and this command names no module.`,
      `Without the module the run cannot be made again: ${command}`,
    );
  if (existsSync(world)) return world;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `The failure was found with --world ${world}, and there is no such module below the current folder.`,
    "Go to the folder of that exploration, or name the module with --world.",
  );
}

async function replayOne(
  named: Named,
  { events: wanted, trace = wanted !== undefined, json = false }: ReplayFlags,
  own: OwnWorlds,
  terminal: Terminal,
): Promise<number> {
  const events = wanted ?? 32;
  refuseStrangers(named, own, terminal);
  const { outcome, verdict, left, story, steps } = await runAndTell(named, own.makeRun, events);
  const { failure } = outcome;
  if (json) {
    const { scenario, profile, seed } = named;
    const world = own.recorded;
    const document = { version, scenario, profile, seed, world, verdict, left, ...outcome, story };
    terminal.out(JSON.stringify(trace ? { ...document, events: steps } : document, null, 2));
  } else {
    if (left !== undefined) terminal.err(left);
    terminal.out(failure === undefined ? "It passed." : `${identityOf(failure)}: ${failure.message}`);
    if (failure?.source !== undefined) terminal.out(`Source: ${failure.source}`);
    const heading = events === Infinity ? "The events:" : "The last events:";
    if (trace) for (const line of [...story, heading, ...steps]) terminal.out(line);
  }
  if (verdict === "same") return failure === undefined ? exitCodes.ok : exitCodes.finding;
  const expected =
    named.stored === undefined ? "the token says" : `recorded (${identityOf(named.stored.failure)})`;
  terminal.err(
    failure === undefined
      ? "The recorded failure no longer occurs; this run passed."
      : `This run fails in another way than ${expected}: ${identityOf(failure)}.`,
  );
  return exitCodes.replayMissed;
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
      "If a test printed it, run that test with PHOENIX_SIM_TOKEN set to the token; if it is a scenario of your own, name its module with --world.",
      { cause: error },
    );
  }
}

async function shrinkOne(
  found: Case,
  { runs, json = false }: ShrinkFlags,
  own: OwnWorlds,
  terminal: Terminal,
): Promise<number> {
  const interrupt = createInterrupt(terminal, () =>
    terminal.err("Stopping; the smallest failure so far is kept. Press Ctrl-C again to end at once."),
  );
  const run = own.makeRun(() => {});
  const { shrunk, least: smallest } = await shrinkCase(
    found,
    runs,
    async (recording) => interrupt.race(replay(run, recording)),
    interrupt.signal,
  );
  if (!shrunk.reproduced) {
    if (interrupt.by !== undefined) return codeOfInterrupt(interrupt.by);
    if (json) terminal.out(JSON.stringify({ version, reproduced: false, runs: shrunk.runs }));
    terminal.err("The recorded failure no longer occurs: nothing was minimized.");
    return exitCodes.replayMissed;
  }
  const told = interrupt.by === undefined ? await interrupt.race(tellLeast(smallest, own)) : undefined;
  const { least, story } = told ?? { least: smallest, story: [] };
  const { id, file } = storeFound(least, terminal);
  const again = replayCommand(least);
  if (json) {
    const token = tokenOf(least);
    const document = { reproduced: true, runs: shrunk.runs, id, file, ...least, token, story, again };
    terminal.out(JSON.stringify(document, null, 2));
  } else {
    const history = `Minimized from ${found.deviations.length} to ${least.deviations.length} decisions in ${shrunk.runs} runs${least.minimal ? "" : ", perhaps not minimal"}.`;
    terminal.out(formatFinding({ ...least, id, file, story, history, again }));
  }
  return interrupt.by === undefined ? exitCodes.ok : codeOfInterrupt(interrupt.by);
}
