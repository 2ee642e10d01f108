/** Which test runner this process belongs to, and which of its tests runs. */
import path from "node:path";
import { inspect, types } from "node:util";

import { SimError } from "../errors.js";
import { anyShellPattern, anyShellWord } from "../shared/text.js";

/** @returns The runner; Node's own when there are no signs of another. */
export function currentRunner(): RunnerName {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  if (process.env["VITEST"] !== undefined) return "vitest";
  return process.env["JEST_WORKER_ID"] === undefined ? "node" : "jest";
}

/** @returns The whole name of the running test, where the runner tells it by a global `expect`, as Jest does. */
export function currentTestName(): string | undefined {
  const expect = (globalThis as { readonly expect?: { getState?(): { readonly currentTestName?: unknown } } })
    .expect;
  const name = expect?.getState?.().currentTestName;
  return typeof name === "string" ? name : undefined;
}

// What the environment says of tests: the seed, how many runs, and the run to bring back.

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

// The command that runs one test again with the seed or the token of its failure. It is the same for every shell, which
// is why it sets no variable: `phoenix-sim rerun` does.

/** Where a test stands. */
export interface TestPlace {
  /** Path of its file; undefined where it is not known. */
  readonly file: string | undefined;
  /** Regular expression for its whole name, without anchors; undefined to run the whole file. */
  readonly namePattern: string | undefined;
}

/** How each runner selects the test to run. */
const runners = {
  vitest: { words: ["vitest", "run"], option: "-t", anchored: true },
  jest: { words: ["jest"], option: "-t", anchored: false },
  node: { words: ["node", "--test"], option: "--test-name-pattern", anchored: false },
  bun: { words: ["bun", "test"], option: "-t", anchored: false },
  deno: { words: ["deno", "test", "-A"], option: undefined, anchored: false },
} as const;

export type RunnerName = keyof typeof runners;

/** @param failure - A seed or a token. */
export function rerunCommand(
  failure: string | number,
  runner: RunnerName,
  { file, namePattern }: TestPlace,
): string {
  const { words, option, anchored } = runners[runner];
  const pattern = anchored ? `^${namePattern}$` : namePattern;
  const chosen = option === undefined || namePattern === undefined ? [] : [option, `"${pattern}"`];
  const where = file === undefined ? [] : [anyShellWord(relativeTo(file))];
  // Node takes options before files only, the others take them anywhere.
  const rest = runner === "node" ? [...chosen, ...where] : [...where, ...chosen];
  return ["npx phoenix-sim rerun", String(failure), ...words, ...rest].join(" ");
}

/** @returns The pattern of a name that a runner matches; parts are joined by a space, by Vitest 5 by " > ". */
export function namePatternOf(name: string): string {
  return anyShellPattern(name).replaceAll(" > ", " (> )?");
}

// A filter of files is a part of a path: where the whole has signs that shells replace, the end of it will do.
function relativeTo(file: string): string {
  const relative = path.relative(process.cwd(), file).replaceAll(path.sep, "/");
  return /["$%`!^\\]/.test(relative) ? (relative.split(/["$%`!^\\]/).at(-1) ?? relative) : relative;
}

// Puts a report into an error, where every test runner shows it: at the end of the message, above the stack.

interface Texts {
  message: string;
  stack?: string | undefined;
}

/** Messages and stacks as they were, so that an error thrown in many runs carries the last report only. */
const originals = new WeakMap<object, Texts>();

/**
 * @param thrown - What a test threw. An error stays itself, with its name, stack, `actual`, `expected` and all else; of
 *   one that is frozen a copy is made; what is no error becomes the cause of one.
 * @returns What to throw instead.
 */
export function withReport(thrown: unknown, report: string): Error {
  // Jest runs tests in a realm of their own, with an Error of its own.
  if (!(thrown instanceof Error || types.isNativeError(thrown))) {
    return new Error(`The test threw ${inspect(thrown)}, which is not an Error.\n\n${report}`, {
      cause: thrown,
    });
  }
  const before = originals.get(thrown) ?? { message: thrown.message, stack: thrown.stack };
  const after = appended(before, report);
  if (set(thrown, after)) {
    originals.set(thrown, before);
    return thrown;
  }
  const copy = new Error(after.message);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(thrown) as object);
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(thrown)))
    Object.defineProperty(copy, key, { ...descriptor, configurable: true });
  set(copy, after);
  return copy;
}

/** Adds a report to the texts of an error, which runners show one or the other of. */
export function appended({ message, stack }: Texts, report: string): Texts {
  const whole = message === "" ? report : `${message}\n\n${report}`;
  if (stack === undefined) return { message: whole };
  const at = stack.search(/^\s+at /m);
  const [head, frames] = at < 0 ? [stack, ""] : [stack.slice(0, at), stack.slice(at)];
  return { message: whole, stack: `${headOf(head, message)}\n\n${report}\n${frames}` };
}

// A stack that was taken from another error has the message of that one.
function headOf(head: string, message: string): string {
  const start = head.indexOf(message);
  if (message === "" || start >= 0) return (head.slice(0, Math.max(start, 0)) + message || head).trimEnd();
  const [name] = /^[\w$.]+(?=[: ])/.exec(head) ?? ["Error"];
  return `${name}: ${message}`;
}

function set(error: Error, texts: Texts): boolean {
  const hidden = { configurable: true, writable: true, enumerable: false };
  try {
    Object.defineProperty(error, "message", { ...hidden, value: texts.message });
    if (texts.stack !== undefined) Object.defineProperty(error, "stack", { ...hidden, value: texts.stack });
    return true;
  } catch {
    return false;
  }
}
