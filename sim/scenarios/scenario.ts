/** What a scenario is: a name, a world to run in, and one function. Defined once, run everywhere. */
import type { Duration } from "../kernel/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import type { Checks } from "./checks.js";

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
