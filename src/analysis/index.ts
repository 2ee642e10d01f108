/** From time series to a verdict. */
export { coveragePercent, increasePercent, mean, reductionPercent, welchTest } from "./formulas.js";
export { measure, type MeasuredVariant, type Measure, type Measurement } from "./measure.js";
export {
  createPrometheusClient,
  type Point,
  type PrometheusClient,
  type QueryRange,
  type Series,
} from "./prometheus-client.js";
export {
  comparisonPoints,
  comparisonStepSeconds,
  experimentQueries,
  nodesQuery,
  type ExperimentQueries,
} from "./queries.js";
export { platformRules, type RuleDefinition, type RuleFileDefinition } from "./rules.js";
export { judge, type Judge, type Verdict } from "./verdict.js";
