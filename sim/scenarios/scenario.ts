/** What a scenario is: a name, a world to run in, and one function. Defined once, run everywhere. */
import { inspect, isDeepStrictEqual } from "node:util";

import { SimError } from "../errors.js";
import type { Duration } from "../kernel/index.js";
import type { Client, CreateExperiment, ExperimentReply } from "../world/client/index.js";
import type { Phoenix, PhoenixOptions } from "../world/index.js";

/** What a scenario gets to work with. */
export interface ScenarioContext {
  readonly phoenix: Phoenix;
  readonly check: Checks;
  /** Begins a step; its title is shown by `--verbose` and in failures. */
  step(title: string): void;
  /** Adds a figure to the report, such as `["p99", "12.3 ms"]`. */
  report(name: string, value: string): void;
  /** Share of the full workload to run, above 0 and at most 1; scenarios with a load scale by it. */
  readonly scale: number;
}

export interface Scenario {
  /** Name on the command line, in kebab case. */
  readonly name: string;
  /** What it shows, as one sentence. @default none */
  readonly summary?: string;
  /** Part of the quick set of `phoenix-sim run --smoke`, which runs before each commit. @default false */
  readonly smoke?: boolean;
  /** Virtual time within which the whole scenario must end. @default no limit */
  readonly deadline?: Duration;
  /** Virtual time in which the faults of an exploration begin, most of them early. @default 75s */
  readonly faultWindow?: Duration;
  /** The world it needs beyond the defaults. */
  readonly world: Omit<PhoenixOptions, "seed" | "driver">;
  readonly run: (context: ScenarioContext) => Promise<void>;
}

// Assertions of scenarios: few, counted, and with a message that names the values.
//
// They do not come from a test runner, because a scenario also runs from the command line and under
// exploration, where there is none.

/** Each throws SimError `SIM_ASSERTION` when it does not hold. `what` says what is checked, in words. */
export interface Checks {
  /** How many assertions were made. */
  readonly count: number;
  ok(condition: boolean, what: string): void;
  equal(actual: unknown, expected: unknown, what: string): void;
  above(actual: number, bound: number, what: string): void;
  below(actual: number, bound: number, what: string): void;
  includes<T>(actual: readonly T[], expected: T, what: string): void;
}

export interface ChecksOptions {
  /** Whether what does not hold is let pass at this moment. @default never */
  readonly excused?: () => boolean;
}

export function createChecks({ excused = () => false }: ChecksOptions = {}): Checks {
  let count = 0;

  function verify(holds: boolean, what: string, found: string): void {
    count += 1;
    if (holds || excused()) return;
    throw new SimError(
      "SIM_ASSERTION",
      `Expected ${what}; ${found}.`,
      "Run the same seed with --verbose to see what the services did.",
    );
  }

  return {
    get count() {
      return count;
    },
    ok: (condition, what) => verify(condition, what, "it does not hold"),
    equal: (actual, expected, what) =>
      verify(isDeepStrictEqual(actual, expected), what, `found ${show(actual)}, not ${show(expected)}`),
    above: (actual, bound, what) => verify(actual > bound, what, `found ${actual}, not above ${bound}`),
    below: (actual, bound, what) => verify(actual < bound, what, `found ${actual}, not below ${bound}`),
    includes: (actual, expected, what) =>
      verify(actual.includes(expected), what, `${show(expected)} is not among ${show(actual)}`),
  };
}

function show(value: unknown): string {
  return inspect(value, { depth: 3, breakLength: 100, maxArrayLength: 20, maxStringLength: 400 });
}

// Steps that several scenarios share.

/** Creates an experiment and starts it, whether or not it has started by itself meanwhile. */
export async function createAndStart(client: Client, body: CreateExperiment): Promise<ExperimentReply> {
  const experiment = await client.createExperiment(body);
  await client.startExperiment(experiment.id);
  return experiment;
}

/** Does something while a part is out; the outage ends also when that fails, as it may under other faults. */
export async function during<T>(outage: Outage, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await outage.heal();
  }
}

interface Outage {
  heal(): Promise<void>;
}

/** @returns Nodes whose series Prometheus holds for an experiment, sorted. */
export function nodesInPrometheus(phoenix: Phoenix, experimentId: string): readonly string[] {
  return labelsOf(phoenix, "node_name", `{experiment_id="${experimentId}", node_name!=""}`);
}

/** @returns Experiments whose series Prometheus holds from a node, sorted. */
export function experimentsInPrometheus(phoenix: Phoenix, node: string): readonly string[] {
  return labelsOf(phoenix, "experiment_id", `{experiment_id!="", node_name="${node}"}`);
}

function labelsOf(phoenix: Phoenix, label: string, selector: string): readonly string[] {
  const result = phoenix.prometheus.query(`count by (${label}) (${selector})`);
  if (result.type !== "vector") return [];
  return result.samples.map(({ labels }) => labels.get(label) ?? "").sort((a, b) => a.localeCompare(b));
}

/** @returns `count` whole numbers from 0. */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
