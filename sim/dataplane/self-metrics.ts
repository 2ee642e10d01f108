/** What a collector reports about its own work: points, bytes, latency, resources. All formulas are a model. */
import { labelText } from "./exposition.js";
import { fractionOf, mix } from "./hash.js";

/** The outcome of one pass through the pipelines. */
export interface PassCounts {
  /** Metric points that the receiver read. */
  readonly received: number;
  /** Series that were exported. */
  readonly exported: number;
  /** Processes and groups that were exported. */
  readonly sampleCount: number;
}

export interface SelfMetrics {
  /**
   * Counts the collections since the last call as if each had gone like `pass`.
   *
   * @param collections - How many collections happened since the last call.
   * @param offeredPoints - Points per collection that loads push besides what is read from the host.
   * @param latencyFactor - Slows or speeds up processing; 1 is normal.
   */
  count(pass: PassCounts, collections: number, offeredPoints: number, latencyFactor: number): void;
  /** Begins at zero again, as a restarted collector does. */
  reset(): void;
  text(pass: PassCounts, collectionIntervalMs: number): string;
}

/** Upper bounds in seconds; a last bucket takes the rest. */
const latencyBounds = [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1];
const pointsPerBatch = 100;
const bytesPerPoint = 96;
const gibibyte = 2 ** 30;
const dollarsPerGibibyte = 0.25;

/** @param seed - Decides the jitter of latencies. */
export function createSelfMetrics(labels: Readonly<Record<string, string>>, seed: number): SelfMetrics {
  const own = labelText(labels);
  const withLabel = (name: string, value: string): string => labelText(labels, { [name]: value });
  const bucketLabels = [...latencyBounds.map(String), "+Inf"].map((bound) => withLabel("le", bound));
  const ofReceiver = withLabel("receiver", "hostmetrics");
  const ofProcessor = withLabel("processor", "pipeline");
  const ofExporter = withLabel("exporter", "prometheus");
  const buckets = new Float64Array(bucketLabels.length);
  const totals = { accepted: 0, dropped: 0, sent: 0, latencyCount: 0, latencySum: 0, collections: 0 };

  function observe(seconds: number): void {
    const bucket = latencyBounds.findIndex((bound) => seconds <= bound);
    const index = bucket === -1 ? latencyBounds.length : bucket;
    buckets[index] = (buckets[index] ?? 0) + 1;
    totals.latencyCount += 1;
    totals.latencySum += seconds;
  }

  function latencyText(): string {
    const name = "phoenix_pipeline_processing_latency_seconds";
    let text = `# HELP ${name} Time from reading a batch to exporting it.\n# TYPE ${name} histogram\n`;
    let cumulated = 0;
    for (const [index, label] of bucketLabels.entries()) {
      cumulated += buckets[index] ?? 0;
      text += `${name}_bucket${label}${cumulated}\n`;
    }
    const sum = round(totals.latencySum, 1e9);
    return `${text}${name}_sum${own}${sum}\n${name}_count${own}${totals.latencyCount}\n`;
  }

  return {
    count: (pass, collections, offeredPoints, latencyFactor) => {
      const keptRatio = pass.received === 0 ? 0 : pass.exported / pass.received;
      const offeredSent = Math.round(offeredPoints * keptRatio);
      totals.accepted += collections * (pass.received + offeredPoints);
      totals.sent += collections * (pass.exported + offeredSent);
      totals.dropped +=
        collections * Math.max(0, pass.received - pass.exported + offeredPoints - offeredSent);
      const batches = Math.max(1, Math.ceil(pass.exported / pointsPerBatch));
      const typical = 0.004 + 2e-6 * pass.received + 4e-6 * pass.exported;
      for (let collection = 0; collection < collections; collection += 1) {
        totals.collections += 1;
        for (let batch = 0; batch < batches; batch += 1) {
          const jitter = fractionOf(mix(mix(seed, totals.collections), batch));
          // Most batches take about the typical time, a few twice as long.
          observe(typical * latencyFactor * (0.8 + 0.4 * jitter + 0.8 * jitter ** 12));
        }
      }
    },
    reset: () => {
      buckets.fill(0);
      Object.assign(totals, { accepted: 0, dropped: 0, sent: 0, latencyCount: 0, latencySum: 0 });
    },
    text: (pass, collectionIntervalMs) => {
      const pointsPerSecond = pass.received / (collectionIntervalMs / 1000);
      const bytesPerHour = (pass.exported / (collectionIntervalMs / 1000)) * 3600 * bytesPerPoint;
      const cost = (bytesPerHour / gibibyte) * dollarsPerGibibyte;
      const cut = pass.received === 0 ? 0 : Math.max(0, 1 - pass.exported / pass.received);
      const gauge = (name: string, help: string, value: number): string =>
        `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${own}${value}\n`;
      const counter = (name: string, help: string, label: string, value: number): string =>
        `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name}${label}${value}\n`;
      const cpuCores = round(0.005 + 6e-5 * pointsPerSecond + 1e-5 * pass.exported, 1e6);
      const memoryBytes = Math.round(48 * 2 ** 20 + 1024 * pass.received + 2048 * pass.exported);
      return (
        gauge("phoenix_process_cardinality", "Process series exported.", pass.exported) +
        gauge("phoenix_pipeline_processes", "Processes and groups exported.", pass.sampleCount) +
        gauge("phoenix_pipeline_cardinality_reduction_ratio", "Share of series removed.", round(cut, 1e6)) +
        gauge("phoenix_estimated_hourly_cost_usd", "Cost of an hour of export.", round(cost, 1e9)) +
        gauge("phoenix_collector_cpu_usage_cores", "CPU cores the collector uses.", cpuCores) +
        gauge("phoenix_collector_memory_usage_bytes", "Memory the collector uses.", memoryBytes) +
        counter("phoenix_pipeline_bytes_exported", "Bytes exported.", own, totals.sent * bytesPerPoint) +
        counter("otelcol_receiver_accepted_metric_points", "Points read.", ofReceiver, totals.accepted) +
        counter("otelcol_processor_dropped_metric_points", "Points dropped.", ofProcessor, totals.dropped) +
        counter("otelcol_exporter_sent_metric_points", "Points sent.", ofExporter, totals.sent) +
        counter("otelcol_exporter_send_failed_metric_points", "Points not sent.", ofExporter, 0) +
        latencyText()
      );
    },
  };
}

const round = (value: number, scale: number): number => Math.round(value * scale) / scale;
