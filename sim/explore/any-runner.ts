/** `explore` for every test runner: node:test, Jest, Bun, Deno, or none. */
import { SimError } from "../errors.js";
import { hashString } from "../kernel/index.js";
import { callSiteOfUser, stackAbove } from "../shared/call-site.js";
import { checkOptions } from "../shared/text.js";
import type { Phoenix, PhoenixOptions } from "../world/index.js";
import type { Exploration, ExploreReport, ExploreSettings } from "./index.js";
import {
  currentRunner,
  currentTestName,
  namePatternOf,
  rerunCommand,
  seedFromEnvironment,
} from "./test-runners.js";

export interface ExploreOptions extends ExploreSettings {
  /**
   * Name of the test, as its runner knows it: enters the replay tokens and the command that runs it again.
   * @default that of the running test in Jest and Bun, else the file that calls
   */
  readonly name?: string;
  /** Options of the worlds, as for `createPhoenix`. @default {} */
  readonly world?: PhoenixOptions;
  /** Seed of all runs. @default `PHOENIX_SIM_SEED`, else made of the name */
  readonly seed?: number;
  /** Ends it early, as the `signal` of a test of node:test does when its time is up. */
  readonly signal?: AbortSignal;
}

const known: Readonly<Record<keyof ExploreOptions, true>> = {
  name: true,
  world: true,
  seed: true,
  signal: true,
  runs: true,
  faults: true,
  converge: true,
  strategy: true,
  shrinkRuns: true,
  examples: true,
};

/**
 * Runs `body` in many worlds, each with another schedule, other delays and other faults. The first failure ends it: it
 * is minimized and described, and the error of that run is thrown with the story and the command that runs it again.
 *
 * `PHOENIX_SIM_TOKEN` brings one run back, `PHOENIX_SIM_SEED` and `PHOENIX_SIM_RUNS` change which and how many are made;
 * `phoenix-sim rerun` sets them. State that outlives a world must not lead `body` elsewhere: runs are repeated.
 *
 * @returns What was run, when all went well.
 * @throws What `body` throws; SimErrors such as `SIM_INVARIANT`, `SIM_LEFT_OPEN`, `SIM_NOT_DETERMINISTIC`,
 *   `SIM_NEVER_REACHED`; and `SIM_OPTION_INVALID`, `SIM_TOKEN_INVALID` for what cannot be used.
 */
export async function explore(
  options: ExploreOptions,
  body: (context: { readonly phoenix: Phoenix }) => Promise<void> | void,
): Promise<ExploreReport> {
  const place = callSiteOfUser(stackAbove(explore));
  checkOptions("explore", options, Object.keys(known));
  if (typeof body !== "function") {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `explore cannot run ${String(body)}: it is ${typeof body}, not a function.`,
      "Give one: explore({ runs: 100 }, async ({ phoenix }) => { ... }).",
    );
  }
  const { name: given, world = {}, seed: givenSeed, signal, ...settings } = options;
  const name = given ?? currentTestName();
  const file = place?.replace(/:\d+$/, "");
  const title = name ?? file ?? "an exploration";
  const seed = givenSeed ?? world.seed ?? seedFromEnvironment() ?? hashString(title);
  const namePattern = name === undefined ? undefined : namePatternOf(name);
  const machine = await import("./index.js");
  const exploration: Exploration = {
    name: title,
    seed,
    settings,
    world,
    body: async (phoenix) => body({ phoenix }),
    ...(signal === undefined ? {} : { signal }),
    again: (failure) => rerunCommand(failure, currentRunner(), { file, namePattern }),
    store: true,
    onProgress: process.stderr.isTTY ? (line) => process.stderr.write(`${line}\n`) : undefined,
  };
  const worlds = machine.createWorlds(exploration);
  try {
    return await machine.explore(exploration, worlds);
  } finally {
    await worlds.end();
  }
}
