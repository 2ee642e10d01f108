/** Small helpers for messages to people. */
import { nearest } from "../../src/shared/nearest.js";
import { SimError } from "../errors.js";

/**
 * A hint for a name that does not exist: the nearest there is, if one is near, and all there are.
 *
 * @param listed - What is listed instead of the candidates, where those are many.
 */
export function didYouMean(text: string, candidates: readonly string[], listed = candidates): string {
  const near = nearest(text, candidates);
  const all = `There are: ${listed.join(", ")}.`;
  return near === undefined ? all : `Did you mean "${near}"? ${all}`;
}

/** @returns The text without the tokens in its addresses: what is printed ends in logs that others read. */
export function withoutTokens(text: string): string {
  return text.replaceAll(/([?&](?:token|access_token|jwt)=)[^&\s]+/g, "$1...");
}

/** @returns The text as one word of a POSIX shell, quoted only if it must be. */
export function shellWord(text: string): string {
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * @returns The text as one word that POSIX shells, PowerShell and cmd.exe read alike, where that is possible: between
 *   double quotes, without what any of them replaces there.
 */
export function anyShellWord(text: string): string {
  return /^[\w./:][\w./:~-]*$/.test(text) ? text : `"${text}"`;
}

/**
 * @returns A regular expression for this text that any shell takes between double quotes: what some shell would replace
 *   there (`$`, `%`, quotes, ...) matches any letter.
 */
export function anyShellPattern(text: string): string {
  return text.replaceAll(/[*+?()[{|.]|["$%`!^\\]|[^\S ]/g, (sign) => {
    if (/\s/.test(sign)) return String.raw`\s`;
    return /["$%`!^\\]/.test(sign) ? "." : `[${sign}]`;
  });
}

// Refuses options that do not exist, so that a slip of the pen is an error and not a default.

/**
 * @param what - Whose options they are, such as `until`.
 * @param options - What the caller gave; undefined is nothing.
 * @param known - Names there are.
 * @throws SimError `SIM_OPTION_INVALID` naming the key that is unknown, and the nearest there is.
 */
export function checkOptions(what: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `${what} cannot use ${shown(options)} as its options.`,
      `Give an object with ${known.map((name) => `"${name}"`).join(", ")}.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new SimError("SIM_OPTION_INVALID", `${what} has no option "${name}".`, didYouMean(name, known));
  }
}

function shown(value: unknown): string {
  return typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
}
