/**
 * The platform's recording and alerting rules, in the form of a Prometheus rule file.
 *
 * Series are counted as series, not as metric names, and every rule keeps `experiment_id`, so that two
 * experiments never mix; the two variants of one are matched on it.
 */

/** One rule of a rule file. */
interface RuleDefinition {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The content of one rule file. */
export interface RuleFileDefinition {
  readonly groups: readonly {
    readonly name: string;
    readonly interval: string;
    readonly rules: readonly RuleDefinition[];
  }[];
  /** Other keys do not exist; this lets the file go where any object may. */
  readonly [key: string]: unknown;
}

const processSeries = (matchers: string): string =>
  `{__name__=~"phoenix_process_.+",__name__!="phoenix_process_cardinality",experiment_id!="",variant!=""${matchers}}`;

/** What the candidate has of what the baseline has, in percent; nothing without a baseline. */
const candidatePercent = (record: string): string => {
  const of = (variant: string): string => `sum by (experiment_id) (${record}{variant="${variant}"})`;
  return `100 * (${of("candidate")} or 0 * ${of("baseline")}) / ${of("baseline")}`;
};

// The counts come first: a group is evaluated in order, and the rules after them read what they have written.
const recordings: readonly RuleDefinition[] = [
  {
    record: "phoenix:process_series:count",
    expr: `count by (experiment_id, variant) (${processSeries("")})`,
  },
  {
    record: "phoenix:critical_processes:count",
    expr: `count by (experiment_id, variant) (count by (experiment_id, variant, node_name, process_executable_name, process_pid) (${processSeries(
      ',process_priority="critical"',
    )}))`,
  },
  {
    record: "phoenix:cardinality_reduction:percent",
    expr: `100 - ${candidatePercent("phoenix:process_series:count")}`,
  },
  {
    record: "phoenix:estimated_cost:hourly",
    expr: "sum by (experiment_id, variant) (rate(phoenix_pipeline_bytes_exported[5m])) * 3600 / 2^30 * 0.25",
  },
  {
    record: "phoenix:critical_process_coverage:percent",
    expr: candidatePercent("phoenix:critical_processes:count"),
  },
  {
    record: "phoenix:collector_overhead:cpu_cores",
    expr: "sum by (experiment_id, variant) (phoenix_collector_cpu_usage_cores)",
  },
  {
    record: "phoenix:collector_overhead:memory_bytes",
    expr: "sum by (experiment_id, variant) (phoenix_collector_memory_usage_bytes)",
  },
];

const alert = (
  name: string,
  expr: string,
  holdFor: string,
  severity: "warning" | "critical",
  summary: string,
): RuleDefinition => ({ alert: name, expr, for: holdFor, labels: { severity }, annotations: { summary } });

const costOf = (variant: string): string => `phoenix:estimated_cost:hourly{variant="${variant}"}`;

const experimentAlerts: readonly RuleDefinition[] = [
  alert(
    "ExperimentCardinalityExplosion",
    "phoenix:process_series:count > 10000",
    "5m",
    "warning",
    "{{ $labels.variant }} of experiment {{ $labels.experiment_id }} exposes {{ $value | humanize }} series",
  ),
  alert(
    "CriticalProcessMissing",
    "phoenix:critical_process_coverage:percent < 95",
    "10m",
    "critical",
    'experiment {{ $labels.experiment_id }} keeps {{ printf "%.1f" $value }} % of the critical processes',
  ),
  alert(
    "ExperimentCostIncreased",
    `(${costOf("candidate")} - on (experiment_id) ${costOf("baseline")}) / on (experiment_id) ${costOf("baseline")} > 0.1`,
    "15m",
    "warning",
    "the candidate of experiment {{ $labels.experiment_id }} costs {{ $value | humanizePercentage }} more",
  ),
  alert(
    "HighExperimentFailureRate",
    'sum(increase(phoenix_state_transitions_total{to="failed"}[30m])) / sum(increase(phoenix_state_transitions_total{to=~"completed|failed|cancelled"}[30m])) > 0.1',
    "30m",
    "warning",
    "{{ $value | humanizePercentage }} of the experiments that ended have failed",
  ),
];

const platformAlerts: readonly RuleDefinition[] = [
  alert(
    "CollectorMemoryHigh",
    "phoenix_collector_memory_usage_bytes / (512 * 2^20) > 0.8",
    "5m",
    "warning",
    "collector {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit",
  ),
  alert(
    "PhoenixAPIDown",
    'up{job="phoenix-api-gateway"} == 0',
    "5m",
    "critical",
    "API gateway {{ $labels.instance }} does not answer scrapes",
  ),
  alert(
    "PhoenixExperimentControllerDown",
    'up{job="phoenix-experiment-controller"} == 0',
    "5m",
    "critical",
    "experiment controller {{ $labels.instance }} does not answer scrapes",
  ),
  alert(
    "CollectorDeploymentFailed",
    'sum by (experiment_id) (up{job="phoenix-collectors"}) / count by (experiment_id) (up{job="phoenix-collectors"}) < 0.9',
    "10m",
    "critical",
    "only {{ $value | humanizePercentage }} of the collectors of experiment {{ $labels.experiment_id }} are up",
  ),
];

/** The rule files of the platform; `rule_files` of its Prometheus. */
export const platformRules: readonly RuleFileDefinition[] = [
  {
    groups: [
      { name: "phoenix.recordings", interval: "30s", rules: recordings },
      { name: "phoenix.experiments", interval: "30s", rules: experimentAlerts },
      { name: "phoenix.platform", interval: "30s", rules: platformAlerts },
    ],
  },
];
