/** What the environment says of tests: the seed, how many runs, and the run to bring back. */
import { SimError } from "../errors.js";

/** @returns `PHOENIX_SIM_SEED`; undefined when it is not set. @throws SimError `SIM_OPTION_INVALID`. */
export function seedFromEnvironment(): number | undefined {
  const text = read("PHOENIX_SIM_SEED");
  if (text === undefined) return undefined;
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw invalid("PHOENIX_SIM_SEED", text, `Give a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
}

/** @returns `PHOENIX_SIM_TOKEN`; undefined when it is not set. */
export function tokenFromEnvironment(): string | undefined {
  return read("PHOENIX_SIM_TOKEN");
}

/**
 * @param declared - Runs that a test asks for.
 * @returns What `PHOENIX_SIM_RUNS` makes of them: a number stands for itself, `10x` for ten times as many; never
 *   less than one.
 * @throws SimError `SIM_OPTION_INVALID`.
 */
export function runsFromEnvironment(declared: number): number {
  const text = read("PHOENIX_SIM_RUNS");
  if (text === undefined) return declared;
  const match = /^(\d+(?:\.\d+)?)(x?)$/.exec(text);
  const runs = Math.round(Number(match?.[1]) * (match?.[2] === "x" ? declared : 1));
  if (match !== null && Number.isSafeInteger(runs)) return Math.max(1, runs);
  throw invalid(
    "PHOENIX_SIM_RUNS",
    text,
    "Give a number of runs, such as 1000, or a factor, such as 10x or 0.1x.",
  );
}

function read(name: string): string | undefined {
  const text = process.env[name];
  return text === "" ? undefined : text;
}

function invalid(name: string, text: string, hint: string): SimError {
  return new SimError("SIM_OPTION_INVALID", `Cannot use ${name}="${text}".`, hint);
}
