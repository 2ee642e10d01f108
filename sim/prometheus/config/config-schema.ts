/** The shape of `prometheus.yml`: every key that is understood, and those that are known but not simulated. */
import { z } from "zod";
import { durationSchema } from "./duration-schema.js";

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
export type RelabelInput = z.output<typeof relabel>;
/** One job as it is written. */
export type ScrapeInput = z.output<typeof scrape>;

/** Keys that the real server has and this one does not. */
export const KNOWN_KEYS: ReadonlySet<string> = new Set(
  "alerting remote_write remote_read storage tracing otlp runtime scrape_config_files query_log_file target_limit keep_dropped_targets scrape_classic_histograms always_scrape_classic_histograms convert_classic_histograms_to_nhcb native_histogram_bucket_limit native_histogram_min_bucket_factor track_timestamps_staleness basic_auth authorization oauth2 bearer_token bearer_token_file tls_config enable_http2 proxy_url proxy_from_environment no_proxy http_headers metric_name_validation_scheme metric_name_escaping_scheme rule_query_offset azure_sd_configs consul_sd_configs digitalocean_sd_configs docker_sd_configs dockerswarm_sd_configs dns_sd_configs ec2_sd_configs eureka_sd_configs file_sd_configs gce_sd_configs hetzner_sd_configs ionos_sd_configs kubernetes_sd_configs kuma_sd_configs lightsail_sd_configs linode_sd_configs marathon_sd_configs nerve_sd_configs nomad_sd_configs openstack_sd_configs puppetdb_sd_configs scaleway_sd_configs serverset_sd_configs triton_sd_configs uyuni_sd_configs".split(
    " ",
  ),
);
