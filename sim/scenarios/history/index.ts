/** The history of scenario runs: a file of lines, the trends in it, and the limits it is checked against. */

export {
  mergeCoverage,
  summarizeCoverage,
  runRecord,
  scenarioRecord,
  trendsOf,
  type Trend,
} from "./trends.js";
export { checkHistory, percent, type GateName, type Verdict } from "./gates.js";
export { resolveGateLimits, type GateLimits } from "./gate-limits.js";
export {
  appendToHistory,
  readHistory,
  type History,
  type HistoryRecord,
  type RunRecord,
  type ScenarioRecord,
} from "./history-file.js";
