/**
 * Vitest's `test` with a world: `import { test, expect } from "phoenix-sim/vitest"`.
 *
 * Uses Vitest's public API only. The seed is `PHOENIX_SIM_SEED`, or fixed by the test's name, and never part
 * of it; a failing test prints the command that runs it again.
 */
import { type TestAPI, test as base } from "vitest";

import { SimError } from "./errors.js";
import { hashString } from "./kernel/index.js";
import { type Phoenix, type PhoenixOptions, createPhoenix } from "./phoenix/index.js";

export { expect } from "vitest";

/** What a test gets. */
export interface PhoenixFixture {
  /** A world of the test's own, started before it and disposed after it. */
  readonly phoenix: Phoenix;
}

/**
 * @param options - Options of the worlds of all tests made with it. `globals` is on by default, so that the
 * test's own `fetch`, `WebSocket`, timers and `Date` reach the world; turn it off for concurrent tests.
 */
export function createTest(options: PhoenixOptions = {}): TestAPI<PhoenixFixture> {
  return base.extend<PhoenixFixture>({
    phoenix: async ({ task, onTestFailed }, use) => {
      const seed = options.seed ?? seedFromEnvironment() ?? hashString(task.fullName);
      onTestFailed(() => {
        console.error(`Again: ${replayCommand(seed, task.file.filepath, task.name)}`);
      });
      const phoenix = await createPhoenix({ globals: true, ...options, seed });
      await use(phoenix);
      // A test that failed has reason enough to leave things open.
      await phoenix.dispose({ force: task.result?.state === "fail" });
    },
  });
}

/** Vitest's `test`, with a world as `phoenix`. */
export const test: TestAPI<PhoenixFixture> = createTest();

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

function replayCommand(seed: number, file: string, name: string): string {
  return `PHOENIX_SIM_SEED=${seed} npx vitest run ${file} -t ${JSON.stringify(name)}`;
}
