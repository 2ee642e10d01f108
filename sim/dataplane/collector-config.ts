/** Turns a decoded configuration into pipelines that run, or into the list of reasons why it cannot. */
import { z } from "zod";
import { metricIndexes } from "./metric-table.js";
import { OttlError } from "./ottl/index.js";
import { createPipeline, type Pipeline } from "./pipeline.js";
import {
  ConfigProblem,
  processorKinds,
  readConfig,
  type ProcessorTools,
  type Stage,
} from "./processors/index.js";

/** How the Prometheus exporter names and labels series. */
export interface ExporterConfig {
  /** Prefix of every metric name, with its underscore; empty without a namespace. */
  readonly prefix: string;
  readonly constLabels: Readonly<Record<string, string>>;
  /** Attributes of a process become labels. */
  readonly attributesAsLabels: boolean;
}

export interface CollectorConfig {
  readonly collectionIntervalMs: number;
  /** Bit mask of the metrics that the receiver reads. */
  readonly metrics: number;
  /** Pipelines that end in the Prometheus exporter. */
  readonly pipelines: readonly Pipeline[];
  readonly exporter: ExporterConfig;
}

export type BuildResult =
  | { readonly ok: true; readonly config: CollectorConfig }
  | { readonly ok: false; readonly errors: readonly string[] };

const component = z.record(z.string(), z.unknown());
const names = z.array(z.string());
const configSchema = z.strictObject({
  extensions: component.optional(),
  receivers: component,
  processors: component.default({}),
  exporters: component,
  service: z.strictObject({
    extensions: names.default([]),
    telemetry: z.unknown().optional(),
    pipelines: z.record(
      z.string(),
      z.strictObject({ receivers: names.min(1), processors: names.default([]), exporters: names.min(1) }),
    ),
  }),
});

const receiverSchema = z.strictObject({
  collection_interval: z.string().default("60s"),
  initial_delay: z.string().optional(),
  root_path: z.string().optional(),
  scrapers: z.strictObject({
    process: z.looseObject({
      metrics: z.record(z.string(), z.strictObject({ enabled: z.boolean() })).default({}),
    }),
  }),
});

const exporterSchema = z.strictObject({
  endpoint: z.string(),
  namespace: z.string().default(""),
  const_labels: z.record(z.string(), z.string()).default({}),
  metric_expiration: z.string().optional(),
  resource_to_telemetry_conversion: z.strictObject({ enabled: z.boolean() }).default({ enabled: false }),
});

type RawConfig = z.infer<typeof configSchema>;

const exporterKinds = new Set(["prometheus", "otlphttp", "otlp", "debug"]);
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Builds a decoded configuration. Nothing in it is ignored: what is not simulated is an error that names it. */
export function buildCollectorConfig(decoded: unknown, tools: ProcessorTools): BuildResult {
  const errors: string[] = [];
  const attempt = <Value>(at: string, action: () => Value): Value | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof ConfigProblem) && !(error instanceof OttlError)) throw error;
      errors.push(at === "" ? error.message : `${at}: ${error.message}`);
      return undefined;
    }
  };

  const raw = attempt("", () => readConfig(configSchema, decoded));
  if (raw === undefined) return { ok: false, errors };
  const receiver = attempt("receivers.hostmetrics", () => readReceiver(raw));
  const exporter = attempt("exporters.prometheus", () => readExporter(raw));
  const pipelines: Pipeline[] = [];
  for (const name of raw.service.extensions) {
    if (raw.extensions === undefined || !Object.hasOwn(raw.extensions, name)) {
      errors.push(`service.extensions: "${name}" is not defined`);
    }
  }
  for (const [name, { receivers, processors, exporters }] of Object.entries(raw.service.pipelines)) {
    const at = `service.pipelines.${name}`;
    attempt(at, () => checkPipeline(name, { receivers, exporters }, raw));
    const stages = processors.map((processor) =>
      attempt(`processors.${processor}`, () => buildStage(processor, raw, tools)),
    );
    if (exporters.includes("prometheus")) {
      pipelines.push(createPipeline(stages.filter((stage) => stage !== undefined)));
    }
  }
  if (errors.length > 0 || receiver === undefined || exporter === undefined) return { ok: false, errors };
  return { ok: true, config: { ...receiver, pipelines, exporter } };
}

function readReceiver(raw: RawConfig): Pick<CollectorConfig, "collectionIntervalMs" | "metrics"> {
  const { collection_interval, scrapers } = readConfig(receiverSchema, raw.receivers["hostmetrics"]);
  let metrics = 0;
  for (const [name, index] of metricIndexes) {
    if (scrapers.process.metrics[name]?.enabled !== false) metrics |= 1 << index;
  }
  for (const name of Object.keys(scrapers.process.metrics)) {
    if (!metricIndexes.has(name))
      throw new ConfigProblem(`scrapers.process.metrics: "${name}" is not simulated`);
  }
  return { collectionIntervalMs: durationMs(collection_interval), metrics };
}

function readExporter(raw: RawConfig): ExporterConfig {
  for (const name of Object.keys(raw.exporters)) {
    const kind = kindOf(name);
    if (!exporterKinds.has(kind)) {
      throw new ConfigProblem(`exporter "${name}" is not simulated; ${[...exporterKinds].join(", ")} are`);
    }
  }
  const { namespace, const_labels, resource_to_telemetry_conversion } = readConfig(
    exporterSchema,
    raw.exporters["prometheus"],
  );
  return {
    prefix: namespace === "" ? "" : `${namespace}_`,
    constLabels: const_labels,
    attributesAsLabels: resource_to_telemetry_conversion.enabled,
  };
}

function checkPipeline(
  name: string,
  { receivers, exporters }: { receivers: readonly string[]; exporters: readonly string[] },
  raw: RawConfig,
): void {
  if (kindOf(name) !== "metrics") throw new ConfigProblem("only pipelines of metrics are simulated");
  const receiver = receivers.find((receiver) => receiver !== "hostmetrics");
  if (receiver !== undefined)
    throw new ConfigProblem(`receiver "${receiver}" is not simulated; hostmetrics is`);
  const exporter = exporters.find((exporter) => !Object.hasOwn(raw.exporters, exporter));
  if (exporter !== undefined) throw new ConfigProblem(`exporter "${exporter}" is not defined`);
}

function buildStage(name: string, raw: RawConfig, tools: ProcessorTools): Stage {
  if (!Object.hasOwn(raw.processors, name)) throw new ConfigProblem("is not defined");
  const kind = processorKinds.get(kindOf(name));
  if (kind === undefined) {
    throw new ConfigProblem(`this kind is not simulated; ${[...processorKinds.keys()].join(", ")} are`);
  }
  return kind.build(raw.processors[name], tools);
}

function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  const result = Number(match?.[1]) * (unitMs[match?.[2] ?? ""] ?? Number.NaN);
  if (!(result > 0)) throw new ConfigProblem(`collection_interval: "${text}" must look like 10s`);
  return result;
}

const kindOf = (name: string): string => name.split("/", 1)[0] ?? "";
