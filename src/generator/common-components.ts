/** The components that every generated collector configuration shares. */
import { classifyPriority, processMetrics, type ProcessMetric } from "./templates/index.js";

/** Reads process metrics of the host; metrics not listed are switched off. */
export function hostmetricsReceiver(collectionInterval: string, metrics: readonly ProcessMetric[]): unknown {
  return {
    collection_interval: collectionInterval,
    root_path: "/hostfs",
    scrapers: {
      process: {
        mute_process_name_error: true,
        mute_process_exe_error: true,
        mute_process_io_error: true,
        metrics: Object.fromEntries(
          processMetrics.map((metric) => [metric, { enabled: metrics.includes(metric) }]),
        ),
      },
    },
  };
}

/** Processors that open every pipeline, in order: guard memory first, then say whose data it is. */
export const openingProcessors = [
  "memory_limiter",
  "cumulativetodelta",
  "resourcedetection/system",
  "resource/add_experiment_info",
  "transform/classify_processes",
] as const;

/** Processors that close every pipeline: drop what only the reduction needed, then batch. */
export const closingProcessors = ["transform/drop_working_attributes", "batch"] as const;

/** Definitions of {@link openingProcessors} and {@link closingProcessors}. */
export function sharedProcessors(
  experimentId: string,
  variant: string,
  criticalProcesses: readonly string[],
): Record<string, unknown> {
  return {
    memory_limiter: { check_interval: "1s", limit_percentage: 80, spike_limit_percentage: 20 },
    cumulativetodelta: {},
    "resourcedetection/system": { detectors: ["env", "system"], override: false },
    "resource/add_experiment_info": {
      attributes: [
        { key: "experiment_id", value: experimentId, action: "upsert" },
        { key: "variant", value: variant, action: "upsert" },
        { key: "node.name", value: "${env:NODE_NAME}", action: "upsert" },
      ],
    },
    // The baseline is classified too: without it nobody could say which critical processes it had.
    "transform/classify_processes": classifyPriority(criticalProcesses),
  };
}

/** Closing definitions, kept apart so that they stand last in the text. */
export const closingDefinitions: Readonly<Record<string, unknown>> = {
  // A single process is told apart by its pid; only groups need their owner as a label.
  "transform/drop_working_attributes": {
    error_mode: "ignore",
    metric_statements: [
      {
        context: "resource",
        statements: [
          'delete_key(attributes, "process.owner") where attributes["process.pid"] != nil',
          'delete_key(attributes, "process.type")',
        ],
      },
    ],
  },
  batch: { send_batch_size: 1000, timeout: "10s" },
};

/** New Relic for the customer, Prometheus for the comparison. */
export function exporters(experimentId: string, variant: string): Record<string, unknown> {
  return {
    "otlphttp/newrelic": {
      endpoint: "${env:NEW_RELIC_OTLP_ENDPOINT:-https://otlp.nr-data.net:4318}",
      headers: { "api-key": "${env:NEW_RELIC_API_KEY}" },
    },
    prometheus: {
      endpoint: "0.0.0.0:8888",
      namespace: "phoenix",
      const_labels: { experiment_id: experimentId, variant },
      resource_to_telemetry_conversion: { enabled: true },
    },
  };
}

export const extensions: Readonly<Record<string, unknown>> = {
  health_check: { endpoint: "0.0.0.0:13133" },
  pprof: { endpoint: "0.0.0.0:1777" },
  zpages: { endpoint: "0.0.0.0:55679" },
};
