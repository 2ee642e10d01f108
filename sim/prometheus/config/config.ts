/** The configuration of a Prometheus, complete and checked: `prometheus.yml` as the other parts read it. */
import type { RelabelRule } from "./relabel.js";
import type { LabelLimits } from "../scrape/label-limits.js";
import type { RuleGroup } from "../rules/rule-file.js";

/** Targets that share labels. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A list of targets that is fetched. */
export interface HttpDiscovery {
  readonly url: string;
  readonly refreshIntervalMs: number;
}

/** How a body without known Content-Type is read; undefined: it is refused. */
export type FallbackFormat = "text" | "openmetrics" | undefined;

/** One job. Durations are milliseconds. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: "http" | "https";
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  /** Limits; zero: none. */
  readonly sampleLimit: number;
  /** Bytes. */
  readonly bodySizeLimit: number;
  readonly labelLimits: LabelLimits;
  readonly followRedirects: boolean;
  readonly fallback: FallbackFormat;
  readonly staticConfigs: readonly TargetGroup[];
  readonly httpDiscoveries: readonly HttpDiscovery[];
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
}

export interface PrometheusConfig {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly ruleGroups: readonly RuleGroup[];
  /** As `/api/v1/status/config` shows it. */
  readonly yaml: string;
}
