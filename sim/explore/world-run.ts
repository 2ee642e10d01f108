/**
 * One run of a scenario in a world, in two phases: faults strike, then all of them end and the world must come to
 * rest.
 *
 * Under faults a scenario is only a workload: its own expectations hold without faults, so that its failures count
 * only when nothing struck. Invariants count always.
 */
import { SimError } from "../errors.js";

import { type Phoenix, type PhoenixOptions, createPhoenix } from "../phoenix/index.js";
import { type Scenario, createChecks, scenarioNamed, scenarios } from "../scenarios/index.js";
import { nearest } from "../text.js";
import type { Failure, RunOnce, RunOutcome } from "./run.js";
import { twoClients } from "./workloads/two-clients.js";

export interface WorldRunOptions {
  /** More options for the worlds, over those of the scenario: wrong variants of parts, most of all. */
  readonly world?: Omit<PhoenixOptions, "seed" | "driver" | "record" | "onStep" | "faults">;
  /** Share of the workload of scenarios with a load. @default 0.02 */
  readonly scale?: number;
  /** Gets the world once it stands, for what a report tells of it. */
  readonly onWorld?: (phoenix: Phoenix) => void;
}

/** Scenarios that an exploration takes: those of `run`, and small ones of its own. */
export const explorable: readonly Scenario[] = [twoClients, ...scenarios];

/** @throws SimError `SIM_SCENARIO_UNKNOWN` with the nearest name. */
export function explorableNamed(name: string): Scenario {
  if (name === twoClients.name) return twoClients;
  const names = explorable.map((scenario) => scenario.name);
  if (names.includes(name)) return scenarioNamed(name);
  throw new SimError(
    "SIM_SCENARIO_UNKNOWN",
    `There is no scenario "${name}".`,
    `Did you mean "${nearest(name, names)}"? There are: ${names.join(", ")}.`,
  );
}

/** Codes of failures that a scenario cannot have by itself, whatever struck. */
const never = new Set(["SIM_DEADLOCK", "SIM_STEP_LIMIT", "SIM_TIME_LIMIT", "SIM_NOT_CONVERGED"]);

/** @returns What an executor runs. */
export function createWorldRun({ world = {}, scale = 0.02, onWorld }: WorldRunOptions = {}): RunOnce {
  return async ({ scenario: name, profile, seed, driver, onStep }) => {
    const scenario = explorableNamed(name);
    const phoenix = await createPhoenix({
      ...scenario.world,
      ...world,
      platform: mergePlatforms(scenario.world.platform, world.platform),
      seed,
      driver,
      onStep,
      record: true,
      faults: { profile, window: "75s" },
    });
    onWorld?.(phoenix);
    const thrown = await attempt(async () => bothPhases(phoenix, scenario, scale));
    const outcome = outcomeOf(phoenix, thrown);
    const left = await attempt(async () => phoenix.dispose({ force: thrown !== undefined }));
    return outcome.failure === undefined && left !== undefined
      ? { ...outcome, failure: describe(left) }
      : outcome;
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
  };
}

async function bothPhases(phoenix: Phoenix, scenario: Scenario, scale: number): Promise<void> {
  const context = { phoenix, check: createChecks(), scale, step: () => {}, report: () => {} };
  const thrown = await attempt(async () => scenario.run(context));
  if (phoenix.failure !== undefined) throw phoenix.failure;
  if (thrown !== undefined && !excused(phoenix, thrown)) throw thrown;
  // Experiments of the default duration run for an hour.
  await phoenix.converge({ within: "3h" });
}

function excused(phoenix: Phoenix, thrown: unknown): boolean {
  const code = (thrown as { readonly code?: unknown }).code;
  return phoenix.faults.struck().length > 0 && !never.has(String(code));
}

async function attempt(work: () => Promise<void>): Promise<unknown> {
  return work().then(
    () => undefined,
    (error: unknown) => error ?? new Error("Something threw undefined."),
  );
}

function outcomeOf(phoenix: Phoenix, thrown: unknown): RunOutcome {
  return {
    failure: thrown === undefined ? undefined : describe(phoenix.failure ?? thrown),
    traceHash: phoenix.trace.hash(),
    steps: phoenix.trace.steps,
    virtualUs: Math.round(phoenix.clock.nowMs * 1000),
    deviations: [...phoenix.trace.deviations()],
    sometimes: phoenix.sometimesSeen,
  };
}

/** @returns A failure with an identity that is the same in every run that fails so. */
function describe(thrown: unknown): Failure {
  const { code, invariant, name, message, stack } = thrown as Partial<Record<string, unknown>>;
  const text = String(message ?? thrown);
  const source = typeof stack === "string" ? sourceOf(stack) : undefined;
  const found = { message: text, ...(source === undefined ? {} : { source }) };
  if (code === "SIM_INVARIANT") return { kind: "invariant", code: String(invariant), message: text };
  if (code === "SIM_NOT_CONVERGED") return { kind: "convergence", code: String(invariant), message: text };
  if (code === "SIM_ASSERTION") return { kind: "assertion", code: "SIM_ASSERTION", ...found };
  if (code === "SIM_LEFT_OPEN") return { kind: "leak", code: "SIM_LEFT_OPEN", message: text };
  if (typeof code === "string") return { kind: "error", code, ...found };
  return { kind: "throw", code: typeof name === "string" ? name : "Error", ...found };
}

// The first place that is not the simulator's own machinery.
function sourceOf(stack: string): string | undefined {
  const line = stack
    .split("\n")
    .slice(1)
    .find((each) => /:\d+:\d+\)?$/.test(each) && !/node:|node_modules|checks\.|errors\./.test(each));
  return /([^/\\() ]+:\d+):\d+\)?$/.exec(line ?? "")?.[1];
}
