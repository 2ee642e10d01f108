/** The history of scenario runs: a file of lines, the trends in it, and the limits it is checked against. */
export { mergeCoverage, summarizeCoverage } from "./coverage.js";
export type { CoverageSummary } from "./coverage.js";
export { checkHistory } from "./check.js";
export { defaultGateLimits, resolveGateLimits } from "./gate-limits.js";
export type { GateLimits } from "./gate-limits.js";
export { appendToHistory, readHistory } from "./history-file.js";
export type { BrokenLine, History } from "./history-file.js";
export type { HistoryRecord, RunRecord, ScenarioRecord } from "./record.js";
export { percent } from "./percent.js";
export { runRecord, scenarioRecord } from "./record-of.js";
export type { RunStamp } from "./record-of.js";
export { trendsOf } from "./trends.js";
export type { Trend } from "./trends.js";
export type { GateName, Verdict } from "./verdict.js";
