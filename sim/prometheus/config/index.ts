/** Configuration and relabelling. */
export type { FallbackFormat, HttpDiscovery, PrometheusConfig, ScrapeConfig, TargetGroup } from "./config.js";
export type { PrometheusConfigInput } from "./config-input.js";
export { parseConfig } from "./parse-config.js";
export { relabel, type RelabelAction, type RelabelRule } from "./relabel.js";
