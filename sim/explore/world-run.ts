/**
 * One run of a scenario in a world, in two phases: faults strike, then all of them end and the world must come to
 * rest.
 *
 * Under faults a scenario is only a workload: its own expectations hold without faults, so that its failures count
 * only when nothing struck. Invariants count always.
 */
import { SimError } from "../errors.js";
import { parseDuration } from "../kernel/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import { type Scenario, createChecks, scenarioNamed, scenarios } from "../scenarios/index.js";
import { didYouMean } from "../text.js";
import { attempt, runOneWorld, stillMsMax } from "./one-world.js";
import type { RunOnce } from "./run.js";
import { stopExperiments } from "./stop-experiments.js";
import { oneCrash } from "./workloads/one-crash.js";
import { twoClients } from "./workloads/two-clients.js";

export interface WorldRunOptions {
  /** More options for the worlds, over those of the scenario: wrong variants of parts, most of all. */
  readonly world?: Omit<PhoenixOptions, "seed" | "driver" | "record" | "onStep" | "faults">;
  /** Scenarios of one's own; one with the name of another takes its place. */
  readonly scenarios?: readonly Scenario[];
  /** Share of the workload of scenarios with a load. @default 0.02 */
  readonly scale?: number;
  /** Real milliseconds without a step after which a run counts as one that never ends. @default 10_000 */
  readonly stillMs?: number;
  /** Gets the world once it stands, for what a report tells of it. */
  readonly onWorld?: (phoenix: Phoenix) => void;
}

/** Scenarios that an exploration takes: those of `run`, and small ones of its own. */
export const explorable: readonly Scenario[] = [twoClients, oneCrash, ...scenarios];

/** @throws SimError `SIM_SCENARIO_UNKNOWN` with the nearest name. */
export function explorableNamed(name: string, own: readonly Scenario[] = []): Scenario {
  const mine = own.find((scenario) => scenario.name === name);
  if (mine !== undefined) return mine;
  const small = [twoClients, oneCrash].find((scenario) => scenario.name === name);
  if (small !== undefined) return small;
  const names = [...own, ...explorable].map((scenario) => scenario.name);
  if (names.includes(name)) return scenarioNamed(name);
  throw new SimError("SIM_SCENARIO_UNKNOWN", `There is no scenario "${name}".`, didYouMean(name, names));
}

/** Codes of failures that a scenario cannot have by itself, whatever struck. */
const never = new Set([
  "SIM_DEADLOCK",
  "SIM_STEP_LIMIT",
  "SIM_TIME_LIMIT",
  "SIM_WALL_LIMIT",
  "SIM_NOT_CONVERGED",
]);

/** No scenario takes longer; one that waits for ever is noticed in seconds of real time. */
const dayMs = 86_400_000;

/** @returns What an executor runs. */
export function createWorldRun({
  world = {},
  scenarios: own = [],
  scale = 0.02,
  stillMs = stillMsMax,
  onWorld,
}: WorldRunOptions = {}): RunOnce {
  return async ({ scenario: name, profile, seed, driver, onStep, between, trace = false }) => {
    const scenario = explorableNamed(name, own);
    const merged = mergeWorlds(scenario.world, world);
    const options: PhoenixOptions = {
      ...merged,
      limits: { virtualMsMax: dayMs, ...merged.limits },
      ...(trace ? { trace } : {}),
      seed,
      driver,
      onStep,
      ...(between === undefined ? {} : { between }),
      faults: { profile, window: scenario.faultWindow ?? "75s" },
    };
    const work = async (phoenix: Phoenix): Promise<void> => {
      onWorld?.(phoenix);
      await bothPhases(phoenix, scenario, scale);
    };
    const { outcome } = await runOneWorld(options, work, stillMs);
    return outcome;
  };
}

/** @returns The options of a scenario with those of `other` over them, part by part. */
export function mergeWorlds(
  one: Omit<PhoenixOptions, "seed" | "driver">,
  other: NonNullable<WorldRunOptions["world"]>,
): Omit<PhoenixOptions, "seed" | "driver"> {
  return {
    ...one,
    ...other,
    platform: mergePlatforms(one.platform, other.platform),
    limits: { ...one.limits, ...other.limits },
  };
}

type Platform = NonNullable<PhoenixOptions["platform"]>;

// Part by part: a wrong variant of one piece leaves what the scenario says of the others, and of its options.
function mergePlatforms(one: Platform = {}, other: Platform = {}): Platform {
  return {
    ...one,
    ...other,
    gateway: {
      ...one.gateway,
      ...other.gateway,
      options: { ...one.gateway?.options, ...other.gateway?.options },
    },
    controller: {
      ...one.controller,
      ...other.controller,
      options: { ...one.controller?.options, ...other.controller?.options },
    },
    node: { ...one.node, ...other.node, options: { ...one.node?.options, ...other.node?.options } },
  };
}

async function bothPhases(phoenix: Phoenix, scenario: Scenario, scale: number): Promise<void> {
  const struck = (): boolean => phoenix.faults.struck().length > 0;
  const check = createChecks({ excused: struck });
  const thrown = await attempt(async () =>
    scenario.run({ phoenix, check, scale, step: () => {}, report: () => {} }),
  );
  if (phoenix.failure !== undefined) throw phoenix.failure;
  if (thrown !== undefined && !(struck() && excusable(thrown))) throw thrown;
  // A short workload is over before most faults have struck; what it started is not.
  if (scenario.faultWindow !== undefined) await advanceTo(phoenix, parseDuration(scenario.faultWindow));
  await phoenix.faults.healAll();
  // Of a workload that was cut short, other requests may be under way: they may create something, still.
  if (thrown !== undefined) await phoenix.clock.advance("30s");
  await stopExperiments(phoenix);
  // What is left ends within minutes; a clock that was an hour off may have set an end that is an hour late.
  const clockStruck = phoenix.faults.struck().some(({ kind }) => kind.startsWith("clock-"));
  await phoenix.converge({ within: clockStruck ? "3h" : "20m" });
  // A workload that was cut short had no chance to close its sockets.
  if (thrown !== undefined) await phoenix.dispose({ force: true });
}

async function advanceTo({ clock }: Phoenix, virtualMs: number): Promise<void> {
  if (virtualMs > clock.nowMs) await clock.advance(virtualMs - clock.nowMs);
}

function excusable(thrown: unknown): boolean {
  return !never.has(String((thrown as { readonly code?: unknown }).code));
}
