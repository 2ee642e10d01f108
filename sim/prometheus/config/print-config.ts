/** A configuration as YAML that a server could read, as /status/config shows it. */
import { stringify } from "yaml";
import { formatDuration } from "../promql/index.js";
import type { PrometheusConfig, ScrapeConfig } from "./config.js";
import type { RelabelRule } from "./relabel.js";

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
