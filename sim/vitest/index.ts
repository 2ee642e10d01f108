/**
 * Vitest's `test` with a world: `import { test, expect } from "phoenix-sim/vitest"`.
 *
 * Uses Vitest's public API only. The seed is `PHOENIX_SIM_SEED`, or fixed by the test's name, and never part
 * of it; the error of a failing test says how to run it again. A world is loaded when the first test asks for one.
 */
import { test as base, type TestAPI, type TestContext } from "vitest";

import { seedFromEnvironment, withReport } from "../explore/test-runners.js";
import { hashString } from "../kernel/index.js";
import type { Phoenix, PhoenixOptions, Unhandled } from "../world/index.js";
import { explorableToo, type PhoenixTest } from "./explore.js";
import { installNetworkGuard, reportInErrors, rerunTest, worldInTime, type NetworkGuard } from "./guards.js";

export {
  type ExploreBody,
  type ExploreCases,
  type ExploreContext,
  type ExploreOptions,
  type ExploreTest,
  type PhoenixTest,
  regressions,
  type RegressionsOptions,
} from "./explore.js";

export { expect } from "vitest";

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
  /**
   * Hosts that a test without a world may connect to, besides this machine; others are refused with `SIM_NO_WORLD`.
   * Automatic mocks of HTTP connect to nothing, and are not concerned. @default []
   */
  readonly realHosts: readonly string[];
}

/** Fixtures that nobody but this module asks for. */
interface BuiltInFixtures extends PhoenixFixtures {
  readonly networkGuard: NetworkGuard;
}

/**
 * A `test` whose worlds have other options, for one test or for many:
 * `createTest({ nodes: 5 })("five nodes", async ({ phoenix }) => { ... })`.
 *
 * @param options - A `seed` among them is kept, whatever `PHOENIX_SIM_SEED` says.
 */
export function createTest(options: PhoenixOptions = {}): PhoenixTest<PhoenixFixtures> {
  const test: TestAPI<BuiltInFixtures> = base.extend<BuiltInFixtures>({
    phoenixOptions: options,
    realHosts: [],
    networkGuard: [
      async ({ realHosts }, use) => {
        const guard = installNetworkGuard(realHosts);
        await use(guard);
        guard.lift();
      },
      { auto: true },
    ],
    phoenix: async ({ phoenixOptions, networkGuard, task, signal, onTestFailed, onTestFinished }, use) => {
      networkGuard.lift();
      await useWorld(phoenixOptions, { task, signal, onTestFailed, onTestFinished }, use);
    },
  });
  const explorable = base.extend<Pick<PhoenixFixtures, "phoenixOptions">>({ phoenixOptions: options });
  return explorableToo(test as TestAPI<PhoenixFixtures>, {
    test: explorable,
    names: ["phoenixOptions"],
    wide: [],
    text: "",
    fixtures: new Map(),
  });
}

async function useWorld(
  options: PhoenixOptions,
  context: Pick<TestContext, "task" | "signal" | "onTestFailed" | "onTestFinished">,
  use: (phoenix: Phoenix) => Promise<void>,
): Promise<void> {
  const { task, signal, onTestFinished } = context;
  const seed = options.seed ?? seedFromEnvironment() ?? hashString(task.fullTestName);
  reportInErrors(context, () => `Run it again: ${rerunTest(seed, task)}`);
  const phoenix = await worldInTime(signal, async () => {
    const { createPhoenix } = await import("../world/index.js");
    return createPhoenix({ globals: true, ...options, seed });
  });
  const { catchUnhandled } = await import("../world/index.js");
  // Of tests that run at the same time nobody can say whose promise was rejected.
  const unhandled = task.concurrent === true ? undefined : catchUnhandled();
  // Vitest reports twice what the end of a fixture throws, and once what a hook does.
  let fail = (error: unknown): void => {
    failure = { error };
  };
  let failure: { readonly error: unknown } | undefined;
  onTestFinished(() => {
    fail = (error) => {
      throw error;
    };
    if (failure !== undefined) throw failure.error;
  });
  await use(phoenix);
  const [first] = await endOf(phoenix, task, unhandled);
  if (first !== undefined) fail(first);
}

/** @returns What is wrong at the end of a test, and not known yet: what it left open, and what nobody awaited. */
async function endOf(
  phoenix: Phoenix,
  { result }: TestContext["task"],
  unhandled: Unhandled | undefined,
): Promise<readonly unknown[]> {
  const { saysWorldClosed } = await import("../world/index.js");
  // A test that failed has reason enough to leave things open.
  const force = result?.state === "fail";
  const left = await phoenix.dispose({ force }).then(
    () => [],
    (error: unknown) => [error],
  );
  const known = new Set(result?.errors?.map(({ message }) => message));
  const lost = ((await unhandled?.end()) ?? [])
    .filter((error) => !saysWorldClosed(error) && !known.has((error as Partial<Error>).message ?? ""))
    .map((error) =>
      withReport(error, "It was thrown where nobody awaited it: await the call, or catch its error."),
    );
  return [...left, ...lost];
}

/** Vitest's `test`, with a world as `phoenix`. */
export const test: PhoenixTest<PhoenixFixtures> = createTest();
