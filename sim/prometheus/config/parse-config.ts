/** Reads a configuration, fills in what the real server defaults, and refuses what it would refuse. */
import type { z } from "zod";
import { SimError } from "../../errors.js";
import { createRegExpCache, isPlainLabelName, RegExpSyntaxError } from "../labels/index.js";
import { parseRuleFile } from "../rules/rule-file.js";
import { plainOf, readYaml, YamlError } from "../yaml/index.js";
import { printConfig } from "./print-config.js";
import type { PrometheusConfigInput } from "./config-input.js";
import { configSchema, KNOWN_KEYS, type RelabelInput, type ScrapeInput } from "./config-schema.js";
import type { PrometheusConfig, ScrapeConfig } from "./config.js";
import type { RelabelAction, RelabelRule } from "./relabel.js";

const ACTIONS =
  "replace keep drop keepequal dropequal hashmod labelmap labeldrop labelkeep lowercase uppercase".split(" ");

/**
 * @param source - The text of `prometheus.yml`, or the same as an object.
 * @throws SimError `SIM_OPTION_INVALID` naming the key, or `SIM_UNSUPPORTED` for one that is not simulated.
 */
export function parseConfig(source: string | PrometheusConfigInput): PrometheusConfig {
  const raw: unknown = typeof source === "string" ? (parseYaml(source) ?? {}) : source;
  const result = configSchema.safeParse(raw);
  if (!result.success) throw refusal(result.error.issues[0]);
  const { global, scrape_configs: jobs, rule_files: ruleFiles } = result.data;
  const scrapeIntervalMs = global?.scrape_interval ?? 60_000;
  const scrapeTimeoutMs = global?.scrape_timeout ?? Math.min(10_000, scrapeIntervalMs);
  const evaluationIntervalMs = global?.evaluation_interval ?? 60_000;
  if (scrapeTimeoutMs > scrapeIntervalMs) throw invalid("global scrape timeout greater than scrape interval");
  const names = (jobs ?? []).map(({ job_name: name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`found multiple scrape configs with job name "${twice}"`);
  const config = {
    scrapeIntervalMs,
    scrapeTimeoutMs,
    evaluationIntervalMs,
    externalLabels: global?.external_labels ?? {},
    scrapeConfigs: (jobs ?? []).map((job) => completeJob(job, scrapeIntervalMs, scrapeTimeoutMs)),
    ruleGroups: (ruleFiles ?? []).flatMap((file) => parseRuleFile(file).groups),
  };
  return { ...config, yaml: printConfig(config) };
}

function completeJob(job: ScrapeInput, intervalMs: number, timeoutMs: number): ScrapeConfig {
  const scrapeIntervalMs = job.scrape_interval ?? intervalMs;
  const scrapeTimeoutMs = job.scrape_timeout ?? Math.min(timeoutMs, scrapeIntervalMs);
  if (scrapeIntervalMs <= 0) throw invalid(`scrape interval of job "${job.job_name}" must be greater than 0`);
  if (scrapeTimeoutMs > scrapeIntervalMs) {
    throw invalid(
      `scrape timeout greater than scrape interval for scrape config with job name "${job.job_name}"`,
    );
  }
  return {
    jobName: job.job_name,
    scrapeIntervalMs,
    scrapeTimeoutMs,
    metricsPath: job.metrics_path ?? "/metrics",
    scheme: job.scheme ?? "http",
    params: job.params ?? {},
    honorLabels: job.honor_labels ?? false,
    honorTimestamps: job.honor_timestamps ?? true,
    sampleLimit: job.sample_limit ?? 0,
    bodySizeLimit: job.body_size_limit ?? 0,
    labelLimits: {
      count: job.label_limit ?? 0,
      nameLength: job.label_name_length_limit ?? 0,
      valueLength: job.label_value_length_limit ?? 0,
    },
    followRedirects: job.follow_redirects ?? true,
    fallback: fallbackOf(job.fallback_scrape_protocol),
    staticConfigs: (job.static_configs ?? []).map(({ targets, labels }) => ({
      targets,
      labels: labels ?? {},
    })),
    httpDiscoveries: (job.http_sd_configs ?? []).map(({ url, refresh_interval: interval }) => ({
      url,
      refreshIntervalMs: interval ?? 60_000,
    })),
    relabelRules: (job.relabel_configs ?? []).map(completeRelabel),
    metricRelabelRules: (job.metric_relabel_configs ?? []).map(completeRelabel),
  };
}

/** @throws SimError for a rule that the server refuses. */
function completeRelabel(input: RelabelInput): RelabelRule {
  const action = (input.action ?? "replace").toLowerCase();
  if (!ACTIONS.includes(action)) throw invalid(`unknown relabel action "${action}"`);
  if (/^(?:replace|keepequal|dropequal|hashmod|lowercase|uppercase)$/.test(action) && !input.target_label) {
    throw invalid(`relabel configuration for ${action} action requires 'target_label' value`);
  }
  if (action === "hashmod" && !input.modulus) {
    throw invalid("relabel configuration for hashmod requires non-zero modulus");
  }
  const names = [...(input.source_labels ?? [])];
  const wrong = names.find((name) => !isPlainLabelName(name));
  if (wrong !== undefined) throw invalid(`"${wrong}" is not a valid label name`);
  try {
    return {
      action: action as RelabelAction,
      sourceLabels: names,
      separator: input.separator ?? ";",
      regex: createRegExpCache(true).compile(input.regex ?? "(.*)"),
      modulus: input.modulus ?? 0,
      targetLabel: input.target_label ?? "",
      replacement: input.replacement ?? "$1",
    };
  } catch (error) {
    if (error instanceof RegExpSyntaxError) throw invalid(error.message);
    throw error;
  }
}

function fallbackOf(protocol: string | undefined): "text" | "openmetrics" | undefined {
  if (protocol === undefined) return undefined;
  return protocol.startsWith("OpenMetrics") ? "openmetrics" : "text";
}

function parseYaml(text: string): unknown {
  try {
    return plainOf(readYaml(text));
  } catch (error) {
    if (error instanceof YamlError) throw invalid(error.message);
    throw error;
  }
}

function refusal(issue: z.core.$ZodIssue | undefined): SimError {
  const where = (issue?.path ?? [])
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  const place = where === "" ? "" : ` in ${where.replace(/^\./, "")}`;
  if (issue?.code !== "unrecognized_keys") return invalid(`${issue?.message ?? "not valid"}${place}`);
  const unsupported = issue.keys.find((key) => KNOWN_KEYS.has(key));
  if (unsupported === undefined) return invalid(`field ${issue.keys.join(", ")} not found${place}`);
  return new SimError(
    "SIM_UNSUPPORTED",
    `Prometheus option ${unsupported}${place} is not simulated.`,
    "Leave it out; docs/prometheus.md lists what is supported.",
  );
}

function invalid(problem: string): SimError {
  return new SimError(
    "SIM_OPTION_INVALID",
    `Cannot read the Prometheus configuration: ${problem}.`,
    "Keys and values are those of prometheus.yml; rule_files takes the content of the files.",
  );
}
