/** What one process of the mutation tester is told, and tells. */
import { appendFileSync, readFileSync } from "node:fs";
import type { Mutant } from "./mutants.js";

export interface Job {
  /** Compiled into the sources. */
  readonly mutants: readonly Mutant[];
  /** Those to try, by id; 0 tries the tests without a mutant. */
  readonly ids: readonly number[];
  readonly tests: readonly string[];
  /** Where the events go, one line of JSON each. */
  readonly results: string;
}

export type JobEvent =
  | { readonly event: "started"; readonly id: number }
  /** `by` names the test that failed; null when all passed. */
  | { readonly event: "ended"; readonly id: number; readonly by: string | null; readonly timedOut: boolean };

export const jobVariable = "PHOENIX_SIM_MUTATION_JOB";

export function readJob(): Job {
  return JSON.parse(readFileSync(process.env[jobVariable] ?? "", "utf8")) as Job;
}

export function tell({ results }: Job, event: JobEvent): void {
  appendFileSync(results, `${JSON.stringify(event)}\n`);
}
