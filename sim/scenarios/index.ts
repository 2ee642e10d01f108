/** The scenarios, in the order of their document. */
import { SimError } from "../errors.js";
import { lifecycle } from "./lifecycle.js";
import { nearest } from "../text.js";
import type { Scenario } from "./scenario.js";

export { createChecks } from "./checks.js";
export type { Checks } from "./checks.js";
export { runScenario } from "./run-scenario.js";
export type { ApiCoverage, RunScenarioOptions, ScenarioResources, ScenarioResult } from "./run-scenario.js";
export type { Scenario, ScenarioContext } from "./scenario.js";

export const scenarios: readonly Scenario[] = [lifecycle];

/** @throws SimError `SIM_SCENARIO_UNKNOWN` with the nearest name. */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.name);
  throw new SimError(
    "SIM_SCENARIO_UNKNOWN",
    `There is no scenario "${name}".`,
    `Did you mean "${nearest(name, names)}"? There are: ${names.join(", ")}.`,
  );
}
