/** One run, as the explorer sees it: what goes in, what comes out. Whoever has worlds to run implements `RunOnce`. */
import type { Decision, Driver, Step } from "../kernel/index.js";

/** What is run. */
export interface RunTarget {
  /** Name of the scenario. */
  readonly scenario: string;
  /** Name of the profile of faults; decides which faults are asked for at all. */
  readonly profile: string;
  /**
   * Module with the user's own worlds or scenarios that it runs in: its path from the current folder, with `/` between
   * folders. Undefined for the worlds of the scenarios.
   */
  readonly world?: string | undefined;
}

export interface RunInput extends RunTarget {
  /** For whatever must be fixed before the first question; every other sample comes from the driver. */
  readonly seed: number;
  readonly driver: Driver;
  /** Must be called with each step as it begins. */
  readonly onStep: (step: Step) => void;
  /** Option of the same name of `createPhoenix`: a run that is deterministic goes as without. */
  readonly between?: (next: () => void) => void;
  /** Option of the same name of `createPhoenix`, for a run that is shown to people. @default false */
  readonly trace?: boolean;
}

/** How a run failed. */
type FailureKind =
  | "invariant" // something that must always hold did not; `code` is its name
  | "assertion" // an expectation of the scenario did not hold
  | "error" // a SimError, or an error with a code of its own
  | "throw" // anything else that was thrown
  | "leak" // something was left open at the end
  | "hang" // it would never have ended: everybody waits, or something goes on for ever
  | "convergence"; // after the faults had ended, the world did not settle in time

export interface Failure {
  readonly kind: FailureKind;
  /** Name of the invariant or code of the error: stable, because it says whether two failures are the same. */
  readonly code: string;
  /** What a person reads. */
  readonly message: string;
  /** `file:line` of the expectation, where there is one. */
  readonly source?: string;
}

/** Plain data. */
export interface RunOutcome {
  /** Undefined when all went well. */
  readonly failure: Failure | undefined;
  readonly traceHash: string;
  readonly steps: number;
  /** Virtual microseconds that it lasted; whole, so that sums do not depend on their order. */
  readonly virtualUs: number;
  /** What the choice log recorded. */
  readonly decisions: readonly Decision[];
  /** Names of all conditions that should come true sometimes, and of those that did in this run. */
  readonly sometimes?: { readonly declared: readonly string[]; readonly reached: readonly string[] };
  /** How many faults were injected. @default 0 */
  readonly faults?: number;
  /** Uses of real time, randomness or I/O that were noticed: API and call site. */
  readonly suspects?: readonly string[];
}

/** Runs one world to its end. Must not throw for a failure of what it runs: that is an outcome. */
export type RunOnce = (input: RunInput) => Promise<RunOutcome>;

/** @returns What makes two failures the same: kind, and name of the invariant or code of the error. */
export function identityOf({ kind, code }: Pick<Failure, "kind" | "code">): string {
  return `${kind}/${code}`;
}
