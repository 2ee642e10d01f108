/** `phoenix-sim replay`, `shrink` and `keep`: what is done with failures once they are found. */
import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";

import { SimError } from "../errors.js";
import {
  explorableNamed,
  failureHashOf,
  identityOf,
  parseToken,
  readCase,
  replay,
  replayWithTrace,
  shrinkCase,
  storeCase,
  type Case,
  type Recording,
} from "../explore/index.js";
import { caseFilesIn, failuresFolder, keptFolder } from "../shared/folders.js";
import { didYouMean } from "../shared/text.js";
import { version } from "../shared/version.js";
import { loadCustomWorlds, type CustomWorlds } from "./custom-worlds.js";
import { reportMinimized, storeFound } from "./findings.js";
import { commandName, commandWord, formatFinding, replayCommand, tokenOf } from "./reporters/reporter.js";
import { codeOfInterrupt, createInterrupt, exitCodes, type Terminal } from "./terminal.js";

// Finds the failure that a command names: by a token, a file or an id.

/** A recording that a command named. */
interface Named extends Recording {
  /** Undefined for a token. */
  readonly stored: Case | undefined;
}

const token = /^px\d+\./;

/**
 * @param text - A token, a path, an id; undefined for the newest stored case.
 * @throws SimError `SIM_TOKEN_INVALID`, `SIM_TOKEN_VERSION`, `SIM_CASE_INVALID`.
 */
function findRecording(text: string | undefined): Named {
  if (text !== undefined && token.test(text)) return { ...parseToken(text, version), stored: undefined };
  const stored = findCase(text);
  return { ...stored, failureHash: failureHashOf(identityOf(stored.failure)), stored };
}

/** @throws SimError `SIM_CASE_INVALID` when there is none. */
function findCase(text: string | undefined): Case {
  if (text !== undefined && token.test(text))
    throw noCase(
      `Cannot shrink or keep the token "${text}": it holds no failure, only how to reach it.`,
      `Name a case file or its id; explorations store what they find in ${failuresFolder}.`,
    );
  return readCase(fileOf(text));
}

function fileOf(text: string | undefined): string {
  const found = caseFilesIn(failuresFolder);
  if (text === undefined) {
    const newest = [...found].sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
    if (newest !== undefined) return newest;
    throw noCase("There is no stored failure.", "Run phoenix-sim explore first, or name a token or a file.");
  }
  if (existsSync(text) && statSync(text).isFile()) return text;
  const files = [...found, ...caseFilesIn(keptFolder)];
  const byId = files.find((file) => basename(file, ".json") === text);
  if (byId !== undefined) return byId;
  const ids = [...new Set(files.map((file) => basename(file, ".json")))];
  throw noCase(
    `"${text}" is not a token, a file or a stored failure.`,
    ids.length === 0
      ? `Nothing is stored in ${failuresFolder}; a token begins with px1.`
      : didYouMean(text, ids),
  );
}

function noCase(problem: string, hint: string): SimError {
  return new SimError("SIM_CASE_INVALID", problem, hint);
}

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
  const custom = await loadCustomWorlds(flags.world ?? moduleOf(named, text ?? ""));
  return replayOne(named, flags, custom, terminal).finally(custom.close);
}

/** Makes a stored failure smaller. @returns The exit code. */
export async function shrink(
  text: string | undefined,
  flags: ShrinkFlags,
  terminal: Terminal,
): Promise<number> {
  const found = findCase(text);
  const custom = await loadCustomWorlds(flags.world ?? moduleOf({ ...found, stored: found }, text ?? ""));
  const elsewhere = custom.recorded === undefined ? {} : { world: custom.recorded };
  return shrinkOne({ ...found, ...elsewhere }, flags, custom, terminal).finally(custom.close);
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
  custom: CustomWorlds,
  terminal: Terminal,
): Promise<number> {
  const events = wanted ?? 32;
  checkRecording(named, custom, terminal);
  const { outcome, verdict, divergence, story, steps } = await replayWithTrace(named, custom.makeRun, events);
  const { failure } = outcome;
  if (json) {
    const { scenario, profile, seed } = named;
    const world = custom.recorded;
    const document = { version, scenario, profile, seed, world, verdict, divergence, ...outcome, story };
    terminal.out(JSON.stringify(trace ? { ...document, events: steps } : document, null, 2));
  } else {
    if (divergence !== undefined) terminal.err(divergence);
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
function checkRecording({ scenario, stored }: Named, { scenarios }: CustomWorlds, terminal: Terminal): void {
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
  custom: CustomWorlds,
  terminal: Terminal,
): Promise<number> {
  const interrupt = createInterrupt(terminal, () =>
    terminal.err("Stopping; the smallest failure so far is kept. Press Ctrl-C again to end at once."),
  );
  const run = custom.makeRun(() => {});
  const { shrunk, minimized: smallest } = await shrinkCase(
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
  const described =
    interrupt.by === undefined ? await interrupt.race(reportMinimized(smallest, custom)) : undefined;
  const { minimized, story } = described ?? { minimized: smallest, story: [] };
  const { id, file } = storeFound(minimized, terminal);
  const again = replayCommand(minimized);
  if (json) {
    const token = tokenOf(minimized);
    const document = { reproduced: true, runs: shrunk.runs, id, file, ...minimized, token, story, again };
    terminal.out(JSON.stringify(document, null, 2));
  } else {
    const history = `Minimized from ${found.decisions.length} to ${minimized.decisions.length} decisions in ${shrunk.runs} runs${minimized.minimal ? "" : ", perhaps not minimal"}.`;
    terminal.out(formatFinding({ ...minimized, id, file, story, history, again }));
  }
  return interrupt.by === undefined ? exitCodes.ok : codeOfInterrupt(interrupt.by);
}
