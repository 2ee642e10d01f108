/** Reads a configuration, fills in what the real server defaults, and refuses what it would refuse. */
import { z } from "zod";

import { SimError } from "../../errors.js";
import type { PrometheusConfigInput } from "./config/config-input.js";
import { durationSchema } from "./config/duration-schema.js";
import {
  printConfig,
  type PrometheusConfig,
  type RelabelAction,
  type RelabelRule,
  type ScrapeConfig,
} from "./config/print-config.js";
import { RegExpSyntaxError, createRegExpCache, isPlainLabelName } from "./labels.js";
import { parseRuleFile } from "./rules/rule-file.js";
import { YamlError, plainOf, readYaml } from "./yaml.js";

export {
  type FallbackFormat,
  type HttpDiscovery,
  type PrometheusConfig,
  type ScrapeConfig,
  type TargetGroup,
  relabel,
  type RelabelRule,
} from "./config/print-config.js";
export type { PrometheusConfigInput } from "./config/config-input.js";

// The shape of `prometheus.yml`: every key that is understood, and those that are known but not simulated.

const labels = z.record(z.string(), z.coerce.string());
const names = z.array(z.string());

// A text comes from YAML, where every scalar keeps its text.
const count = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().int().nonnegative());
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);
const protocol = z.enum([
  "PrometheusText0.0.4",
  "PrometheusText1.0.0",
  "OpenMetricsText0.0.1",
  "OpenMetricsText1.0.0",
]);

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  P: 2 ** 50,
  E: 2 ** 60,
};

/** Bytes: `10MB`, `1MiB`, 0. */
const size = z.union([z.string(), z.number()]).transform((text, context) => {
  const found = /^(\d+)([KMGTPE]?)(?:i?B)?$/.exec(String(text));
  if (found !== null) return Number(found[1]) * (UNITS[found[2] ?? ""] ?? 1);
  context.addIssue({ code: "custom", message: `not a valid size: "${text}"` });
  return z.NEVER;
});

const relabel = z.strictObject({
  source_labels: names.optional(),
  separator: z.string().optional(),
  target_label: z.string().optional(),
  regex: z.coerce.string().optional(),
  modulus: count.optional(),
  replacement: z.coerce.string().optional(),
  action: z.string().optional(),
});

const scrape = z.strictObject({
  job_name: z.string().min(1, "job_name is empty"),
  scrape_interval: durationSchema.optional(),
  scrape_timeout: durationSchema.optional(),
  metrics_path: z.string().optional(),
  scheme: z.enum(["http", "https"]).optional(),
  params: z.record(z.string(), z.array(z.coerce.string())).optional(),
  honor_labels: flag.optional(),
  honor_timestamps: flag.optional(),
  sample_limit: count.optional(),
  body_size_limit: size.optional(),
  label_limit: count.optional(),
  label_name_length_limit: count.optional(),
  label_value_length_limit: count.optional(),
  follow_redirects: flag.optional(),
  enable_compression: flag.optional(),
  scrape_protocols: z.array(protocol).optional(),
  fallback_scrape_protocol: protocol.optional(),
  static_configs: z.array(z.strictObject({ targets: names, labels: labels.optional() })).optional(),
  http_sd_configs: z
    .array(z.strictObject({ url: z.string(), refresh_interval: durationSchema.optional() }))
    .optional(),
  relabel_configs: z.array(relabel).optional(),
  metric_relabel_configs: z.array(relabel).optional(),
});

/** What `prometheus.yml` may hold. `rule_files` takes the content of the files, not their names. */
export const configSchema = z.strictObject({
  global: z
    .strictObject({
      scrape_interval: durationSchema.optional(),
      scrape_timeout: durationSchema.optional(),
      evaluation_interval: durationSchema.optional(),
      external_labels: labels.optional(),
    })
    .nullish(),
  scrape_configs: z.array(scrape).nullish(),
  rule_files: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).nullish(),
});

/** One relabelling rule as it is written. */
type RelabelInput = z.output<typeof relabel>;
/** One job as it is written. */
type ScrapeInput = z.output<typeof scrape>;

/** Keys that the real server has and this one does not. */
const KNOWN_KEYS: ReadonlySet<string> = new Set(
  "alerting remote_write remote_read storage tracing otlp runtime scrape_config_files query_log_file target_limit keep_dropped_targets scrape_classic_histograms always_scrape_classic_histograms convert_classic_histograms_to_nhcb native_histogram_bucket_limit native_histogram_min_bucket_factor track_timestamps_staleness basic_auth authorization oauth2 bearer_token bearer_token_file tls_config enable_http2 proxy_url proxy_from_environment no_proxy http_headers metric_name_validation_scheme metric_name_escaping_scheme rule_query_offset azure_sd_configs consul_sd_configs digitalocean_sd_configs docker_sd_configs dockerswarm_sd_configs dns_sd_configs ec2_sd_configs eureka_sd_configs file_sd_configs gce_sd_configs hetzner_sd_configs ionos_sd_configs kubernetes_sd_configs kuma_sd_configs lightsail_sd_configs linode_sd_configs marathon_sd_configs nerve_sd_configs nomad_sd_configs openstack_sd_configs puppetdb_sd_configs scaleway_sd_configs serverset_sd_configs triton_sd_configs uyuni_sd_configs".split(
    " ",
  ),
);

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
