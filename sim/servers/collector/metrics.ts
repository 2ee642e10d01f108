/** The seven metrics of a process: how OpenTelemetry names them and how Prometheus does. */

export interface ProcessMetric {
  /** OpenTelemetry name, as a configuration has it. */
  readonly name: string;
  /** Prometheus name without the exporter's namespace. */
  readonly family: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

/** In the order of a sample's values. */
export const metricTable: readonly ProcessMetric[] = [
  {
    name: "process.cpu.time",
    family: "process_cpu_time_seconds_total",
    type: "counter",
    help: "Total CPU seconds of the process.",
  },
  {
    name: "process.cpu.utilization",
    family: "process_cpu_utilization_ratio",
    type: "gauge",
    help: "Share of one CPU that the process uses.",
  },
  {
    name: "process.memory.physical",
    family: "process_memory_physical_bytes",
    type: "gauge",
    help: "Physical memory of the process.",
  },
  {
    name: "process.memory.virtual",
    family: "process_memory_virtual_bytes",
    type: "gauge",
    help: "Virtual memory of the process.",
  },
  {
    name: "process.disk.io",
    family: "process_disk_io_bytes_total",
    type: "counter",
    help: "Bytes that the process read and wrote on disk.",
  },
  { name: "process.threads", family: "process_threads", type: "gauge", help: "Threads of the process." },
  {
    name: "process.open_file_descriptors",
    family: "process_open_file_descriptors",
    type: "gauge",
    help: "File descriptors that the process has open.",
  },
];

/** Index of each metric in {@link metricTable} by its OpenTelemetry name. */
export const metricIndexes: ReadonlyMap<string, number> = new Map(
  metricTable.map(({ name }, index) => [name, index]),
);

/** Bit mask with every metric. */
export const allMetrics = (1 << metricTable.length) - 1;

// What flows through a pipeline: one process, or one group of processes, with its metrics.

/** Resource attributes by OpenTelemetry name. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * Identity and attributes never change, so that what a pipeline decides about them can be remembered; the numbers in
 * `values` are brought up to date in place before each scrape.
 */
export interface Sample {
  readonly attributes: Attributes;
  /** One number per entry of the metric table. Samples made from one another share the array. */
  readonly values: Float64Array;
  /** Bit i is set while metric i of the table is still part of the sample. */
  readonly metrics: number;
}

/** A metric's number, or 0 for an index that does not exist. */
export const valueAt = (values: Float64Array, index: number): number => values[index] ?? 0;
