/** `test.explore`: one test, run in many worlds, until a schedule or a fault breaks it. */
import type { TestAPI } from "vitest";

import { checkOptions } from "../check-options.js";
import type { Duration } from "../kernel/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import { exploreTest } from "./explore-test.js";

export interface ExploreOptions {
  /** Worlds to run; `PHOENIX_SIM_RUNS` changes it: `1000`, or `10x`. @default 100 */
  readonly runs?: number;
  /**
   * Faults that may strike: `swarm`, `hostile`, `only-<fault>`, as for `createPhoenix`. The test must expect them:
   * whatever it throws is a failure. @default that of the world's options, else "calm": only schedules and delays vary
   */
  readonly faults?: PhoenixOptions["faults"];
  /**
   * After the test, end all faults and demand that the world comes to rest, within 20 virtual minutes or the time
   * given. @default false
   */
  readonly converge?: boolean | Duration;
  /** Who answers the questions of a run. @default "portfolio" */
  readonly strategy?: string;
  /** Runs that shrinking a failure may take. @default 300 */
  readonly shrinkRuns?: number;
  /** Real milliseconds for all runs together. @default 300_000 */
  readonly timeout?: number;
  /** As Vitest's. */
  readonly skip?: boolean;
  /** As Vitest's. */
  readonly only?: boolean;
  /** As Vitest's. */
  readonly fails?: boolean;
}

/** What is run in each world. State that outlives a world must not lead it elsewhere: runs are repeated. */
export type ExploreBody = (context: { readonly phoenix: Phoenix }) => Promise<void> | void;

/**
 * Registers a test that runs its body in many worlds, each with another schedule, other delays and other faults.
 * The first failure ends it: it is shrunk and told in words, with a command that runs it again.
 */
export interface ExploreTest {
  (name: string, body: ExploreBody): void;
  /** @throws SimError `SIM_OPTION_INVALID` for an option that does not exist. */
  (name: string, options: ExploreOptions, body: ExploreBody): void;
}

/** What `test` gives to the tests that it registers. */
export interface WorldFixtures {
  readonly phoenixOptions: PhoenixOptions;
  readonly phoenix: Phoenix;
}

const known: Readonly<Record<keyof ExploreOptions, true>> = {
  runs: true,
  faults: true,
  converge: true,
  strategy: true,
  shrinkRuns: true,
  timeout: true,
  skip: true,
  only: true,
  fails: true,
};

/** How long all runs may take, in real milliseconds. */
const timeoutMs = 300_000;

/** @returns `test.explore` beside a `test`, whose options of worlds it takes. */
export function createExplore(test: TestAPI<WorldFixtures>): ExploreTest {
  return (name: string, ...rest: readonly [ExploreBody] | readonly [ExploreOptions, ExploreBody]) => {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    checkOptions("test.explore", options, Object.keys(known));
    const { runs = 100, faults, converge = false, strategy, shrinkRuns = 300, ...ofVitest } = options;
    test(
      name,
      { timeout: timeoutMs, ...ofVitest },
      async ({ phoenixOptions: world, task, signal, onTestFailed, onTestFinished }) => {
        await exploreTest({
          runs,
          faults: faults ?? world.faults ?? "calm",
          converge,
          strategy: strategy ?? "portfolio",
          shrinkRuns,
          world,
          body,
          context: { task, signal, onTestFailed, onTestFinished },
        });
      },
    );
  };
}
