/** Refuses options that do not exist, so that a slip of the pen is an error and not a default. */
import { SimError } from "./errors.js";
import { didYouMean } from "./text.js";

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
