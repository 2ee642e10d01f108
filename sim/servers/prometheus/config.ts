/** Reads a configuration, fills in what the real server defaults, and refuses what it would refuse. */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { z } from "zod";

import { SimError } from "../../errors.js";
import {
  RegExpSyntaxError,
  createRegExpCache,
  isPlainLabelName,
  labelsOf,
  type AnchoredRegExp,
  type Labels,
} from "./labels.js";
import { expandTemplate } from "../../shared/go-regexp.js";
import { formatDuration, parseDuration } from "./promql/index.js";
import { parseRuleFile, type RuleGroup } from "./rules/rule-file.js";
import type { LabelLimits } from "./scrape/label-limits.js";
import { YamlError, plainOf, readYaml } from "./yaml.js";

// Durations in YAML: texts such as `15s`, as milliseconds.

/** A duration text that becomes milliseconds. */
const durationSchema = z.union([z.string(), z.number()]).transform((text, context) => {
  const parsed = parseDuration(String(text));
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `not a valid duration string: "${text}"` });
  return z.NEVER;
});

// A configuration as YAML that a server could read, as /status/config shows it.

/** Rule files are named, not shown. */
function printConfig(config: Omit<PrometheusConfig, "yaml">): string {
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
type RelabelAction =
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

const relabelSchema = z.strictObject({
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
  relabel_configs: z.array(relabelSchema).optional(),
  metric_relabel_configs: z.array(relabelSchema).optional(),
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
type RelabelInput = z.output<typeof relabelSchema>;
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
  let yaml: string | undefined;
  return {
    ...config,
    // Printed when somebody asks for it.
    get yaml() {
      return (yaml ??= printConfig(config));
    },
  };
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

/**
 * A configuration as an object, keys spelled as in `prometheus.yml`.
 *
 * Written out, because users see it: what a schema infers would name the library of the schema. A test keeps it equal
 * to config-schema.ts.
 */
export interface PrometheusConfigInput {
  readonly global?:
    | {
        readonly scrape_interval?: DurationInput | undefined;
        readonly scrape_timeout?: DurationInput | undefined;
        readonly evaluation_interval?: DurationInput | undefined;
        readonly external_labels?: Readonly<Record<string, unknown>> | undefined;
      }
    | null
    | undefined;
  readonly scrape_configs?: readonly ScrapeConfigInput[] | null | undefined;
  /** The content of the files, not their names. */
  readonly rule_files?: readonly (string | Readonly<Record<string, unknown>>)[] | null | undefined;
}

/** Such as `15s`. */
type DurationInput = string | number;

/** A count, or its text. */
type CountInput = string | number;

/** A flag, or its text. */
type FlagInput = boolean | "true" | "false";

/** Formats that are read. */
type ScrapeProtocol =
  "PrometheusText0.0.4" | "PrometheusText1.0.0" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0";

/** One job. */
interface ScrapeConfigInput {
  readonly job_name: string;
  readonly scrape_interval?: DurationInput | undefined;
  readonly scrape_timeout?: DurationInput | undefined;
  readonly metrics_path?: string | undefined;
  readonly scheme?: "http" | "https" | undefined;
  readonly params?: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly honor_labels?: FlagInput | undefined;
  readonly honor_timestamps?: FlagInput | undefined;
  readonly sample_limit?: CountInput | undefined;
  /** Such as `10MB`. */
  readonly body_size_limit?: string | number | undefined;
  readonly label_limit?: CountInput | undefined;
  readonly label_name_length_limit?: CountInput | undefined;
  readonly label_value_length_limit?: CountInput | undefined;
  readonly follow_redirects?: FlagInput | undefined;
  readonly enable_compression?: FlagInput | undefined;
  readonly scrape_protocols?: readonly ScrapeProtocol[] | undefined;
  readonly fallback_scrape_protocol?: ScrapeProtocol | undefined;
  readonly static_configs?:
    | readonly {
        readonly targets: readonly string[];
        readonly labels?: Readonly<Record<string, unknown>> | undefined;
      }[]
    | undefined;
  readonly http_sd_configs?:
    readonly { readonly url: string; readonly refresh_interval?: DurationInput | undefined }[] | undefined;
  readonly relabel_configs?: readonly RelabelConfigInput[] | undefined;
  readonly metric_relabel_configs?: readonly RelabelConfigInput[] | undefined;
}

/** One relabelling rule. */
interface RelabelConfigInput {
  readonly source_labels?: readonly string[] | undefined;
  readonly separator?: string | undefined;
  readonly target_label?: string | undefined;
  readonly regex?: unknown;
  readonly modulus?: CountInput | undefined;
  readonly replacement?: unknown;
  readonly action?: string | undefined;
}
