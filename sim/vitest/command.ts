/** The command that runs one test again. */
import path from "node:path";

import type { TestContext } from "vitest";

import { shellWord } from "../text.js";

/** @param variable - Set for the run, such as `PHOENIX_SIM_SEED=7`. */
export function againCommand({ file, fullTestName }: TestContext["task"], variable: string): string {
  const relative = path.relative(process.cwd(), file.filepath).replaceAll(path.sep, "/");
  return `${variable} npx vitest run ${shellWord(relative)} -t ${shellWord(patternOf(fullTestName))}`;
}

// Vitest 4 joins the names of suites and test by a space to match them, Vitest 5 by " > ".
function patternOf(fullTestName: string): string {
  const literal = fullTestName.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return `^${literal.replaceAll(" > ", " (> )?").replaceAll(/[^\S ]/g, String.raw`\s`)}$`;
}
