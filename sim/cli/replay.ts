/** `phoenix-sim replay`, `shrink`, `keep` and `merge`: what is done with failures once they are found. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";

import { SimError } from "../errors.js";
import {
  identityOf,
  keptFolder,
  mergeAll,
  parseReport,
  runAndTell,
  shrinkCase,
  storeCase,
} from "../explore/index.js";
import { exitCodes } from "./exit-codes.js";
import { findCase, findRecording } from "./find-case.js";
import { parseCount } from "./numbers.js";
import { formatFinding } from "./reporters/finding.js";
import { type OwnWorlds, loadOwnWorlds, worldOptionHelp } from "./own-worlds.js";
import type { Terminal } from "./terminal.js";

type Exit = (code: number) => void;

interface ReplayFlags {
  readonly trace?: boolean;
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
    .option("--world <module>", worldOptionHelp)
    .action(async (text: string | undefined, { trace = false, world }: ReplayFlags) => {
      const own = await loadOwnWorlds(world);
      exit(await replayOne(text, trace, own, terminal).finally(own.close));
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
  program
    .command("merge")
    .description("merge the reports of all shards of one campaign")
    .argument("<reports...>", "files that explore --report wrote")
    .option("--out <file>", "write the merged report to a file, too")
    .action((files: readonly string[], { out }: { readonly out?: string }) => {
      const merged = mergeAll(files.map((file) => parseReport(readReport(file), file)));
      const text = JSON.stringify(merged);
      if (out !== undefined) writeFileSync(out, `${text}\n`);
      terminal.out(text);
      if (merged.differences.length > 0) exit(exitCodes.notDeterministic);
      else if (merged.failed > 0) exit(exitCodes.finding);
    });
}

async function replayOne(
  text: string | undefined,
  trace: boolean,
  own: OwnWorlds,
  terminal: Terminal,
): Promise<number> {
  const named = findRecording(text);
  const { outcome, verdict, left, story, steps } = await runAndTell(named, own.makeRun);
  if (left !== undefined) terminal.err(left);
  const { failure } = outcome;
  terminal.out(failure === undefined ? "It went well." : `${identityOf(failure)}: ${failure.message}`);
  if (failure?.source !== undefined) terminal.out(`Source: ${failure.source}`);
  if (trace) for (const line of [...story, "The last events:", ...steps]) terminal.out(line);
  if (verdict === "same") return failure === undefined ? exitCodes.ok : exitCodes.finding;
  const expected = named.stored === undefined ? "the failure of the token" : identityOf(named.stored.failure);
  terminal.err(`This is not ${expected}: ${verdict}.`);
  return exitCodes.replayMissed;
}

async function shrinkOne(
  text: string | undefined,
  runs: number,
  own: OwnWorlds,
  terminal: Terminal,
): Promise<number> {
  const found = findCase(text);
  const { shrunk, least } = await shrinkCase(
    found,
    runs,
    own.makeRun(() => {}),
  );
  if (!shrunk.reproduced) {
    terminal.err(`It did not fail again: nothing was shrunk.`);
    return exitCodes.replayMissed;
  }
  const { id, file } = storeCase(least);
  const { story } = await runAndTell({ ...least, failureHash: undefined }, own.makeRun);
  const history = `Shrunk from ${found.deviations.length} to ${least.deviations.length} deviations in ${shrunk.runs} runs.`;
  terminal.out(formatFinding({ found: least, id, file, story, history, worldFile: own.file }));
  return exitCodes.ok;
}

function readReport(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SimError(
      "SIM_SHARD_INVALID",
      `Cannot read the report ${file}: ${(error as Error).message}.`,
      "Name files that phoenix-sim explore --report wrote.",
      { cause: error },
    );
  }
}
