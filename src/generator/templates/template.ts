/** What a pipeline template is: the part of a collector configuration that differs between pipelines. */

/** The seven process metrics that the `hostmetrics` receiver can report. */
export const processMetrics = [
  "process.cpu.time",
  "process.cpu.utilization",
  "process.memory.physical",
  "process.memory.virtual",
  "process.disk.io",
  "process.threads",
  "process.open_file_descriptors",
] as const;

export type ProcessMetric = (typeof processMetrics)[number];

/** What a request may tune in a template. */
export interface TemplateParameters {
  /** How many non-critical processes `process-topk-v1` keeps per node, 1 to 1000. @default 20 */
  readonly topK: number;
  /** Names or name globs that count as critical besides the built-in list. @default [] */
  readonly criticalProcesses: readonly string[];
}

/** The components of one rendered template, before the parts that all pipelines share are added. */
export interface TemplatePlan {
  readonly collectionInterval: string;
  readonly metrics: readonly ProcessMetric[];
  /** Processors that only this template has, by component name. */
  readonly processors: Readonly<Record<string, unknown>>;
  /** Per pipeline: the processors that reduce, in order, between the shared beginning and `batch`. */
  readonly pipelines: Readonly<Record<string, readonly string[]>>;
}

export interface Template {
  readonly name: string;
  readonly description: string;
  /** Share of the process series that the template is meant to remove, in percent: lowest, highest. */
  readonly cutPercent: readonly [number, number];
  build(parameters: TemplateParameters): TemplatePlan;
}
