/** What a collector reports about its own work: points, bytes, latency, resources. All formulas are a model. */
import { labelText } from "./exposition.js";
import { createLatencyHistogram } from "./latency-histogram.js";

/** The outcome of one pass through the pipelines. */
export interface PassCounts {
  /** Metric points that the receiver read. */
  readonly received: number;
  /** Series that were exported. */
  readonly exported: number;
  /** Processes and groups that were exported. */
  readonly sampleCount: number;
}

/** How often something like a pass happened, and under which conditions. */
export interface Repetition {
  /** Collections since the last count. */
  readonly collections: number;
  /** Points per collection that loads push besides what is read from the host. */
  readonly offeredPoints: number;
  /** Slows or speeds up processing; 1 is normal. */
  readonly latencyFactor: number;
}

export interface SelfMetrics {
  /** Counts collections as if each had gone like `pass`. */
  count(pass: PassCounts, repetition: Repetition): void;
  /** Begins at zero again, as a restarted collector does. */
  reset(): void;
  text(pass: PassCounts, collectionIntervalMs: number): string;
}

// Batches a collection is worked off in. Their latencies are spread evenly over the distribution, not drawn freely:
// the 95th percentile of a short experiment would be chance otherwise, and its verdict with it.
const batchesPerCollection = 20;
const bytesPerPoint = 96;
const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;
const dollarsPerGibibyte = 0.25;
const zero = { accepted: 0, dropped: 0, sent: 0, batches: 0 };

export function createSelfMetrics(labels: Readonly<Record<string, string>>): SelfMetrics {
  const own = labelText(labels);
  const ofReceiver = labelText(labels, { receiver: "hostmetrics" });
  const ofProcessor = labelText(labels, { processor: "pipeline" });
  const ofExporter = labelText(labels, { exporter: "prometheus" });
  const latency = createLatencyHistogram(
    "phoenix_pipeline_processing_latency_seconds",
    "Time from reading a batch to exporting it.",
    labels,
  );
  let totals = { ...zero };

  const gauge = (name: string, help: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${own}${value}\n`;
  const counter = (name: string, help: string, label: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name}${label}${value}\n`;

  return {
    count: (pass, { collections, offeredPoints, latencyFactor }) => {
      const keptRatio = pass.received === 0 ? 0 : pass.exported / pass.received;
      const offeredSent = Math.round(offeredPoints * keptRatio);
      const dropped = pass.received - pass.exported + offeredPoints - offeredSent;
      totals.accepted += collections * (pass.received + offeredPoints);
      totals.sent += collections * (pass.exported + offeredSent);
      // A point that passes two pipelines is exported twice, so that more may leave than came.
      totals.dropped += collections * Math.max(0, dropped);
      const typical = latencyFactor * typicalLatencySeconds(pass);
      const batches = collections * batchesPerCollection;
      // The batches of each collection stand for even quantiles: drawn ones would make the 95th percentile of
      // a short experiment, and with it the verdict, a matter of chance.
      for (let batch = 0; batch < batches; batch += 1) {
        latency.observe(
          typical * latencyJitter(((batch % batchesPerCollection) + 0.5) / batchesPerCollection),
        );
      }
      totals.batches += batches;
    },
    reset: () => {
      totals = { ...zero };
      latency.reset();
    },
    text: (pass, collectionIntervalMs) => {
      const { cpuCores, memoryBytes, costDollars, cutRatio } = resourcesOf(pass, collectionIntervalMs);
      return (
        gauge("phoenix_process_cardinality", "Process series exported.", pass.exported) +
        gauge("phoenix_pipeline_processes", "Processes and groups exported.", pass.sampleCount) +
        gauge("phoenix_pipeline_cardinality_reduction_ratio", "Share of series removed.", cutRatio) +
        gauge("phoenix_estimated_hourly_cost_usd", "Cost of an hour of export.", costDollars) +
        gauge("phoenix_collector_cpu_usage_cores", "CPU cores the collector uses.", cpuCores) +
        gauge("phoenix_collector_memory_usage_bytes", "Memory the collector uses.", memoryBytes) +
        counter("phoenix_pipeline_bytes_exported", "Bytes exported.", own, totals.sent * bytesPerPoint) +
        counter("otelcol_receiver_accepted_metric_points", "Points read.", ofReceiver, totals.accepted) +
        counter("otelcol_processor_dropped_metric_points", "Points dropped.", ofProcessor, totals.dropped) +
        counter("otelcol_exporter_sent_metric_points", "Points sent.", ofExporter, totals.sent) +
        counter("otelcol_exporter_send_failed_metric_points", "Points not sent.", ofExporter, 0) +
        latency.text()
      );
    },
  };
}

/** A base, a little for each point read and more for each point exported. */
const typicalLatencySeconds = ({ received, exported }: PassCounts): number =>
  0.004 + 2e-6 * received + 4e-6 * exported;

/** Most batches take about the typical time, a few twice as long. `quantile` is from 0 to 1. */
const latencyJitter = (quantile: number): number => 0.8 + 0.4 * quantile + 0.8 * quantile ** 12;

/** Costs of a collector that goes on as in `pass`: what it reads costs CPU, what it keeps costs memory. */
function resourcesOf({ received, exported }: PassCounts, collectionIntervalMs: number) {
  const collectionsPerSecond = 1000 / collectionIntervalMs;
  const bytesPerHour = exported * bytesPerPoint * collectionsPerSecond * 3600;
  return {
    cpuCores: round(0.005 + 6e-5 * received * collectionsPerSecond + 1e-5 * exported, 1e6),
    memoryBytes: 48 * mebibyte + 1024 * received + 2048 * exported,
    costDollars: round((bytesPerHour / gibibyte) * dollarsPerGibibyte, 1e9),
    cutRatio: received === 0 ? 0 : round(Math.max(0, 1 - exported / received), 1e6),
  };
}

const round = (value: number, scale: number): number => Math.round(value * scale) / scale;
