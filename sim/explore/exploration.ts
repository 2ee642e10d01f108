/** What an explored test is: what its user says, and what its runner adds. */
import { type Duration, hashString } from "../kernel/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";

/** What a user says of an explored test, whatever runs it. */
export interface ExploreSettings {
  /** Worlds to run; `PHOENIX_SIM_RUNS` changes it: `1000`, or `10x`. @default 100 */
  readonly runs?: number;
  /**
   * Faults that are injected: `swarm`, `hostile`, `only-<fault>`, as for `createPhoenix`. The test must tolerate them as
   * a real client would: anything it throws is a failure. @default that of the world's options, else "calm": only
   * schedules and delays vary
   */
  readonly faults?: PhoenixOptions["faults"];
  /**
   * After the test, end all faults and demand that the world settles, within 20 virtual minutes or the time given.
   * @default false
   */
  readonly converge?: boolean | Duration;
  /** The search strategy. @default "portfolio" */
  readonly strategy?: string;
  /** Runs that minimizing a failure may take. @default 300 */
  readonly shrinkRuns?: number;
  /** Replay tokens of earlier failures of this test, run before all else. @default none */
  readonly examples?: readonly string[];
}

/** An explored test with nothing missing. */
export interface Exploration {
  /** Name of the test, for people. */
  readonly name: string;
  readonly seed: number;
  readonly settings: ExploreSettings;
  readonly world: PhoenixOptions;
  readonly body: (phoenix: Phoenix) => Promise<void>;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** The command that runs the test again. @param failure - A seed or a token. */
  readonly again: (failure: string | number) => string;
  /** Whether to keep failures in `.phoenix-sim/failures`. */
  readonly store: boolean;
  /** Gets a line every few real seconds. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Gets the report of a failure before the error is thrown that carries it. */
  readonly onReport?: (report: string) => Promise<void>;
}

/** What an exploration without a failure did. */
export interface ExploreReport {
  /** Worlds that were run. */
  readonly runs: number;
  readonly seed: number;
  /** Events of all of them. */
  readonly steps: number;
}

/** @returns The profile of faults of its worlds. */
export function profileOf({ settings, world }: Exploration): string {
  const faults = settings.faults ?? world.faults ?? "calm";
  return typeof faults === "string" ? faults : faults.profile;
}

/** @returns The name of a test as a part of tokens and file names: letters and digits of it. */
export function scenarioOf(name: string): string {
  const words = (name.toLowerCase().match(/[a-z0-9]+/g) ?? []).join("-");
  if (words !== "" && words.length <= 40) return words;
  return `${words.slice(0, 32) || "test"}-${hashString(name).toString(36)}`;
}
