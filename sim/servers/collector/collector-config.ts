/** Turns a decoded configuration into pipelines that run, or into the list of reasons why it cannot. */
import { RE2JS } from "re2js";
import { parse } from "yaml";
import { z } from "zod";

import { metricIndexes, type Sample } from "./metrics.js";
import { OttlError, createOttlCompiler, type OttlCompiler, type RegexCompiler } from "./ottl.js";
import {
  ConfigProblem,
  processorKinds,
  readConfig,
  type EachStage,
  type ProcessorTools,
  type Stage,
} from "./processors.js";
import { createRotatingMemo } from "./rotating-memo.js";

// One pipeline of a collector: its processors in order, with what never changes remembered per sample.

interface Pipeline {
  run(samples: readonly Sample[]): readonly Sample[];
  /** Lets counters of groups begin at zero again. */
  reset(): void;
}

type Step = (samples: readonly Sample[]) => readonly Sample[];

// A process unseen for so many scrapes is judged anew when it comes back, with the same result.
const forgottenAfterScrapes = 16;

/** Joins stages. Neighbours whose outcome cannot change run once per sample, not once per scrape. */
function createPipeline(stages: readonly Stage[]): Pipeline {
  const steps: Step[] = [];
  let fixed: EachStage[] = [];
  const closeFixed = (): void => {
    if (fixed.length > 0) steps.push(rememberedStep(fixed));
    fixed = [];
  };
  for (const stage of stages) {
    if (stage.type === "each" && !stage.dynamic) {
      fixed.push(stage);
      continue;
    }
    closeFixed();
    steps.push(stage.type === "all" ? stage.run : (samples) => collect(samples, stage.apply));
  }
  closeFixed();
  return {
    run: (samples) => steps.reduce((current, step) => step(current), samples),
    reset: () => {
      for (const stage of stages) if (stage.type === "all") stage.reset();
    },
  };
}

function rememberedStep(stages: readonly EachStage[]): Step {
  const outcomes = createRotatingMemo<Sample, Sample | undefined>(forgottenAfterScrapes);
  const applyAll = (sample: Sample): Sample | undefined => {
    let current: Sample | undefined = sample;
    for (const stage of stages) {
      if (current === undefined) return undefined;
      current = stage.apply(current);
    }
    return current;
  };
  return (samples) => {
    const result = collect(samples, (sample) => outcomes.get(sample, applyAll));
    outcomes.endRound();
    return result;
  };
}

function collect(samples: readonly Sample[], apply: (sample: Sample) => Sample | undefined): Sample[] {
  const result: Sample[] = [];
  for (const sample of samples) {
    const outcome = apply(sample);
    if (outcome !== undefined) result.push(outcome);
  }
  return result;
}

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

// Regular expressions as Go has them (RE2), remembered: patterns are few and names repeat.

// A high-cardinality load has thousands of names; beyond this the memory starts afresh.
const rememberedNamesMax = 20_000;
const rememberedPatternsMax = 5000;

/** @returns A compiler that finds a match anywhere in a text, and compiles each pattern once. */
export function createRegexCompiler(): RegexCompiler {
  const compiled = new Map<string, (text: string) => boolean>();
  return (pattern) => {
    const known = compiled.get(pattern);
    if (known !== undefined) return known;
    const test = remember(compile(pattern));
    if (compiled.size >= rememberedPatternsMax) compiled.clear();
    compiled.set(pattern, test);
    return test;
  };
}

function compile(pattern: string): (text: string) => boolean {
  try {
    const regex = RE2JS.compile(pattern);
    return (text) => regex.matcher(text).find();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigProblem(`"${pattern}" is no regular expression: ${reason}`);
  }
}

function remember(test: (text: string) => boolean): (text: string) => boolean {
  const results = new Map<string, boolean>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = test(text);
    if (results.size >= rememberedNamesMax) results.clear();
    results.set(text, result);
    return result;
  };
}

// Environment references in a collector configuration: `${env:NAME}`, `${NAME}`, each with `:-default`.

export type Environment = Readonly<Record<string, string>>;

const reference = /\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

// YAML lets a value hold itself; a configuration that is deeper than this is such a circle or a mistake.
const depthMax = 64;

/**
 * Expands references in every text of a decoded configuration. As in the real collector, a variable that is not set
 * and has no default becomes an empty text.
 *
 * @throws ConfigProblem when the configuration is nested too deep.
 */
export function expandEnvironment(value: unknown, environment: Environment): unknown {
  const expand = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return expandText(value, environment);
    if (typeof value !== "object" || value === null) return value;
    if (depth > depthMax) throw new ConfigProblem(`configuration is nested deeper than ${depthMax} levels`);
    if (Array.isArray(value)) return value.map((item) => expand(item, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, depth + 1)]));
  };
  return expand(value, 0);
}

function expandText(text: string, environment: Environment): string {
  if (!text.includes("${")) return text;
  return text.replace(reference, (_, name: string, fallback: string | undefined) =>
    Object.hasOwn(environment, name) ? (environment[name] ?? "") : (fallback ?? ""),
  );
}

// Decodes configuration texts. Texts that differ only in the experiment's id are decoded once.

/**
 * Decodes a YAML text and expands its environment references.
 *
 * @throws ConfigProblem when the text is not YAML.
 */
type ConfigReader = (text: string, environment: Environment) => unknown;

const textLengthMax = 1_000_000;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param rememberedMax - Decoded texts kept; the oldest goes first. */
function createConfigReader(rememberedMax = 64): ConfigReader {
  const decoded = new Map<string, unknown>();
  return (text, environment) => {
    if (text.length > textLengthMax) {
      throw new ConfigProblem(
        `configuration has ${text.length} characters, at most ${textLengthMax} are read`,
      );
    }
    const id = environment["PHOENIX_EXPERIMENT_ID"] ?? "";
    // The reverse of what expansion does, so that the result is the same with and without it.
    const general = uuidPattern.test(id) ? text.replaceAll(id, "${env:PHOENIX_EXPERIMENT_ID}") : text;
    if (!decoded.has(general)) {
      decoded.set(general, decode(general));
      const [oldest] = decoded.keys();
      if (decoded.size > rememberedMax && oldest !== undefined) decoded.delete(oldest);
    }
    return expandEnvironment(decoded.get(general), environment);
  };
}

function decode(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigProblem(`not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

// What reads configurations. Has no state of any node or world: one may serve all of a process.

export interface ConfigTools {
  readonly read: ConfigReader;
  readonly ottl: OttlCompiler;
}

/** @param rememberedMax - Decoded texts kept. @default 64 */
export function createConfigTools(rememberedMax?: number): ConfigTools {
  return { read: createConfigReader(rememberedMax), ottl: createOttlCompiler(createRegexCompiler()) };
}
