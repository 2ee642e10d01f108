/** A configuration as YAML that a server could read, as /status/config shows it. */
import { createHash } from "node:crypto";
import { stringify } from "yaml";

import { labelsOf, type AnchoredRegExp, type Labels } from "../labels.js";
import { expandTemplate, formatDuration } from "../promql/index.js";
import type { RuleGroup } from "../rules/rule-file.js";
import type { LabelLimits } from "../scrape/label-limits.js";

/** Rule files are named, not shown. */
export function printConfig(config: Omit<PrometheusConfig, "yaml">): string {
  const { externalLabels, scrapeConfigs, ruleGroups } = config;
  const files = [...new Set(ruleGroups.map(({ file }) => file))];
  return stringify({
    global: {
      scrape_interval: formatDuration(config.scrapeIntervalMs),
      scrape_timeout: formatDuration(config.scrapeTimeoutMs),
      evaluation_interval: formatDuration(config.evaluationIntervalMs),
      ...given("external_labels", externalLabels),
    },
    ...given("rule_files", files),
    ...given("scrape_configs", scrapeConfigs.map(printJob)),
  });
}

function printJob(job: ScrapeConfig): Record<string, unknown> {
  const limits = {
    body_size_limit: job.bodySizeLimit === 0 ? 0 : `${job.bodySizeLimit}B`,
    sample_limit: job.sampleLimit,
    label_limit: job.labelLimits.count,
    label_name_length_limit: job.labelLimits.nameLength,
    label_value_length_limit: job.labelLimits.valueLength,
  };
  const fallback = { text: "PrometheusText0.0.4", openmetrics: "OpenMetricsText1.0.0" };
  return {
    job_name: job.jobName,
    ...(job.honorLabels ? { honor_labels: true } : {}),
    honor_timestamps: job.honorTimestamps,
    ...given("params", job.params),
    scrape_interval: formatDuration(job.scrapeIntervalMs),
    scrape_timeout: formatDuration(job.scrapeTimeoutMs),
    ...(job.fallback === undefined ? {} : { fallback_scrape_protocol: fallback[job.fallback] }),
    metrics_path: job.metricsPath,
    scheme: job.scheme,
    ...Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== 0)),
    follow_redirects: job.followRedirects,
    ...given("relabel_configs", job.relabelRules.map(printRule)),
    ...given("metric_relabel_configs", job.metricRelabelRules.map(printRule)),
    ...given(
      "static_configs",
      job.staticConfigs.map(({ targets, labels }) => ({ targets: [...targets], ...given("labels", labels) })),
    ),
    ...given(
      "http_sd_configs",
      job.httpDiscoveries.map(({ url, refreshIntervalMs }) => ({
        refresh_interval: formatDuration(refreshIntervalMs),
        url,
      })),
    ),
  };
}

function printRule(rule: RelabelRule): Record<string, unknown> {
  return {
    ...given("source_labels", [...rule.sourceLabels]),
    separator: rule.separator,
    regex: rule.regex.source,
    ...(rule.modulus === 0 ? {} : { modulus: rule.modulus }),
    ...(rule.targetLabel === "" ? {} : { target_label: rule.targetLabel }),
    replacement: rule.replacement,
    action: rule.action,
  };
}

/** A key whose value is not empty. */
function given(key: string, value: object): Record<string, unknown> {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}

// The configuration of a Prometheus, complete and checked: `prometheus.yml` as the other parts read it.

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

// Relabelling: rules that change, keep or drop label sets, for targets and for samples.

/** What a rule does. */
export type RelabelAction =
  | "replace"
  | "keep"
  | "drop"
  | "keepequal"
  | "dropequal"
  | "hashmod"
  | "labelmap"
  | "labeldrop"
  | "labelkeep"
  | "lowercase"
  | "uppercase";

/** One rule, complete. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: AnchoredRegExp;
  readonly modulus: number;
  readonly targetLabel: string;
  readonly replacement: string;
}

/** Applies rules in order. @returns Undefined when a rule drops the set. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const current = new Map<string, string>(labels.entries());
  for (const rule of rules) {
    if (!applyRule(current, rule)) return undefined;
  }
  return labelsOf(current);
}

function applyRule(labels: Map<string, string>, rule: RelabelRule): boolean {
  const source = rule.sourceLabels.map((name) => labels.get(name) ?? "").join(rule.separator);
  switch (rule.action) {
    case "keep":
      return rule.regex.test(source);
    case "drop":
      return !rule.regex.test(source);
    case "keepequal":
      return (labels.get(rule.targetLabel) ?? "") === source;
    case "dropequal":
      return (labels.get(rule.targetLabel) ?? "") !== source;
    case "lowercase":
      labels.set(rule.targetLabel, source.toLowerCase());
      return true;
    case "uppercase":
      labels.set(rule.targetLabel, source.toUpperCase());
      return true;
    case "hashmod":
      labels.set(rule.targetLabel, String(hashModulo(source, rule.modulus)));
      return true;
    case "labelmap":
    case "labeldrop":
    case "labelkeep":
      changeNames(labels, rule);
      return true;
    case "replace":
    default:
      replace(labels, rule, source);
      return true;
  }
}

function replace(labels: Map<string, string>, rule: RelabelRule, source: string): void {
  const groups = rule.regex.groups(source);
  if (groups === undefined) return;
  const target = expandTemplate(rule.targetLabel, groups, rule.regex.names);
  if (target === "") return;
  const value = expandTemplate(rule.replacement, groups, rule.regex.names);
  if (value === "") labels.delete(target);
  else labels.set(target, value);
}

function changeNames(labels: Map<string, string>, { action, regex, replacement }: RelabelRule): void {
  for (const [name, value] of Array.from(labels)) {
    const groups = regex.groups(name);
    if (action === "labelmap") {
      if (groups !== undefined) labels.set(expandTemplate(replacement, groups, regex.names), value);
    } else if ((groups !== undefined) === (action === "labeldrop")) labels.delete(name);
  }
}

/** The last eight bytes of the MD5 sum, as the server takes them. */
function hashModulo(text: string, modulus: number): bigint {
  return createHash("md5").update(text).digest().readBigUInt64BE(8) % BigInt(modulus);
}
