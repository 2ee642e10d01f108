/** From time series to a verdict. */

export { coveragePercent, increasePercent, mean, reductionPercent, welchTest } from "./formulas.js";
export {
  measure,
  type MeasuredVariant,
  type Measure,
  type Measurement,
  createPrometheusClient,
  type Point,
  type PrometheusClient,
  type QueryRange,
  type Series,
  comparisonPoints,
  comparisonStepSeconds,
  experimentQueries,
  nodesQuery,
  type ExperimentQueries,
} from "./measure.js";
export { platformRules, type RuleDefinition, type RuleFileDefinition } from "./rules.js";
export { judge, type Judge, type Verdict } from "./verdict.js";
