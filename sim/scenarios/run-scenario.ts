/** Runs one scenario once, in a world of its own, and says how it went. */
import { SimError } from "../errors.js";
import { type Driver, parseDuration, realNowMs } from "../kernel/index.js";
import { type PhoenixOptions, createPhoenix } from "../phoenix.js";
import type { ApiCoverage } from "./api-coverage.js";
import { createChecks } from "./checks.js";
import type { Scenario } from "./scenario.js";

export interface RunScenarioOptions {
  readonly seed: number;
  /** Answers the choices of the run. @default seeded random */
  readonly driver?: Driver;
  /** See `ScenarioContext.scale`. @default 1 */
  readonly scale?: number;
  /** More options for the world, over those of the scenario. */
  readonly world?: PhoenixOptions;
  /** Called as each step begins. */
  readonly onStep?: (title: string, virtualMs: number) => void;
}

/** What one run used. The counts are the same for the same seed and code; heap is a measurement. */
export interface ScenarioResources {
  /** Statements that PostgreSQL executed. */
  readonly sqlStatements: number;
  /** Bytes of JavaScript heap in use as the scenario ended, garbage included. */
  readonly heapBytes: number;
  /** Sockets, timers and pipes that the process holds after the world was disposed and did not hold before. */
  readonly openHandles: number;
}

export interface ScenarioResult {
  readonly name: string;
  readonly seed: number;
  readonly ok: boolean;
  /** Virtual milliseconds from start to end. */
  readonly virtualMs: number;
  /** Real milliseconds, the world's start and end included. */
  readonly wallMs: number;
  /** Events the world ran. */
  readonly events: number;
  readonly traceHash: string;
  /** Assertions made. */
  readonly assertions: number;
  /** Figures the scenario reported, in order. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly resources?: ScenarioResources;
  readonly coverage?: ApiCoverage;
  readonly error?: { readonly code: string; readonly message: string; readonly step: string };
}

/** Never throws for a failing scenario; the result carries the error. */
export async function runScenario(scenario: Scenario, options: RunScenarioOptions): Promise<ScenarioResult> {
  const { seed, driver, scale = 1, world = {}, onStep } = options;
  const startedAt = realNowMs();
  const check = createChecks();
  const figures: (readonly [string, string])[] = [];
  let step = "create the world";
  let virtualMs = 0;
  let events = 0;
  let traceHash = "";
  let failure: unknown;
  try {
    await using phoenix = await createPhoenix({
      ...scenario.world,
      ...world,
      seed,
      ...(driver === undefined ? {} : { driver }),
    });
    try {
      await scenario.run({
        phoenix,
        check,
        scale,
        step(title) {
          step = title;
          onStep?.(title, phoenix.clock.nowMs);
        },
        report: (name, value) => figures.push([name, value]),
      });
      requireAssertions(check.count, scenario.name);
      requireDeadline(phoenix.clock.nowMs, scenario);
    } finally {
      virtualMs = phoenix.clock.nowMs;
      events = phoenix.trace.steps;
      traceHash = phoenix.trace.hash();
    }
  } catch (error) {
    failure = error;
  }
  const wallMs = realNowMs() - startedAt;
  const result = {
    name: scenario.name,
    seed,
    virtualMs,
    wallMs,
    events,
    traceHash,
    assertions: check.count,
    figures,
  };
  if (failure === undefined) return { ...result, ok: true };
  return { ...result, ok: false, error: { ...describe(failure), step } };
}

function requireAssertions(count: number, name: string): void {
  if (count > 0) return;
  throw new SimError(
    "SIM_ASSERTION",
    `The scenario "${name}" asserted nothing.`,
    "Use the checks it is given.",
  );
}

function requireDeadline(nowMs: number, { name, deadline }: Scenario): void {
  const deadlineMs = parseDuration(deadline);
  if (nowMs <= deadlineMs) return;
  throw new SimError(
    "SIM_WAIT_TIMEOUT",
    `The scenario "${name}" took ${nowMs} virtual ms, more than its deadline of ${deadlineMs}.`,
    "Look for what became slow, or raise the deadline in the scenario.",
  );
}

function describe(failure: unknown): { code: string; message: string } {
  if (!(failure instanceof Error)) return { code: "ERROR", message: String(failure) };
  const code = "code" in failure && typeof failure.code === "string" ? failure.code : failure.name;
  return { code, message: failure.message };
}
