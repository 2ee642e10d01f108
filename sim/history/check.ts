/** Holds a history to its limits: every gate, scenario by scenario, and then the suite as a whole. */
import { type GateLimits, resolveGateLimits } from "./gate-limits.js";
import { checkCounters } from "./gates/counters.js";
import { checkCoverage } from "./gates/coverage.js";
import { checkFailureRate, checkFailureRateOfAll } from "./gates/failure-rate.js";
import { checkResources } from "./gates/resources.js";
import { checkTime } from "./gates/time.js";
import { byScenario } from "./grouping.js";
import type { History } from "./history-file.js";
import type { Verdict } from "./verdict.js";

/**
 * @param options - Limits other than the defaults.
 * @returns One verdict or more for each gate and scenario; none for a history without runs.
 * @throws SimError `SIM_OPTION_INVALID` for a limit out of range.
 */
export function checkHistory(history: History, options: Partial<GateLimits> = {}): readonly Verdict[] {
  const limits = resolveGateLimits(options);
  const groups = byScenario(history.scenarios);
  const verdicts: Verdict[] = [];
  for (const [scenario, records] of groups) {
    verdicts.push(checkFailureRate(scenario, records, limits), checkTime(scenario, records, limits));
    verdicts.push(...checkCounters(scenario, records, limits));
    verdicts.push(...checkResources(scenario, records, limits));
  }
  // The suite as a whole matters when failures are spread so thinly that no scenario alone stands out.
  const named = verdicts.some(({ gate, outcome }) => gate === "failure-rate" && outcome === "alert");
  if (groups.size > 1 && !named) verdicts.push(checkFailureRateOfAll(history.scenarios, limits));
  if (groups.size > 0) verdicts.push(checkCoverage(history.runs, limits));
  return verdicts;
}
