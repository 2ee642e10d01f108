/** `phoenix-sim replay`, `shrink` and `keep`: what is done with failures once they are found. */
import { SimError } from "../errors.js";
import { explorableNamed, identityOf, replay, runAndTell, shrinkCase, storeCase } from "../explore/index.js";
import { exitCodes } from "./exit-codes.js";
import { type Named, findCase, findRecording } from "./find-case.js";
import { formatFinding } from "./reporters/finding.js";
import { storeFound } from "./store-found.js";
import { tellLeast } from "./tell-least.js";
import { type OwnWorlds, loadOwnWorlds } from "./own-worlds.js";
import type { Terminal } from "./terminal.js";
import { version } from "../version.js";

/** What the command line gives to replay. */
export interface ReplayFlags {
  readonly trace?: boolean;
  /** Events that are printed; `Infinity` for all. Asking for some asks for the trace. */
  readonly events?: number;
  readonly world?: string;
}

/** What the command line gives to shrink. */
export interface ShrinkFlags {
  readonly runs: number;
  readonly world?: string;
}

/** Runs a failure again. @returns The exit code. */
export async function replayNamed(
  text: string | undefined,
  flags: ReplayFlags,
  terminal: Terminal,
): Promise<number> {
  const own = await loadOwnWorlds(flags.world);
  return replayOne(text, flags, own, terminal).finally(own.close);
}

/** Makes a stored failure smaller. @returns The exit code. */
export async function shrink(
  text: string | undefined,
  { runs, world }: ShrinkFlags,
  terminal: Terminal,
): Promise<number> {
  const own = await loadOwnWorlds(world);
  return shrinkOne(text, runs, own, terminal).finally(own.close);
}

/** Copies a stored failure to a folder of regressions. */
export function keep(text: string, { to }: { readonly to: string }, terminal: Terminal): void {
  const { file } = storeCase(findCase(text), to);
  terminal.out(file);
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
