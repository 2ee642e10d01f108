/** What the simulated Prometheus supports and what it leaves out, as one table for the docs. */
import {
  AGGREGATORS,
  allFunctions,
  EXPERIMENTAL_AGGREGATORS,
} from "../../sim/servers/prometheus/promql/check.js";

/** Paths of the HTTP API that are answered. */
export const API_PATHS = [
  "/api/v1/query",
  "/api/v1/query_range",
  "/api/v1/format_query",
  "/api/v1/query_exemplars",
  "/api/v1/series",
  "/api/v1/labels",
  "/api/v1/label/job/values",
  "/api/v1/metadata",
  "/api/v1/targets",
  "/api/v1/targets/metadata",
  "/api/v1/rules",
  "/api/v1/alerts",
  "/api/v1/alertmanagers",
  "/api/v1/status/buildinfo",
  "/api/v1/status/config",
  "/api/v1/status/flags",
  "/api/v1/status/runtimeinfo",
  "/api/v1/status/tsdb",
  "/api/v1/status/walreplay",
  "/api/v1/scrape_pools",
  "/-/healthy",
  "/-/ready",
  "/metrics",
] as const;

const YES = "yes";

interface Row {
  readonly what: string;
  readonly names: readonly string[];
  /** `yes`, or what happens instead. */
  readonly supported: string;
}

/** The whole page, in Markdown. */
export function supportTable(): string {
  const rows = [...languageRows(), ...serverRows()];
  const lines = rows.map(
    ({ what, names, supported }) =>
      `| ${what} | ${names.map((name) => `\`${name.replaceAll("|", "\\|")}\``).join(" ")} | ${supported} |`,
  );
  return `# Prometheus: what is supported

Generated from the code by \`test/conformance/support-table.test.ts\`; run it with \`-u\` after a change.

| Part | Names | Supported |
| --- | --- | --- |
${lines.join("\n")}
`;
}

function languageRows(): Row[] {
  const functions = allFunctions();
  const named = (wanted: string | undefined, omit: readonly string[] = []): string[] =>
    functions
      .filter(({ refused, name }) => refused === wanted && !omit.includes(name))
      .map(({ name }) => name)
      .sort();
  const stable = [...AGGREGATORS.keys()].filter((name) => !EXPERIMENTAL_AGGREGATORS.has(name));
  const refusal = "no: `bad_data`, naming it";
  return [
    { what: "Functions", names: named(undefined, ["holt_winters"]), supported: YES },
    { what: "Functions of Prometheus 2 only", names: ["holt_winters"], supported: "with `dialect: 2`" },
    { what: "Functions of native histograms", names: named("native histograms"), supported: refusal },
    {
      what: "Experimental functions",
      names: named("behind a flag"),
      supported: "in rule tests with `--experimental-functions`, else `bad_data`",
    },
    { what: "Experimental functions", names: named("experimental"), supported: refusal },
    { what: "Aggregations", names: stable, supported: YES },
    { what: "Experimental aggregations", names: [...EXPERIMENTAL_AGGREGATORS], supported: refusal },
    {
      what: "Operators",
      names: "+ - * / % ^ atan2 == != < > <= >= and or unless".split(" "),
      supported: YES,
    },
    { what: "Matching", names: ["on", "ignoring", "group_left", "group_right", "bool"], supported: YES },
    {
      what: "Selectors",
      names: ["=", "!=", "=~", "!~", "[5m]", "[5m:1m]", "offset", "@", "start()", "end()"],
      supported: YES,
    },
    { what: "Operators on native histograms", names: ["</", ">/"], supported: refusal },
    {
      what: "Experimental syntax",
      names: ["fill()", "fill_left()", "fill_right()", "anchored", "smoothed", "[5m+1m]"],
      supported: refusal,
    },
    {
      what: "Size of a query",
      names: ["10,000 tokens", "200 nested brackets", "300 operators in a row"],
      supported: "more is `bad_data`",
    },
    { what: "Samples of a query", names: ["50,000,000"], supported: "more is `execution`" },
    {
      what: "Time-out of a query",
      names: ["timeout"],
      supported: "read and checked; evaluation takes no virtual time",
    },
    { what: "Query statistics", names: ["stats"], supported: "no: left out of the answer" },
  ];
}

function serverRows(): Row[] {
  return [
    { what: "HTTP API", names: API_PATHS, supported: YES },
    {
      what: "HTTP API",
      names: ["/api/v1/write", "/api/v1/read", "/api/v1/admin/*", "/-/reload", "/-/quit"],
      supported: "no: refused, naming the reason",
    },
    { what: "HTTP API", names: ["/api/v1/parse_query", "/federate"], supported: "no: 404" },
    { what: "Exposition", names: ["text/plain", "application/openmetrics-text"], supported: YES },
    {
      what: "Exposition",
      names: ["protobuf", "exemplars", "start timestamps"],
      supported: "protobuf is refused by name; exemplars are checked and not kept",
    },
    {
      what: "Scrape configuration",
      names:
        "job_name static_configs http_sd_configs scrape_interval scrape_timeout metrics_path scheme params honor_labels honor_timestamps sample_limit body_size_limit label_limit label_name_length_limit label_value_length_limit follow_redirects enable_compression scrape_protocols fallback_scrape_protocol relabel_configs metric_relabel_configs".split(
          " ",
        ),
      supported: YES,
    },
    {
      what: "Other configuration",
      names: [
        "alerting",
        "remote_write",
        "remote_read",
        "storage",
        "tls_config",
        "basic_auth",
        "kubernetes_sd_configs",
        "...",
      ],
      supported: "no: `SIM_UNSUPPORTED`, naming it",
    },
    {
      what: "Rules",
      names: "record alert expr for keep_firing_for labels annotations interval limit query_offset".split(
        " ",
      ),
      supported: YES,
    },
    {
      what: "Templates",
      names: [
        "$labels",
        "$value",
        "if",
        "else",
        "range",
        "with",
        "query",
        "humanize*",
        "printf",
        "reReplaceAll",
        "define",
        "template",
        "block",
        "break",
        "continue",
        "...",
      ],
      supported: YES,
    },
    {
      what: "Rule tests",
      names: [
        "input_series",
        "alert_rule_test",
        "promql_expr_test",
        "group_eval_order",
        "fuzzy_compare",
        "start_timestamp",
        "external_labels",
        "external_url",
        "patterns in rule_files",
      ],
      supported: YES,
    },
  ];
}
