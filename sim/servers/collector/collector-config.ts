/** Turns a decoded configuration into pipelines that run, or into the list of reasons why it cannot. */
import { RE2JS } from "re2js";
import { parse } from "yaml";

import {
  checkCollectorConfig,
  durationMs,
  OttlError,
  processAttributes,
  processMetrics,
  typeOf,
} from "../../../src/generator/index.js";
import { replaceAllMatches } from "../../shared/go-regexp.js";
import { ConfigProblem } from "./config-problem.js";
import type { ExporterConfig } from "./exposition.js";
import type { Pass, ResourceMetrics } from "./metrics.js";
import { createOttlCompiler, type OttlCompiler, type Regex, type RegexCompiler } from "./ottl.js";
import { buildStage, createPipeline, type Pipeline } from "./processors.js";

/** What the receiver reads of each process. */
export interface ReceiverConfig {
  readonly collectionIntervalMs: number;
  /** OpenTelemetry names of the metrics. */
  readonly metrics: ReadonlySet<string>;
  /** OpenTelemetry names of the resource attributes. */
  readonly attributes: ReadonlySet<string>;
  /** Whether a process of that name is read at all. */
  readonly isRead: (executableName: string) => boolean;
}

export interface CollectorConfig {
  readonly receiver: ReceiverConfig;
  /** Undefined when no pipeline ends in one. */
  readonly exporter: ExporterConfig | undefined;
  /** Runs what was read through the pipelines. @returns What arrives at the Prometheus exporter. */
  run(resources: readonly ResourceMetrics[]): readonly ResourceMetrics[];
}

/** A configuration that was found good; pipelines that count are made for each collector. */
export interface CollectorPlan {
  start(pass: Pass): CollectorConfig;
}

export type BuildResult =
  | { readonly ok: true; readonly plan: CollectorPlan }
  | { readonly ok: false; readonly errors: readonly string[] };

type Section = Readonly<Record<string, unknown>>;
const section = (value: unknown): Section => (value ?? {}) as Section;
const texts = (value: unknown): readonly string[] => (value ?? []) as readonly string[];

interface PipelineConfig {
  readonly name: string;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

export interface BuildTools {
  readonly ottl: OttlCompiler;
  readonly hostName: string;
}

/** What takes data out of the simulated part; nobody sees what becomes of it. */
const sinks = new Set(["debug", "file", "nop", "otlp", "otlphttp", "prometheusremotewrite"]);

/**
 * Builds a decoded configuration.
 *
 * @param checked - What the check of the configuration found, before references to the environment were replaced.
 */
export function buildCollectorConfig(
  { config, errors: checked }: ReadConfig,
  tools: BuildTools,
): BuildResult {
  if (checked.length > 0) return { ok: false, errors: checked };
  const raw = section(config);
  const errors: string[] = [];
  const attempt = <Value>(at: string, action: () => Value): Value | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof ConfigProblem) && !(error instanceof OttlError)) throw error;
      errors.push(`${at}: ${error.message}`);
      return undefined;
    }
  };
  const pipelines = Object.entries(section(section(raw["service"])["pipelines"])).map(
    ([name, value]): PipelineConfig => ({
      name,
      receivers: texts(section(value)["receivers"]),
      processors: texts(section(value)["processors"]),
      exporters: texts(section(value)["exporters"]),
    }),
  );
  for (const pipeline of pipelines) attempt(`service.pipelines.${pipeline.name}`, () => checkUse(pipeline));
  const used = (kind: "receivers" | "exporters", type: string): string[] => [
    ...new Set(pipelines.flatMap((pipeline) => pipeline[kind]).filter((name) => typeOf(name) === type)),
  ];
  const [receiverName = ""] = used("receivers", "hostmetrics");
  const [exporterName, ...moreExporters] = used("exporters", "prometheus");
  for (const name of moreExporters)
    errors.push(`exporters.${name}: one Prometheus exporter of a collector is simulated, not several`);
  const receiver = attempt(`receivers.${receiverName}`, () =>
    readReceiver(section(section(raw["receivers"])[receiverName]), tools.ottl.regex),
  );
  const exporter =
    exporterName === undefined ? undefined : readExporter(section(section(raw["exporters"])[exporterName]));
  const start = (pass: Pass): CollectorConfig["run"] =>
    connect(pipelines, (pipeline) =>
      createPipeline(
        pipeline.processors.flatMap((name) => {
          const config = section(raw["processors"])[name];
          const stage = attempt(`processors.${name}`, () =>
            buildStage(typeOf(name), config, { ...tools, pass }),
          );
          return stage === undefined ? [] : [stage];
        }),
      ),
    );
  // Building finds what is not simulated.
  start({ number: 0, uptimeMs: 0, startMs: 0 });
  if (errors.length > 0 || receiver === undefined) return { ok: false, errors: [...new Set(errors)] };
  return { ok: true, plan: { start: (pass) => ({ receiver, exporter, run: start(pass) }) } };
}

function checkUse({ name, receivers, exporters }: PipelineConfig): void {
  if (typeOf(name) !== "metrics") throw new ConfigProblem("only pipelines of metrics are simulated");
  const receiver = receivers.find((each) => !["hostmetrics", "forward"].includes(typeOf(each)));
  if (receiver !== undefined)
    throw new ConfigProblem(`receiver "${receiver}" is not simulated; hostmetrics is`);
  const exporter = exporters.find(
    (each) => !sinks.has(typeOf(each)) && !["prometheus", "forward"].includes(typeOf(each)),
  );
  if (exporter === undefined) return;
  const known = ["prometheus", ...sinks].join(", ");
  throw new ConfigProblem(`exporter "${exporter}" is not simulated; ${known} are`);
}

/** Joins pipelines by their connectors; what goes on is given to each pipeline that receives it. */
function connect(
  configs: readonly PipelineConfig[],
  build: (config: PipelineConfig) => Pipeline,
): CollectorConfig["run"] {
  const pipelines = configs.map((config) => ({ ...config, pipeline: build(config) }));
  return (read) => {
    const outputs = new Map<PipelineConfig, readonly ResourceMetrics[]>();
    const outputOf = (config: (typeof pipelines)[number]): readonly ResourceMetrics[] => {
      const known = outputs.get(config);
      if (known !== undefined) return known;
      const output = config.pipeline.run(joined(config.receivers.map(inputOf)));
      outputs.set(config, output);
      return output;
    };
    const inputOf = (receiver: string): readonly ResourceMetrics[] =>
      typeOf(receiver) === "hostmetrics"
        ? read
        : joined(pipelines.filter(({ exporters }) => exporters.includes(receiver)).map(outputOf));
    const ends = pipelines.filter(({ exporters }) =>
      exporters.some((exporter) => typeOf(exporter) === "prometheus"),
    );
    return joined(ends.map(outputOf));
  };
}

/** One list stays the same list, so that whoever gets it can see that nothing changed. */
const joined = (lists: readonly (readonly ResourceMetrics[])[]): readonly ResourceMetrics[] =>
  lists.length === 1 ? (lists[0] ?? []) : lists.flat();

function readReceiver(config: Section, regex: RegexCompiler): ReceiverConfig {
  const scrapers = section(config["scrapers"]);
  for (const name of Object.keys(scrapers)) {
    if (name !== "process") throw new ConfigProblem(`scrapers.${name}: is not simulated; process is`);
  }
  const { metrics, resource_attributes, include, exclude } = section(scrapers["process"]);
  const interval = config["collection_interval"] ?? "1m";
  const isOn = (settings: unknown, name: string, byDefault: boolean): boolean =>
    Boolean(section(section(settings)[name])["enabled"] ?? byDefault);
  const [included, excluded] = [namesMatcher(include, regex), namesMatcher(exclude, regex)];
  return {
    collectionIntervalMs:
      typeof interval === "number" ? interval / 1e6 : (durationMs(interval as string) ?? 60_000),
    metrics: new Set(
      processMetrics.filter(({ name, byDefault }) => isOn(metrics, name, byDefault)).map(({ name }) => name),
    ),
    attributes: new Set(
      Object.entries(processAttributes)
        .filter(([name, byDefault]) => isOn(resource_attributes, name, byDefault))
        .map(([name]) => name),
    ),
    isRead: (name) => included?.(name) !== false && excluded?.(name) !== true,
  };
}

function namesMatcher(config: unknown, regex: RegexCompiler): ((name: string) => boolean) | undefined {
  const { names, match_type } = section(config);
  if (texts(names).length === 0) return undefined;
  const matchers = texts(names).map((wanted) =>
    match_type === "regexp" ? regex(wanted).test : (name: string) => name === wanted,
  );
  return (name) => matchers.some((matches) => matches(name));
}

function readExporter(config: Section): ExporterConfig {
  const { namespace, const_labels, resource_to_telemetry_conversion, send_timestamps } = config;
  const strategy = config["translation_strategy"] as string | undefined;
  return {
    namespace: `${(namespace ?? "") as string | number}`,
    constLabels: Object.fromEntries(
      Object.entries(section(const_labels)).map(([name, value]) => [name, String(value)]),
    ),
    attributesAsLabels: section(resource_to_telemetry_conversion)["enabled"] === true,
    suffixes:
      strategy === undefined ? config["add_metric_suffixes"] !== false : strategy.endsWith("WithSuffixes"),
    timestamps: send_timestamps === true,
  };
}

// Regular expressions as Go has them (RE2), remembered: patterns are few and names repeat.

// A high-cardinality load has thousands of names; beyond this the memory starts afresh.
const rememberedNamesMax = 20_000;
const rememberedPatternsMax = 5000;

/** @returns A compiler of regular expressions that match anywhere in a text; it compiles each pattern once. */
export function createRegexCompiler(): RegexCompiler {
  const compiled = new Map<string, Regex>();
  return (pattern) => {
    const known = compiled.get(pattern);
    if (known !== undefined) return known;
    const regex = compile(pattern);
    if (compiled.size >= rememberedPatternsMax) compiled.clear();
    compiled.set(pattern, regex);
    return regex;
  };
}

function compile(pattern: string): Regex {
  const regex = compileRe2(pattern);
  return {
    test: remember((text) => regex.matcher(text).find()),
    replace: (text, replacement) => replaceAllMatches(regex, replacement, text),
    groups: (text) => {
      const matcher = regex.matcher(text);
      if (!matcher.find()) return undefined;
      const groups: Record<string, string> = {};
      for (let number = 1; number <= regex.groupCount(); number += 1)
        groups[number] = matcher.group(number) ?? "";
      for (const name of Object.keys(regex.namedGroups())) groups[name] = matcher.group(name) ?? "";
      return groups;
    },
  };
}

function compileRe2(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
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

// Two dollar signs are one that begins no reference.
const reference = /\$\$|\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

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

function expandText(text: string, environment: Environment): unknown {
  if (!text.includes("$")) return text;
  const expanded = text.replace(reference, (whole, name?: string, fallback?: string) => {
    if (whole === "$$" || name === undefined) return "$";
    return Object.hasOwn(environment, name) ? (environment[name] ?? "") : (fallback ?? "");
  });
  // A value that is one reference and nothing else may become a number or a flag, as if it stood there itself.
  const alone = /^\$\{[^}]*\}$/.test(text) && /^(?:true|false|-?\d+(?:\.\d+)?)$/.test(expanded);
  return alone ? (parse(expanded) as unknown) : expanded;
}

// Decodes configuration texts. Texts that differ only in the experiment's id are decoded once.

/** A configuration with its references replaced, and what the check of it found before. */
interface ReadConfig {
  readonly config: unknown;
  readonly errors: readonly string[];
}

/**
 * Decodes a YAML text, checks it and expands its environment references.
 *
 * @throws ConfigProblem when the text is not YAML.
 */
type ConfigReader = (text: string, environment: Environment) => ReadConfig;

const textLengthMax = 1_000_000;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param rememberedMax - Decoded texts kept; the oldest goes first. */
function createConfigReader(rememberedMax = 64): ConfigReader {
  const decoded = new Map<string, ReadConfig>();
  return (text, environment) => {
    if (text.length > textLengthMax) {
      throw new ConfigProblem(
        `configuration has ${text.length} characters, at most ${textLengthMax} are read`,
      );
    }
    const id = environment["PHOENIX_EXPERIMENT_ID"] ?? "";
    // The reverse of what expansion does, so that the result is the same with and without it.
    const general = uuidPattern.test(id) ? text.replaceAll(id, "${env:PHOENIX_EXPERIMENT_ID}") : text;
    let known = decoded.get(general);
    if (known === undefined) {
      known = decode(general);
      decoded.set(general, known);
      const [oldest] = decoded.keys();
      if (decoded.size > rememberedMax && oldest !== undefined) decoded.delete(oldest);
    }
    return { config: expandEnvironment(known.config, environment), errors: known.errors };
  };
}

function decode(text: string): ReadConfig {
  try {
    const config: unknown = parse(text, { merge: true });
    // A value may hold itself; expanding finds that first.
    expandEnvironment(config, {});
    return { config, errors: checkCollectorConfig(config).errors };
  } catch (error) {
    if (error instanceof ConfigProblem) throw error;
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
