/** A simulated Prometheus: scraping, storage, PromQL, rules and the HTTP API. */
export type { PrometheusConfigInput as PrometheusConfig } from "./config.js";
export {
  PromqlExecutionError,
  PromqlParseError,
  type Dialect,
  type MatrixSeries,
  type QueryResult,
  type VectorSample,
} from "./promql/index.js";
export { createPrometheus, type Prometheus, type PrometheusOptions } from "./prometheus.js";
export { formatPromtestReport, junitXml, runPromtest, type PromtestReport } from "./promtest/index.js";
export type { TargetStatus } from "./scrape/index.js";
export { createStorage, type Storage, type StorageOptions } from "./storage.js";
