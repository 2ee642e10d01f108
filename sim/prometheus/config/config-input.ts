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
export type DurationInput = string | number;

/** One job. */
export interface ScrapeConfigInput {
  readonly job_name: string;
  readonly scrape_interval?: DurationInput | undefined;
  readonly scrape_timeout?: DurationInput | undefined;
  readonly metrics_path?: string | undefined;
  readonly scheme?: "http" | "https" | undefined;
  readonly params?: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly honor_labels?: boolean | undefined;
  readonly honor_timestamps?: boolean | undefined;
  readonly sample_limit?: number | undefined;
  readonly fallback_scrape_protocol?:
    | "PrometheusText0.0.4"
    | "PrometheusText1.0.0"
    | "OpenMetricsText0.0.1"
    | "OpenMetricsText1.0.0"
    | undefined;
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
export interface RelabelConfigInput {
  readonly source_labels?: readonly string[] | undefined;
  readonly separator?: string | undefined;
  readonly target_label?: string | undefined;
  readonly regex?: unknown;
  readonly modulus?: number | undefined;
  readonly replacement?: unknown;
  readonly action?: string | undefined;
}
