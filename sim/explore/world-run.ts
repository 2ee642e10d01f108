/**
 * One run of a scenario in a world, in two phases: faults are injected, then all of them end and the world must come to
 * rest.
 *
 * Under faults a scenario is only a workload: its own expectations hold without faults, so that its failures count
 * only when no fault was injected. Invariants count always.
 */
import { SimError } from "../errors.js";
import { parseDuration } from "../kernel/index.js";
import { createChecks, scenarioNamed, scenarios, type Scenario } from "../scenarios/index.js";
import { oneCrash, twoClients } from "../scenarios/workloads.js";
import { didYouMean } from "../shared/text.js";
import { ConvergenceError, type Phoenix, type PhoenixOptions } from "../world/index.js";
import { attempt, runOneWorld, stallMsMax } from "./one-world.js";
import type { RunOnce } from "./run.js";

// What is left running at the end of a workload is stopped, as a client would.
//
// Otherwise a run would spend an hour of virtual time on each experiment of the default duration. Short ones are
// left alone, so that in most runs some end by themselves.

type Client = Phoenix["client"];
type Row = Readonly<Record<string, unknown>>;

/** Experiments that are to run at most this long end by themselves, in virtual milliseconds. */
const shortMs = 600_000;

/** How long a platform without faults may refuse to answer, in virtual milliseconds. */
const retryForMs = 60_000;
const pauseMs = 2_000;

/** The administrator of each tenant. */
const passwords: Readonly<Record<string, readonly [email: string, password: string]>> = {
  "tenant-001": ["admin@phoenix.io", "admin123"],
  tenant1: ["admin@tenant1.phoenix.io", "tenant1"],
  tenant2: ["admin@tenant2.phoenix.io", "tenant2"],
};

/**
 * Stops every experiment that would run for long. Faults must have ended.
 *
 * @throws ConvergenceError when the platform does not answer within a minute.
 */
export async function stopExperiments(phoenix: Phoenix): Promise<void> {
  const clients = new Map<string, Client>();
  for (const row of phoenix.postgres.rows("experiments")) {
    const account = passwords[String(row["tenant_id"])];
    if (account === undefined || !runsLong(row)) continue;
    const client = clients.get(account[0]) ?? phoenix.clientFor(...account);
    clients.set(account[0], client);
    await stop(phoenix, client, String(row["id"]));
  }
}

function runsLong({ state, deleted, config }: Row): boolean {
  const { duration_ms: durationMs } = config as { readonly duration_ms: number };
  return (
    durationMs > shortMs && deleted !== true && ["pending", "initializing", "running"].includes(String(state))
  );
}

async function stop(phoenix: Phoenix, client: Client, id: string): Promise<void> {
  const untilMs = phoenix.clock.nowMs + retryForMs;
  for (;;) {
    try {
      return await client.stopExperiment(id);
    } catch (error) {
      if (phoenix.failure !== undefined) throw phoenix.failure;
      const { status, code } = error as { readonly status?: unknown; readonly code?: unknown };
      // It has ended, or was deleted, between the look at it and the request.
      if (status === 404 || code === "INVALID_TRANSITION") return;
      if (phoenix.clock.nowMs >= untilMs) {
        const reason = `stopping experiment ${id} still fails: ${(error as Error).message}`;
        throw new ConvergenceError("answers-when-healed", "1m", reason);
      }
    }
    await phoenix.clock.advance(pauseMs);
  }
}

export interface WorldRunOptions {
  /** More options for the worlds, over those of the scenario: wrong variants of parts, most of all. */
  readonly world?: Omit<PhoenixOptions, "seed" | "driver" | "record" | "onStep" | "faults">;
  /** Scenarios of one's own; one with the name of another takes its place. */
  readonly scenarios?: readonly Scenario[];
  /** Share of the workload of scenarios with a load. @default 0.02 */
  readonly scale?: number;
  /** Real milliseconds without a step after which a run counts as one that never ends. @default 10_000 */
  readonly stallMs?: number;
  /** Gets the world once it stands, for what a report tells of it. */
  readonly onWorld?: (phoenix: Phoenix) => void;
}

/** Scenarios that an exploration takes: those of `run`, and small ones of its own. */
export const explorable: readonly Scenario[] = [twoClients, oneCrash, ...scenarios];

/** @throws SimError `SIM_SCENARIO_UNKNOWN` with the nearest name. */
export function explorableNamed(name: string, custom: readonly Scenario[] = []): Scenario {
  const mine = custom.find((scenario) => scenario.name === name);
  if (mine !== undefined) return mine;
  const small = [twoClients, oneCrash].find((scenario) => scenario.name === name);
  if (small !== undefined) return small;
  const names = [...custom, ...explorable].map((scenario) => scenario.name);
  if (names.includes(name)) return scenarioNamed(name);
  throw new SimError("SIM_SCENARIO_UNKNOWN", `There is no scenario "${name}".`, didYouMean(name, names));
}

/** Codes of failures that a scenario cannot have by itself, whatever was injected. */
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
  scenarios: custom = [],
  scale = 0.02,
  stallMs = stallMsMax,
  onWorld,
}: WorldRunOptions = {}): RunOnce {
  return async ({ scenario: name, profile, seed, driver, onStep, between, trace = false }) => {
    const scenario = explorableNamed(name, custom);
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
    const { outcome } = await runOneWorld(options, work, stallMs);
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
  const injected = (): boolean => phoenix.faults.injected().length > 0;
  const check = createChecks({ excused: injected });
  const thrown = await attempt(async () =>
    scenario.run({ phoenix, check, scale, step: () => {}, report: () => {} }),
  );
  if (phoenix.failure !== undefined) throw phoenix.failure;
  if (thrown !== undefined && !(injected() && excusable(thrown))) throw thrown;
  // A short workload is over before most faults were injected; what it started is not.
  if (scenario.faultWindow !== undefined) await advanceTo(phoenix, parseDuration(scenario.faultWindow));
  await phoenix.faults.healAll();
  // Of a workload that was cut short, other requests may be under way: they may create something, still.
  if (thrown !== undefined) await phoenix.clock.advance("30s");
  await stopExperiments(phoenix);
  // What is left ends within minutes; a clock that was an hour off may have set an end that is an hour late.
  const wrongClockInjected = phoenix.faults.injected().some(({ kind }) => kind.startsWith("clock-"));
  await phoenix.converge({ within: wrongClockInjected ? "3h" : "20m" });
  // A workload that was cut short had no chance to close its sockets.
  if (thrown !== undefined) await phoenix.dispose({ force: true });
}

async function advanceTo({ clock }: Phoenix, virtualMs: number): Promise<void> {
  if (virtualMs > clock.nowMs) await clock.advance(virtualMs - clock.nowMs);
}

function excusable(thrown: unknown): boolean {
  return !never.has(String((thrown as { readonly code?: unknown }).code));
}
