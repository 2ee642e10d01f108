/** A failure as a person reads it: what broke, when, the story, where, and the command that brings it back. */
import { type Case, formatToken, identityOf } from "../../explore/index.js";
import { shellWord } from "../../text.js";
import { version } from "../../version.js";
import { commandName } from "../command-name.js";

export interface FindingReport {
  readonly found: Case;
  readonly id: string;
  /** Undefined for a case that could not be stored. */
  readonly file: string | undefined;
  readonly story: readonly string[];
  /** How it was found and made smaller, in words. */
  readonly history: string;
  /** Module with worlds of the user's own, that the command must name again. */
  readonly worldFile?: string | undefined;
}

/** @returns The token of a case. */
export function tokenOf(found: Case): string {
  return formatToken({ ...found, version, failure: identityOf(found.failure) });
}

/** @returns Lines to print, joined. */
export function formatFinding({ found, id, file, story, history, worldFile }: FindingReport): string {
  const { failure, scenario, profile } = found;
  return [
    `FOUND ${identityOf(failure)} in ${scenario} under ${profile}`,
    `  ${failure.message.split("\n").join("\n  ")}`,
    `  ${history}`,
    ...story.map((line) => `  ${line}`),
    ...(failure.source === undefined ? [] : [`  Source: ${failure.source}`]),
    `  Case:   ${file === undefined ? `${id}, not stored` : `${file} (${id})`}`,
    `  Again:  ${commandName} replay ${tokenOf(found)}${worldFile === undefined ? "" : ` --world ${shellWord(worldFile)}`}`,
  ].join("\n");
}
