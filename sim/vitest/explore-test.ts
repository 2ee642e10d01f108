/** Runs one explored test: a campaign of worlds, or the one world that a token names. */
import type { TestContext } from "vitest";

import { SimError } from "../errors.js";
import {
  type Case,
  type MakeRun,
  type ToldRun,
  createExecutor,
  differenceError,
  failureHashOf,
  formatToken,
  identityOf,
  localPool,
  neverReached,
  parseToken,
  replay,
  runAndTell,
  runCampaign,
  runOneWorld,
  shrinkCase,
} from "../explore/index.js";
import { hashString } from "../kernel/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import { version } from "../version.js";
import { againCommand } from "./command.js";
import { runsFromEnvironment, seedFromEnvironment, tokenFromEnvironment } from "./environment.js";
import type { ExploreBody, ExploreOptions } from "./explore.js";
import { stopEarly } from "./stop-early.js";

/** An explored test with nothing missing. */
export interface Exploration extends Required<
  Pick<ExploreOptions, "runs" | "converge" | "strategy" | "shrinkRuns">
> {
  readonly faults: NonNullable<PhoenixOptions["faults"]>;
  readonly world: PhoenixOptions;
  readonly body: ExploreBody;
  readonly context: Pick<TestContext, "task" | "signal" | "onTestFailed" | "onTestFinished">;
}

/** Worlds of one test, and what the last of them threw. */
interface Worlds {
  readonly makeRun: MakeRun;
  readonly thrown: unknown;
  /** Gives the globals back when time was up in the middle of a world. */
  end(): Promise<void>;
}

/** @throws What the test throws in the shrunk run, and SimErrors that say why a campaign failed. */
export async function exploreTest(exploration: Exploration): Promise<void> {
  const { context, world } = exploration;
  const { task, onTestFailed, onTestFinished } = context;
  const worlds = createWorlds(exploration);
  onTestFinished(async () => worlds.end());
  const seed = world.seed ?? seedFromEnvironment() ?? hashString(task.fullTestName);
  let again = `PHOENIX_SIM_SEED=${seed}`;
  onTestFailed(() => {
    if (task.fails !== true) console.error(`Again: ${againCommand(task, again)}`);
  });
  const say = (lines: readonly string[]): void => {
    if (task.fails !== true) console.error(lines.join("\n"));
  };
  const token = tokenFromEnvironment();
  if (token !== undefined) {
    again = `PHOENIX_SIM_TOKEN=${token}`;
    return replayOne(token, scenarioOf(task), worlds, say);
  }
  const found = await hunt(exploration, worlds, seed);
  if (found === undefined) return;
  const run = worlds.makeRun(() => {});
  const { least, shrunk } = await shrinkCase(found.first, exploration.shrinkRuns, async (recording) =>
    replay(run, recording),
  );
  const failure = identityOf(least.failure);
  again = `PHOENIX_SIM_TOKEN=${formatToken({ ...least, version, failure })}`;
  const told = await runAndTell({ ...least, failureHash: failureHashOf(failure) }, worlds.makeRun);
  say([
    `Run ${found.run} of ${task.fullTestName} (${found.strategy}) failed; shrunk from ` +
      `${found.first.deviations.length} to ${least.deviations.length} deviations in ${shrunk.runs} runs: ${failure}`,
    ...told.story.map((line) => `  ${line}`),
  ]);
  throw worlds.thrown ?? new Error(least.failure.message);
}

interface Found {
  readonly run: number;
  readonly strategy: string;
  readonly first: Case;
}

async function hunt(exploration: Exploration, worlds: Worlds, seed: number): Promise<Found | undefined> {
  const { context, runs, strategy } = exploration;
  const stop = new AbortController();
  context.signal.addEventListener("abort", () => stop.abort());
  const wanted = runsFromEnvironment(runs);
  const report = await runCampaign({
    version,
    scenario: scenarioOf(context.task),
    profile: profileOf(exploration.faults),
    seed,
    runs: wanted,
    strategy,
    signal: stop.signal,
    pool: localPool(stopEarly(createExecutor(worlds.makeRun(() => {})), stop)),
  });
  const [difference] = report.differences;
  if (difference !== undefined) throw differenceError(difference);
  const [finding] = report.findings;
  if (finding !== undefined) {
    const { run, strategy: by, scenario, profile, failure, deviations } = finding;
    const first = { version, scenario, profile, seed: finding.seed, failure, deviations, minimal: false };
    return { run, strategy: by, first };
  }
  // Fewer runs than the test asks for prove nothing about what comes true seldom.
  const missing = wanted < runs || stop.signal.aborted ? [] : neverReached(report);
  if (missing.length === 0) return undefined;
  throw new SimError(
    "SIM_NEVER_REACHED",
    `Never came true in ${report.runs} runs: ${missing.join(", ")}.`,
    "Give more runs, let faults strike, or look whether it can come true at all.",
  );
}

async function replayOne(
  text: string,
  scenario: string,
  worlds: Worlds,
  say: (lines: readonly string[]) => void,
): Promise<void> {
  const token = parseToken(text, version);
  if (token.scenario !== scenario) {
    throw new SimError(
      "SIM_TOKEN_INVALID",
      `The token is of "${token.scenario}", and this test is "${scenario}".`,
      "Run the test that printed it alone, with -t; unset PHOENIX_SIM_TOKEN to run the others.",
    );
  }
  const told: ToldRun = await runAndTell(token, worlds.makeRun);
  const { outcome, verdict, left, story } = told;
  if (outcome.failure === undefined) {
    console.warn(`The failure of the token does not come any more.${left === undefined ? "" : ` ${left}`}`);
    return;
  }
  say([
    `The run of the token ${verdict === "same" ? "fails as it did" : "fails in another way"}:`,
    ...story.map((line) => `  ${line}`),
  ]);
  throw worlds.thrown;
}

function createWorlds({ world, faults, body, converge, context }: Exploration): Worlds {
  let current: Phoenix | undefined;
  let thrown: unknown;
  const window = typeof faults === "string" ? undefined : faults.window;

  const makeRun: MakeRun = (onWorld) => async (input) => {
    context.signal.throwIfAborted();
    const { seed, driver, profile, between } = input;
    const options: PhoenixOptions = {
      globals: true,
      ...world,
      seed,
      driver,
      faults: window === undefined ? profile : { profile, window },
      onStep(step) {
        input.onStep(step);
        world.onStep?.(step);
      },
      ...(between === undefined ? {} : { between }),
    };
    const done = await runOneWorld(options, async (phoenix) => {
      current = phoenix;
      onWorld(phoenix);
      await body({ phoenix });
      if (phoenix.failure !== undefined) throw phoenix.failure;
      if (converge !== false) await phoenix.converge(converge === true ? {} : { within: converge });
    });
    thrown = done.thrown;
    return done.outcome;
  };

  return {
    makeRun,
    get thrown() {
      return thrown;
    },
    end: async () => current?.dispose({ force: true }),
  };
}

function profileOf(faults: Exploration["faults"]): string {
  return typeof faults === "string" ? faults : faults.profile;
}

// Part of a token, and so made of letters and digits of the name.
function scenarioOf({ fullTestName }: TestContext["task"]): string {
  const words = fullTestName.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.join("-").slice(0, 40) || `test-${hashString(fullTestName)}`;
}
