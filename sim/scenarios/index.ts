/** The scenarios, in the order of their document. */
import { SimError } from "../errors.js";
import { didYouMean } from "../shared/text.js";
import { dataConsistency } from "./data-consistency.js";
import { failureRecovery } from "./failure-recovery.js";
import { lifecycle } from "./lifecycle.js";
import { multiExperimentConcurrency } from "./multi-experiment-concurrency.js";
import { performanceUnderLoad } from "./performance-under-load.js";
import { pipelineHotReload } from "./pipeline-hot-reload.js";
import type { Scenario } from "./scenario.js";
import { tenantIsolation } from "./tenant-isolation.js";
import { websocketUpdates } from "./websocket-updates.js";

export {
  type ApiCoverage,
  runScenario,
  type RunScenarioOptions,
  type ScenarioResult,
} from "./run-scenario.js";
export { createChecks, type Checks, type Scenario, type ScenarioContext } from "./scenario.js";

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
