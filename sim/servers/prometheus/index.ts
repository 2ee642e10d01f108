/** A simulated Prometheus: scraping, storage, PromQL, rules and the HTTP API. */
export type { PrometheusConfigInput as PrometheusConfig } from "./config.js";
export { type QueryResult } from "./promql/index.js";
export { createPrometheus, type Prometheus } from "./prometheus.js";
export { formatPromtestReport, junitXml, runPromtest, type PromtestReport } from "./promtest/index.js";
export { createStorage, type Storage } from "./storage.js";
