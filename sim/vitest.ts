/**
 * Vitest's `test` with a world: `import { test, expect } from "phoenix-sim/vitest"`.
 *
 * Uses Vitest's public API only. The seed is `PHOENIX_SIM_SEED`, or fixed by the test's name, and never part
 * of it; a failing test prints the command that runs it again.
 */
import { type TestAPI, test as base } from "vitest";

import { hashString } from "./kernel/index.js";
import { type Phoenix, type PhoenixOptions, createPhoenix } from "./phoenix/index.js";
import { againCommand } from "./vitest/command.js";
import { seedFromEnvironment } from "./vitest/environment.js";
import { worldInTime } from "./vitest/timed-out.js";
import { type ExploreTest, createExplore } from "./vitest/explore.js";

export { expect } from "vitest";
export type { ExploreBody, ExploreOptions, ExploreTest } from "./vitest/explore.js";
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

/** Vitest's `test` with a world, and `test.explore` for many of them. */
export interface PhoenixTest extends TestAPI<PhoenixFixtures> {
  readonly explore: ExploreTest;
}

/**
 * A `test` whose worlds have other options, for one test or for many:
 * `createTest({ nodes: 5 })("five nodes", async ({ phoenix }) => { ... })`.
 *
 * @param options - A `seed` among them is kept, whatever `PHOENIX_SIM_SEED` says.
 */
export function createTest(options: PhoenixOptions = {}): PhoenixTest {
  const test: TestAPI<PhoenixFixtures> = base.extend<PhoenixFixtures>({
    phoenixOptions: options,
    phoenix: async ({ phoenixOptions, task, signal, onTestFailed }, use) => {
      const seed = phoenixOptions.seed ?? seedFromEnvironment() ?? hashString(task.fullTestName);
      onTestFailed(() => {
        if (task.fails !== true) console.error(`Again: ${againCommand(task, `PHOENIX_SIM_SEED=${seed}`)}`);
      });
      const phoenix = await worldInTime(signal, async () =>
        createPhoenix({ globals: true, ...phoenixOptions, seed }),
      );
      await use(phoenix);
      // A test that failed has reason enough to leave things open.
      await phoenix.dispose({ force: task.result?.state === "fail" });
    },
  });
  return Object.assign(test, { explore: createExplore(test) });
}

/** Vitest's `test`, with a world as `phoenix`. */
export const test: PhoenixTest = createTest();
