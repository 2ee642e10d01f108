/**
 * Vitest's `test` with a world: `import { test, expect } from "phoenix-sim/vitest"`.
 *
 * Uses Vitest's public API only. The seed is `PHOENIX_SIM_SEED`, or fixed by the test's name, and never part
 * of it; a failing test prints the command that runs it again.
 */
import path from "node:path";

import { type TestAPI, type TestContext, test as base } from "vitest";

import { SimError } from "./errors.js";
import { hashString } from "./kernel/index.js";
import { type Phoenix, type PhoenixOptions, createPhoenix } from "./phoenix/index.js";
import { shellWord } from "./text.js";

export { expect } from "vitest";
export { regressions } from "./vitest/regressions.js";
export type { RegressionsOptions } from "./vitest/regressions.js";

/** What a test gets. */
export interface PhoenixFixtures {
  /**
   * Options of the world. To change them for a file or a `describe`:
   * `test.override({ phoenixOptions: { nodes: 5 } })`. What is not named there has its default again.
   */
  readonly phoenixOptions: PhoenixOptions;
  /**
   * A world of the test's own, started before it and disposed after it: what the test leaves open fails it with
   * `SIM_LEFT_OPEN`, unless it has failed already.
   *
   * `globals` is on by default, so that the test's own `fetch`, `WebSocket`, timers and `Date` reach the world;
   * turn it off for concurrent tests.
   */
  readonly phoenix: Phoenix;
}

/**
 * A `test` whose worlds have other options, for one test or for many:
 * `createTest({ nodes: 5 })("five nodes", async ({ phoenix }) => { ... })`.
 *
 * @param options - A `seed` among them is kept, whatever `PHOENIX_SIM_SEED` says.
 */
export function createTest(options: PhoenixOptions = {}): TestAPI<PhoenixFixtures> {
  return base.extend<PhoenixFixtures>({
    phoenixOptions: options,
    phoenix: async ({ phoenixOptions, task, onTestFailed }, use) => {
      const seed = phoenixOptions.seed ?? seedFromEnvironment() ?? hashString(task.fullTestName);
      onTestFailed(() => {
        if (task.fails !== true) console.error(`Again: ${replayCommand(task, seed)}`);
      });
      const phoenix = await createPhoenix({ globals: true, ...phoenixOptions, seed });
      await use(phoenix);
      // A test that failed has reason enough to leave things open.
      await phoenix.dispose({ force: task.result?.state === "fail" });
    },
  });
}

/** Vitest's `test`, with a world as `phoenix`. */
export const test: TestAPI<PhoenixFixtures> = createTest();

function seedFromEnvironment(): number | undefined {
  const text = process.env["PHOENIX_SIM_SEED"];
  if (text === undefined || text === "") return undefined;
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use PHOENIX_SIM_SEED="${text}".`,
    `Give a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`,
  );
}

function replayCommand({ file, fullTestName }: TestContext["task"], seed: number): string {
  const relative = path.relative(process.cwd(), file.filepath).replaceAll(path.sep, "/");
  return `PHOENIX_SIM_SEED=${seed} npx vitest run ${shellWord(relative)} -t ${shellWord(patternOf(fullTestName))}`;
}

// Vitest 4 joins the names of suites and test by a space to match them, Vitest 5 by " > ".
function patternOf(fullTestName: string): string {
  const literal = fullTestName.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return `^${literal.replaceAll(" > ", " (> )?").replaceAll(/[^\S ]/g, String.raw`\s`)}$`;
}
