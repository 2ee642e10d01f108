/** A failure as a person reads it: what broke, when, the story, where, and the command that brings it back. */
import { type Case, formatToken, identityOf } from "../../explore/index.js";
import { version } from "../../version.js";
import { commandName, commandWord } from "../command-name.js";
import type { ReportedFinding } from "./report-event.js";

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
