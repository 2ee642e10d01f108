/**
 * What `run` and `explore` tell their reporters, as it happens. Plain data: the reporter `jsonl` prints each event as one
 * line of JSON, and so their form is public.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { SimError } from "../../errors.js";
import {
  formatToken,
  identityOf,
  type CampaignReport,
  type Case,
  type Finding,
  type Progress,
} from "../../explore/index.js";
import type { ScenarioResult } from "../../scenarios/index.js";
import { makeFolder } from "../../shared/folders.js";
import { anyShellWord, shellWord } from "../../shared/text.js";
import { version } from "../../shared/version.js";
import type { InterruptSignal, Terminal } from "../terminal.js";

/** A scenario, and the seed that it is run with. */
export interface PlannedRun {
  readonly name: string;
  readonly seed: number;
}

/** A finding, once it is minimized, stored and described. */
export interface ReportedFinding extends Finding {
  /** Name of its case; missing for a run that never ends. */
  readonly id?: string;
  /** Where the case is stored; missing when it could not be. */
  readonly file?: string | undefined;
  readonly story?: readonly string[];
  /** Brings it back. */
  readonly token?: string;
  /** Runs that minimizing took. */
  readonly shrinkRuns?: number;
  /** The command that runs it again. */
  readonly again: string;
  /** How it was found and minimized, in words. */
  readonly history: string;
}

/** The report of a campaign, with its findings as they were reported. */
export interface ReportedCampaign extends CampaignReport {
  readonly findings: readonly ReportedFinding[];
}

export type ReportEvent =
  | {
      readonly type: "start";
      readonly command: "run";
      readonly version: string;
      readonly planned: readonly PlannedRun[];
    }
  | {
      readonly type: "start";
      readonly command: "explore";
      readonly version: string;
      readonly scenarios: readonly string[];
      readonly profile: string;
      readonly strategy: string;
      readonly seed: number;
      /** Runs of each scenario. */
      readonly runs: number;
    }
  /** A scenario of `run` has ended; `again` is the command that runs it again. */
  | ({ readonly type: "result"; readonly again: string } & ScenarioResult)
  /** How far the exploration of a scenario is. */
  | ({ readonly type: "progress"; readonly scenario: string } & Progress)
  /** A failure of a new kind was found, and stored as it is; minimizing follows when the scenario is done. */
  | {
      readonly type: "found";
      readonly scenario: string;
      readonly identity: string;
      readonly run: number;
      readonly id: string;
      readonly file: string | undefined;
    }
  /** A finding was minimized. */
  | ({ readonly type: "finding" } & ReportedFinding)
  /** The exploration of a scenario is done; `wallMs` is the real time it took. */
  | ({ readonly type: "campaign"; readonly wallMs: number } & ReportedCampaign)
  | {
      readonly type: "end";
      readonly exitCode: number;
      /** What was not run, and why: `budget`, `limit` of findings or failures, or the signal that ended the command. */
      readonly leftOut: readonly { readonly name: string; readonly seed?: number }[];
      readonly reason: "budget" | "limit" | InterruptSignal | undefined;
    };

/** Turns events into output. */
export interface Reporter {
  report(event: ReportEvent): void;
}

// Where a reporter writes: to stdout, or to a file of its own.

/** What of a terminal a reporter needs. */
export type ReporterOutput = Pick<Terminal, "out" | "err" | "color" | "width">;

/**
 * @param file - Undefined for stdout. A file is emptied at once, and the folders above it are made.
 * @throws SimError `SIM_OPTION_INVALID` when it cannot be written to, now or later.
 */
export function openOutput(file: string | undefined, terminal: Terminal): ReporterOutput {
  if (file === undefined) return terminal;
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      throw new SimError(
        "SIM_OPTION_INVALID",
        `Cannot write the report ${file}: ${(error as Error).message}.`,
        "Give --reporter a file that may be written to, on a disk that is not full.",
        { cause: error },
      );
    }
  };
  attempt(() => {
    makeFolder(dirname(resolve(file)));
    writeFileSync(file, "");
  });
  const line = (text: string): void => attempt(() => appendFileSync(file, `${text}\n`));
  return { out: line, err: line, color: false, width: Infinity };
}

// How printed commands are written, so that they can be copied into a shell.

/** How this program is started again: as the package gives it, or from its sources where it runs from them. */
export const commandName =
  process.argv[1]?.endsWith("bin.ts") === true ? "node tools/run-ts.mjs sim/cli/bin.ts" : "npx phoenix-sim";

/** @returns The text as one word of a command: for PowerShell and cmd.exe, too, unless only a POSIX shell can have it. */
export function commandWord(text: string): string {
  return /["$`\\!%]/.test(text) ? shellWord(text) : anyShellWord(text);
}

// A failure as a person reads it: what broke, when, the story, where, and the command that brings it back.

export type FindingReport = Pick<
  ReportedFinding,
  "scenario" | "profile" | "failure" | "id" | "file" | "story" | "history" | "again"
>;

/** @returns The token of a case. */
export function tokenOf(found: Case): string {
  return formatToken({ ...found, version, failure: identityOf(found.failure) });
}

/** @returns The command that runs a case again. */
export function replayCommand(found: Case): string {
  const world = found.world === undefined ? "" : ` --world ${commandWord(found.world)}`;
  return `${commandName} replay ${tokenOf(found)}${world}`;
}

/** @returns Lines to print, joined. */
export function formatFinding(finding: FindingReport): string {
  const { scenario, profile, failure, id, file, story = [], history, again } = finding;
  return [
    `FOUND ${identityOf(failure)} in ${scenario} under ${profile}`,
    `  ${failure.message.split("\n").join("\n  ")}`,
    `  ${history}`,
    ...story.map((line) => `  ${line}`),
    ...(failure.source === undefined ? [] : [`  Source: ${failure.source}`]),
    ...(id === undefined
      ? []
      : [`  Case:   ${file === undefined ? `${id}, not stored` : `${file} (${id})`}`]),
    `  Again:  ${again}`,
  ].join("\n");
}
