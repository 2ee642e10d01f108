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
