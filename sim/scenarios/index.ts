/** The scenarios, in the order of their document. */
import { SimError } from "../errors.js";
import { dataConsistency } from "./data-consistency.js";
import { failureRecovery } from "./failure-recovery.js";
import { lifecycle } from "./lifecycle.js";
import { multiExperimentConcurrency } from "./multi-experiment-concurrency.js";
import { performanceUnderLoad } from "./performance-under-load.js";
import { pipelineHotReload } from "./pipeline-hot-reload.js";
import { tenantIsolation } from "./tenant-isolation.js";
import { websocketUpdates } from "./websocket-updates.js";
import { didYouMean } from "../text.js";
import type { Scenario } from "./scenario.js";

export { createApiCoverage } from "./api-coverage.js";
export type { ApiCoverage, ApiCoverageRecorder, ApiDocument } from "./api-coverage.js";
export { createChecks } from "./checks.js";
export type { Checks } from "./checks.js";
export { runScenario } from "./run-scenario.js";
export type { RunScenarioOptions, ScenarioResources, ScenarioResult } from "./run-scenario.js";
export type { Scenario, ScenarioContext } from "./scenario.js";

export const scenarios: readonly Scenario[] = [
  lifecycle,
  multiExperimentConcurrency,
  failureRecovery,
  pipelineHotReload,
  dataConsistency,
  websocketUpdates,
  tenantIsolation,
  performanceUnderLoad,
];

/** @throws SimError `SIM_SCENARIO_UNKNOWN` with the nearest name. */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.name);
  throw new SimError("SIM_SCENARIO_UNKNOWN", `There is no scenario "${name}".`, didYouMean(name, names));
}
