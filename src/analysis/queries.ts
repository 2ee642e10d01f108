/** The PromQL of an experiment. Every expression names one experiment, so that none can mix two. */

/** Points of a comparison: the last twelve scrapes. */
export const comparisonPoints = 12;

/** Seconds between two points; the scrape interval. */
export const comparisonStepSeconds = 15;

/**
 * What is asked about each variant; the result of each carries the label `variant`. The first four also carry
 * `node`, the label that a scrape adds to everything a collector tells.
 */
export interface ExperimentQueries {
  /** There when a collector was scraped, also while it exports nothing. */
  readonly scraped: string;
  readonly series: string;
  readonly processes: string;
  readonly criticalProcesses: string;
  readonly samplesPerSecond: string;
  readonly cpuCores: string;
  readonly memoryBytes: string;
  /** Seconds. */
  readonly latencyP95: string;
  readonly errorPercent: string;
  /** USD an hour: 0.25 for each GiB exported. */
  readonly hourlyCost: string;
}

/**
 * @param experimentId - A UUID; nothing in it needs quoting.
 * @returns The expressions for one experiment.
 */
export function experimentQueries(experimentId: string): ExperimentQueries {
  const of = (extra = ""): string => `{experiment_id="${experimentId}"${extra}}`;
  const series = of(`,__name__=~"phoenix_process_.+",__name__!="phoenix_process_cardinality"`);
  const critical = of(`,__name__=~"phoenix_process_.+",process_priority="critical"`);
  const distinct = "count by (variant, node, process_executable_name, process_pid)";
  const rate = (name: string): string => `sum by (variant) (rate(${name}${of()}[5m]))`;
  const sent = rate("otelcol_exporter_sent_metric_points");
  const failed = rate("otelcol_exporter_send_failed_metric_points");
  return {
    scraped: `max by (variant, node) (phoenix_process_cardinality${of()})`,
    series: `count by (variant, node) (${series})`,
    processes: `count by (variant, node) (${distinct} (${series}))`,
    criticalProcesses: `count by (variant, node) (${distinct} (${critical}))`,
    samplesPerSecond: sent,
    cpuCores: `sum by (variant) (phoenix_collector_cpu_usage_cores${of()})`,
    memoryBytes: `sum by (variant) (phoenix_collector_memory_usage_bytes${of()})`,
    latencyP95: `histogram_quantile(0.95, sum by (variant, le) (rate(phoenix_pipeline_processing_latency_seconds_bucket${of()}[5m])))`,
    errorPercent: `100 * ${failed} / (${sent} + ${failed})`,
    hourlyCost: `${rate("phoenix_pipeline_bytes_exported")} * 3600 / 2^30 * 0.25`,
  };
}

/** @returns The nodes that an experiment's series come from, one series a node with the label `node_name`. */
export function nodesQuery(experimentId: string): string {
  const series = `{experiment_id="${experimentId}",__name__=~"phoenix_process_.+",node_name!=""}`;
  return `count by (node_name) (${series})`;
}
