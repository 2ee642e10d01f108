/** From time series to a verdict. */

export { coveragePercent, increasePercent, mean, reductionPercent, welchTest } from "./formulas.js";
export {
  measure,
  type Measure,
  type Measurement,
  createPrometheusClient,
  type PrometheusClient,
  type Series,
  comparisonStepSeconds,
  experimentQueries,
  nodesQuery,
} from "./measure.js";
export { platformRules } from "./rules.js";
export { judge, type Judge } from "./verdict.js";
