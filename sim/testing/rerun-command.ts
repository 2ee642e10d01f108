/**
 * The command that runs one test again with the seed or the token of its failure. It is the same for every shell, which
 * is why it sets no variable: `phoenix-sim rerun` does.
 */
import path from "node:path";

import { anyShellPattern, anyShellWord } from "../text.js";

/** Where a test stands. */
export interface TestPlace {
  /** Path of its file; undefined where it is not known. */
  readonly file: string | undefined;
  /** Regular expression for its whole name, without anchors; undefined to run the whole file. */
  readonly namePattern: string | undefined;
}

/** How each runner is told which test to run. */
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
