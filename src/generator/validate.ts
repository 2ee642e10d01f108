/**
 * Checks a collector configuration without running it: structure, references, components and their keys, durations,
 * OTTL. An error is what the OpenTelemetry Collector's contrib distribution would refuse to start with; a warning is
 * advice.
 */
import { RE2JS } from "re2js";
import { parse } from "yaml";

import { nearest } from "../shared/nearest.js";
import {
  namesOf,
  processMetrics,
  serviceShape,
  shapeOf,
  signalsOf,
  typeOf,
  type ComponentKind,
  type Shape,
  type Signal,
} from "./components.js";
import { inferContext, OttlError, parseCondition, parseStatement, type OttlContext } from "./ottl.js";

export interface Validation {
  readonly valid: boolean;
  /** Why a collector would refuse it. */
  readonly errors: readonly string[];
  /** What works but is rarely meant. */
  readonly warnings: readonly string[];
}

type Section = Readonly<Record<string, unknown>>;

interface Pipeline {
  readonly name: string;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

interface Findings {
  readonly errors: string[];
  readonly warnings: string[];
}

const textLengthMax = 1_000_000;
const componentKinds = ["receivers", "processors", "exporters", "connectors", "extensions"] as const;
const sections = [...componentKinds, "service"];

/** Checks a configuration text. Never throws. */
export function validateConfiguration(text: string): Validation {
  const findings: Findings = { errors: [], warnings: [] };
  const config = decode(text, findings);
  if (config !== undefined) checkConfig(config, findings);
  return { valid: findings.errors.length === 0, ...findings };
}

/** Checks a decoded configuration, whose references to the environment may be replaced or not. */
export function checkCollectorConfig(config: unknown): Validation {
  const findings: Findings = { errors: [], warnings: [] };
  if (isSection(config)) checkConfig(config, findings);
  else findings.errors.push("configuration must be a mapping with receivers, exporters and service");
  return { valid: findings.errors.length === 0, ...findings };
}

function decode(text: string, { errors }: Findings): Section | undefined {
  if (text.length > textLengthMax) {
    errors.push(`configuration has ${text.length} characters, at most ${textLengthMax} are read`);
    return undefined;
  }
  try {
    const config: unknown = parse(text, { merge: true });
    if (isSection(config)) return config;
    errors.push("configuration must be a mapping with receivers, exporters and service");
  } catch (error) {
    errors.push(`configuration is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}

function checkConfig(config: Section, findings: Findings): void {
  const { errors } = findings;
  for (const name of Object.keys(config)) {
    if (!sections.includes(name)) errors.push(`${name}: unknown section${meaning(name, sections)}`);
  }
  for (const name of ["receivers", "exporters", "service"]) {
    // A connector may stand where a pipeline begins or ends.
    const connected = name !== "service" && Object.keys(section(config["connectors"])).length > 0;
    if (!isSection(config[name]) && !connected) errors.push(`${name}: section is missing`);
  }
  for (const kind of componentKinds) checkComponents(kind, config[kind], errors);
  const service = section(config["service"]);
  if (isSection(config["service"])) checkShape("service", serviceShape, service, errors);
  const extensions = section(config["extensions"]);
  for (const name of names(service["extensions"])) {
    if (!Object.hasOwn(extensions, name)) {
      errors.push(`service.extensions: "${name}" is not defined${meaning(name, Object.keys(extensions))}`);
    }
  }
  const pipelines = Object.entries(section(service["pipelines"])).map(readPipeline);
  if (isSection(config["service"]) && pipelines.length === 0) {
    errors.push("service.pipelines: needs at least one pipeline");
  }
  for (const pipeline of pipelines) checkPipeline(pipeline, config, findings);
  checkConnectors(pipelines, section(config["connectors"]), errors);
}

// Components, by the vendored facts.

function checkComponents(kind: ComponentKind, components: unknown, errors: string[]): void {
  if (components === undefined || components === null) return;
  if (!isSection(components)) {
    errors.push(`${kind}: must be a mapping of component names`);
    return;
  }
  for (const [name, config] of Object.entries(components)) {
    const at = `${kind}.${name}`;
    const type = typeOf(name);
    if (!/^[A-Za-z][A-Za-z0-9_]{0,62}(?:\/\S.*)?$/.test(name)) {
      errors.push(`${at}: a component is named by its type, or by type/name`);
    } else if (!namesOf(kind).includes(type)) {
      errors.push(`${at}: unknown type "${type}"${meaning(type, namesOf(kind))}`);
    } else {
      const shape = shapeOf(kind, type);
      if (shape === undefined) continue;
      const before = errors.length;
      checkShape(at, shape, config ?? {}, errors);
      // What a rule looks at is only there once the shape is right.
      if (errors.length === before) rules[`${kind} ${type}`]?.(at, section(config), errors);
    }
  }
}

const expanded = /\$\{[^}]*\}/;

/** A value that holds a reference to the environment may become anything. */
function checkShape(at: string, shape: Shape, value: unknown, errors: string[]): void {
  if (shape === "any" || value === null || value === undefined) return;
  if (typeof value === "string" && expanded.test(value)) return;
  if (typeof shape === "string") {
    const problem = scalars[shape](value);
    if (problem !== undefined) errors.push(`${at}: ${problem}, found ${shown(value)}`);
    return;
  }
  switch (shape.type) {
    case "one of":
      if (shape.values.some((each) => each === value)) return;
      errors.push(`${at}: must be one of ${shape.values.join(", ")}, found ${shown(value)}`);
      return;
    case "list":
      if (Array.isArray(value)) {
        for (const [index, item] of value.entries()) checkShape(`${at}[${index}]`, shape.of, item, errors);
      } else errors.push(`${at}: must be a list, found ${shown(value)}`);
      return;
    case "map":
      if (isSection(value)) {
        for (const [key, item] of Object.entries(value)) checkShape(`${at}.${key}`, shape.of, item, errors);
      } else errors.push(`${at}: must be a mapping, found ${shown(value)}`);
      return;
    case "section":
      checkSection(at, shape, value, errors);
  }
}

function checkSection(
  at: string,
  { keys, needs }: Extract<Shape, { type: "section" }>,
  value: unknown,
  errors: string[],
): void {
  if (!isSection(value)) {
    errors.push(`${at}: must be a mapping, found ${shown(value)}`);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const shape = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (shape === undefined) errors.push(`${at}.${key}: unknown key${meaning(key, Object.keys(keys))}`);
    else checkShape(`${at}.${key}`, shape, item, errors);
  }
  for (const key of needs) if (!Object.hasOwn(value, key)) errors.push(`${at}.${key}: is missing`);
}

const scalars: Readonly<
  Record<Exclude<Extract<Shape, string>, "any">, (value: unknown) => string | undefined>
> = {
  // Numbers and flags without quotes are taken for texts, as the real decoder does.
  text: (value) => (typeof value === "object" ? "must be a text" : undefined),
  flag: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  whole: (value) => (Number.isInteger(value) && Number(value) >= 0 ? undefined : "must be a whole number"),
  number: (value) => (typeof value === "number" ? undefined : "must be a number"),
  duration: (value) =>
    Number.isInteger(value) || (typeof value === "string" && durationMs(value) !== undefined)
      ? undefined
      : "must be a duration such as 10s",
};

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00B5s": 1e-3,
  "\u03BCs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00B5s|\u03BCs|ms|s|m|h)/y;

/** @returns Milliseconds of a duration as Go writes it, such as `1m30s`; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  let total = 0;
  let at = 0;
  while (at < unsigned.length) {
    durationPart.lastIndex = at;
    const match = durationPart.exec(unsigned);
    if (match === null) return undefined;
    total += Number(match[1]) * (unitMs[match[2] ?? ""] ?? 0);
    at = durationPart.lastIndex;
  }
  return unsigned === "" ? undefined : text.startsWith("-") ? -total : total;
}

// What the components check themselves, besides the shape of their configuration.

type Rule = (at: string, config: Section, errors: string[]) => void;

const rules: Readonly<Record<string, Rule>> = {
  "receivers hostmetrics": (at, { scrapers, collection_interval }, errors) => {
    if (Object.keys(section(scrapers)).length === 0)
      errors.push(`${at}.scrapers: needs at least one scraper`);
    positive(`${at}.collection_interval`, collection_interval, errors);
  },
  "receivers otlp": (at, { protocols }, errors) => {
    if (Object.keys(section(protocols)).length === 0)
      errors.push(`${at}.protocols: needs grpc, http or both`);
  },
  "processors memory_limiter": checkMemoryLimiter,
  "processors batch": (at, { send_batch_size: size = 8192, send_batch_max_size: most = 0 }, errors) => {
    if (typeof size === "number" && typeof most === "number" && most > 0 && most < size) {
      errors.push(`${at}.send_batch_max_size: ${most} is below send_batch_size, which is ${size}`);
    }
  },
  "processors attributes": (at, { actions, include, exclude }, errors) => {
    checkActions(`${at}.actions`, actions, errors);
    checkPatterns(`${at}.include`, section(include), errors);
    checkPatterns(`${at}.exclude`, section(exclude), errors);
  },
  "processors resource": (at, { attributes }, errors) => checkActions(`${at}.attributes`, attributes, errors),
  "processors filter": checkFilter,
  "processors transform": checkTransform,
  "processors metricstransform": checkMetricsTransform,
  "processors cumulativetodelta": (at, config, errors) => {
    for (const key of ["include", "exclude"]) {
      const { metrics, match_type, metric_types } = section(config[key]);
      if (names(metrics).length > 0 && match_type === undefined)
        errors.push(`${at}.${key}.match_type: is missing`);
      if (names(metrics).length === 0 && names(metric_types).length === 0 && config[key] !== undefined) {
        errors.push(`${at}.${key}.metrics: needs at least one name`);
      }
      if (match_type === "regexp") checkRegexps(`${at}.${key}.metrics`, names(metrics), errors);
    }
  },
  "processors deltatocumulative": (at, { max_stale = "5m" }, errors) =>
    positive(`${at}.max_stale`, max_stale, errors),
  "processors probabilistic_sampler": (at, { sampling_percentage: share = 0 }, errors) => {
    if (typeof share === "number" && share < 0)
      errors.push(`${at}.sampling_percentage: must not be negative, found ${share}`);
  },
  "processors phoenix_topk": (at, { k, by }, errors) => {
    if (typeof k === "number" && (k < 1 || k > 1000)) errors.push(`${at}.k: must be 1 to 1000, found ${k}`);
    const metrics = processMetrics.map(({ name }) => name);
    if (typeof by === "string" && !metrics.includes(by)) {
      errors.push(`${at}.by: "${by}" is not a metric of the process scraper${meaning(by, metrics)}`);
    }
  },
  "exporters otlphttp": (at, config, errors) => {
    const endpoints = [
      "endpoint",
      "metrics_endpoint",
      "traces_endpoint",
      "logs_endpoint",
      "profiles_endpoint",
    ];
    if (endpoints.every((key) => config[key] === undefined)) errors.push(`${at}.endpoint: is missing`);
  },
};

function positive(at: string, value: unknown, errors: string[]): void {
  const milliseconds = typeof value === "number" ? value / 1e6 : durationMs((value ?? "1s") as string);
  if (milliseconds !== undefined && milliseconds <= 0)
    errors.push(`${at}: must be above zero, found ${shown(value)}`);
}

function checkMemoryLimiter(at: string, config: Section, errors: string[]): void {
  const {
    check_interval: interval = 0,
    limit_mib: mebibytes = 0,
    limit_percentage: percentage = 0,
    spike_limit_mib: spike = 0,
    spike_limit_percentage: spikePercentage = 0,
  } = config;
  positive(`${at}.check_interval`, interval, errors);
  if (mebibytes === 0 && percentage === 0)
    errors.push(`${at}.limit_mib: needs limit_mib or limit_percentage`);
  for (const [key, value] of [
    ["limit_percentage", percentage],
    ["spike_limit_percentage", spikePercentage],
  ] as const) {
    if (Number(value) > 100) errors.push(`${at}.${key}: must be at most 100, found ${shown(value)}`);
  }
  if (Number(mebibytes) > 0 && Number(spike) >= Number(mebibytes)) {
    errors.push(`${at}.spike_limit_mib: must be below limit_mib, which is ${shown(mebibytes)}`);
  }
  if (Number(mebibytes) === 0 && Number(percentage) > 0 && Number(spikePercentage) >= Number(percentage)) {
    errors.push(
      `${at}.spike_limit_percentage: must be below limit_percentage, which is ${shown(percentage)}`,
    );
  }
}

function checkActions(at: string, actions: unknown, errors: string[]): void {
  const all = Array.isArray(actions) ? actions.map(section) : [];
  if (all.length === 0) errors.push(`${at}: needs at least one action`);
  for (const [index, each] of all.entries()) {
    const here = `${at}[${index}]`;
    const { action, key, value, from_attribute, from_context, pattern, converted_type } = each;
    const sources = [value, from_attribute, from_context].filter((source) => source !== undefined);
    const setting = ["insert", "update", "upsert"].includes(String(action));
    if (key === undefined && !(pattern !== undefined && ["delete", "hash"].includes(String(action))))
      errors.push(`${here}.key: is missing`);
    if (setting && sources.length !== 1)
      errors.push(`${here}: ${shown(action)} needs value, from_attribute or from_context`);
    if (action === "extract" && pattern === undefined) errors.push(`${here}.pattern: is missing`);
    if (action === "convert" && !["int", "double", "string"].includes(String(converted_type)))
      errors.push(`${here}.converted_type: must be int, double or string, found ${shown(converted_type)}`);
    if (typeof pattern === "string") checkRegexps(`${here}.pattern`, [pattern], errors);
  }
}

function checkPatterns(at: string, { match_type, ...properties }: Section, errors: string[]): void {
  if (match_type !== "regexp") return;
  for (const [key, value] of Object.entries(properties)) {
    if (key === "attributes" || key === "resources" || key === "resource_attributes") {
      const values = Array.isArray(value) ? value.map((item) => section(item)["value"]) : [];
      checkRegexps(
        `${at}.${key}`,
        values.filter((each) => typeof each === "string"),
        errors,
      );
    } else if (Array.isArray(value)) checkRegexps(`${at}.${key}`, names(value), errors);
  }
}

function checkRegexps(at: string, patterns: readonly string[], errors: string[]): void {
  for (const pattern of patterns) {
    if (expanded.test(pattern)) continue;
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      errors.push(`${at}: ${shown(pattern)} is not a regular expression: ${reason}`);
    }
  }
}

// OTTL inside of components.

function checkFilter(at: string, config: Section, errors: string[]): void {
  const conditions: readonly (readonly [group: string, key: string, context: OttlContext])[] = [
    ["metrics", "resource", "resource"],
    ["metrics", "metric", "metric"],
    ["metrics", "datapoint", "datapoint"],
    ["traces", "resource", "resource"],
    ["traces", "span", "span"],
    ["traces", "spanevent", "spanevent"],
    ["logs", "resource", "resource"],
    ["logs", "log_record", "log"],
    ["profiles", "resource", "resource"],
    ["profiles", "profile", "profile"],
  ];
  for (const [group, key, context] of conditions) {
    const texts = names(section(config[group])[key]);
    for (const [index, text] of texts.entries()) {
      attempt(`${at}.${group}.${key}[${index}]`, errors, () =>
        parseCondition(text, context, { inFilter: true }),
      );
    }
  }
  for (const group of ["metrics", "logs", "spans"]) {
    for (const key of ["include", "exclude"]) {
      const matcher = section(config[group])[key];
      if (!isSection(matcher)) continue;
      if (matcher["match_type"] === undefined) errors.push(`${at}.${group}.${key}.match_type: is missing`);
      checkPatterns(`${at}.${group}.${key}`, matcher, errors);
    }
    const { include, exclude, ...others } = section(config[group]);
    const ottl = ["resource", "metric", "datapoint", "log_record"].filter(
      (key) => names(others[key]).length > 0,
    );
    if ((include ?? exclude) !== undefined && ottl.length > 0) {
      errors.push(`${at}.${group}: cannot have ${ottl.join(", ")} beside include or exclude`);
    }
  }
  const contexts = Object.fromEntries(
    Object.entries(statementContexts).map(([key, list]) => [key.replace("statements", "conditions"), list]),
  );
  checkGroups(at, config, { contexts, keys: conditionKeys, inFilter: true }, errors);
  if (Object.keys(config).every((key) => key === "error_mode"))
    errors.push(`${at}: needs conditions, include or exclude`);
}

const statementContexts: Readonly<Record<string, readonly OttlContext[]>> = {
  metric_statements: ["datapoint", "metric", "scope", "resource"],
  trace_statements: ["spanevent", "span", "scope", "resource"],
  log_statements: ["log", "scope", "resource"],
  profile_statements: ["profilesample", "profile", "scope", "resource"],
};

/** One group of statements of `transform`, with the context in which they run. */
export interface StatementGroup {
  readonly context: OttlContext;
  readonly statements: readonly string[];
  readonly conditions: readonly string[];
  readonly errorMode: string | undefined;
}

/**
 * Reads a group of statements: a text by itself, or a mapping with statements and, if wanted, context and conditions.
 *
 * @throws OttlError when no context is given and none can be inferred.
 */
export function readStatementGroup(group: unknown, contexts: readonly OttlContext[]): StatementGroup {
  if (typeof group === "string") {
    return {
      context: inferContext([group], contexts),
      statements: [group],
      conditions: [],
      errorMode: undefined,
    };
  }
  const { context, statements, conditions, error_mode } = section(group);
  const [texts, guards] = [names(statements), names(conditions)];
  const given = context === "instrumentation_scope" ? "scope" : context;
  return {
    context: (given as OttlContext | undefined) ?? inferContext([...texts, ...guards], contexts),
    statements: texts,
    conditions: guards,
    errorMode: error_mode as string | undefined,
  };
}

const groupKeys = ["context", "statements", "conditions", "error_mode"];
const conditionKeys = ["context", "conditions", "error_mode"];

function checkTransform(at: string, config: Section, errors: string[]): void {
  checkGroups(at, config, { contexts: statementContexts, keys: groupKeys, inFilter: false }, errors);
}

/** How groups of OTTL are written: statements in `transform`, conditions in `filter`. */
interface GroupRules {
  readonly contexts: Readonly<Record<string, readonly OttlContext[]>>;
  readonly keys: readonly string[];
  readonly inFilter: boolean;
}

function checkGroups(
  at: string,
  config: Section,
  { contexts: byKey, keys, inFilter }: GroupRules,
  errors: string[],
): void {
  for (const [key, contexts] of Object.entries(byKey)) {
    const groups: unknown[] = Array.isArray(config[key]) ? config[key] : [];
    for (const [index, group] of groups.entries()) {
      const here = `${at}.${key}[${index}]`;
      if (typeof group !== "string" && !isSection(group)) {
        errors.push(`${here}: must be a text or a mapping, found ${shown(group)}`);
        continue;
      }
      const unknown = Object.keys(section(group)).filter((name) => !keys.includes(name));
      for (const name of unknown) errors.push(`${here}.${name}: unknown key${meaning(name, keys)}`);
      const context = section(group)["context"];
      if (context !== undefined && ![...contexts, "instrumentation_scope"].includes(context as OttlContext)) {
        errors.push(`${here}.context: must be one of ${contexts.join(", ")}, found ${shown(context)}`);
        continue;
      }
      attempt(here, errors, () => {
        const given = typeof group === "string" && inFilter ? { conditions: [group] } : group;
        const { context, statements, conditions } = readStatementGroup(given, contexts);
        for (const text of conditions) parseCondition(text, context, { inFilter });
        for (const text of statements) parseStatement(text, context);
      });
    }
  }
}

function attempt(at: string, errors: string[], action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof OttlError)) throw error;
    errors.push(`${at}: ${error.message}`);
  }
}

function checkMetricsTransform(at: string, { transforms }: Section, errors: string[]): void {
  const all = Array.isArray(transforms) ? transforms.map(section) : [];
  for (const [index, transform] of all.entries()) {
    const here = `${at}.transforms[${index}]`;
    const { include, match_type, action, new_name, group_resource_labels, operations } = transform;
    if (include === "") errors.push(`${here}.include: is empty`);
    if (match_type === "regexp") checkRegexps(`${here}.include`, [String(include)], errors);
    if ((action === "insert" || action === "combine") && new_name === undefined)
      errors.push(`${here}.new_name: is needed for ${shown(action)}`);
    if (action === "group" && group_resource_labels === undefined)
      errors.push(`${here}.group_resource_labels: is needed for "group"`);
    const list = Array.isArray(operations) ? operations.map(section) : [];
    for (const [number, operation] of list.entries())
      checkOperation(`${here}.operations[${number}]`, operation, errors);
  }
}

/** What each operation needs besides its action. */
const operationNeeds: Readonly<Record<string, readonly string[]>> = {
  add_label: ["new_label", "new_value"],
  update_label: ["label"],
  delete_label_value: ["label", "label_value"],
  experimental_scale_value: ["experimental_scale"],
  aggregate_label_values: ["label", "new_value"],
};

function checkOperation(at: string, operation: Section, errors: string[]): void {
  for (const key of operationNeeds[String(operation["action"])] ?? []) {
    if (operation[key] === undefined)
      errors.push(`${at}.${key}: is needed for ${shown(operation["action"])}`);
  }
}

// Pipelines.

function readPipeline([name, value]: [string, unknown]): Pipeline {
  const pipeline = section(value);
  return {
    name,
    receivers: names(pipeline["receivers"]),
    processors: names(pipeline["processors"]),
    exporters: names(pipeline["exporters"]),
  };
}

const pipelineSignals: readonly Signal[] = ["metrics", "traces", "logs", "profiles"];

function checkPipeline(pipeline: Pipeline, config: Section, { errors, warnings }: Findings): void {
  const at = `service.pipelines.${pipeline.name}`;
  const signal = pipelineSignals.find((each) => each === typeOf(pipeline.name));
  if (signal === undefined) {
    errors.push(
      `${at}: a pipeline is named ${pipelineSignals.join(", ")}, or one of them with /name` +
        meaning(typeOf(pipeline.name), pipelineSignals),
    );
  }
  if (pipeline.receivers.length === 0) errors.push(`${at}: needs at least one receiver`);
  if (pipeline.exporters.length === 0) errors.push(`${at}: needs at least one exporter`);
  const connectors = section(config["connectors"]);
  for (const kind of ["receivers", "processors", "exporters"] as const) {
    const defined = section(config[kind]);
    for (const name of pipeline[kind]) {
      if (kind !== "processors" && Object.hasOwn(connectors, name)) continue;
      if (!Object.hasOwn(defined, name)) {
        errors.push(`${at}.${kind}: "${name}" is not defined${meaning(name, Object.keys(defined))}`);
      } else if (
        signal !== undefined &&
        namesOf(kind).includes(typeOf(name)) &&
        !signalsOf(kind, typeOf(name)).includes(signal)
      ) {
        errors.push(
          `${at}.${kind}: "${name}" does not take ${signal}; it is for ${signalsOf(kind, typeOf(name)).join(", ")}`,
        );
      }
    }
  }
  for (const name of pipeline.processors) {
    if (typeOf(name) === "phoenix_topk")
      warnings.push(`${at}.processors: "${name}" is the platform's own; a collector must be built with it`);
  }
  const repeated = pipeline.processors.find((name, index, all) => all.indexOf(name) !== index);
  if (repeated !== undefined) errors.push(`${at}.processors: "${repeated}" is listed twice`);
  const limiterAt = pipeline.processors.findIndex((name) => typeOf(name) === "memory_limiter");
  if (limiterAt > 0) warnings.push(`${at}.processors: memory_limiter should be first`);
  if (limiterAt === -1) warnings.push(`${at}.processors: memory_limiter is missing`);
  if (typeOf(pipeline.processors.at(-1) ?? "") !== "batch") {
    warnings.push(`${at}.processors: batch should be last`);
  }
}

/** Connectors join pipelines, so each ends one and begins another; data that comes round again would circle for ever. */
function checkConnectors(pipelines: readonly Pipeline[], connectors: Section, errors: string[]): void {
  for (const name of Object.keys(connectors)) {
    const [ends, begins] = (["exporters", "receivers"] as const).map((kind) =>
      pipelines.some((pipeline) => pipeline[kind].includes(name)),
    );
    if (ends === begins) continue;
    errors.push(
      `connectors.${name}: is used as ${ends === true ? "an exporter and by no pipeline as a receiver" : "a receiver and by no pipeline as an exporter"}`,
    );
  }
  const next = (pipeline: Pipeline): Pipeline[] =>
    pipelines.filter((other) =>
      other.receivers.some((name) => pipeline.exporters.includes(name) && Object.hasOwn(connectors, name)),
    );
  const done = new Set<Pipeline>();
  const reaches = (pipeline: Pipeline, path: readonly Pipeline[]): boolean => {
    if (path.includes(pipeline)) return true;
    if (done.has(pipeline)) return false;
    done.add(pipeline);
    return next(pipeline).some((other) => reaches(other, [...path, pipeline]));
  };
  for (const pipeline of pipelines) {
    if (reaches(pipeline, [])) {
      errors.push(`service.pipelines.${pipeline.name}: its data comes back to it through connectors`);
      return;
    }
  }
}

/** What was probably meant, as the end of a sentence. */
function meaning(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};
const isSection = (value: unknown): value is Section =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const section = (value: unknown): Section => (isSection(value) ? value : {});
const names = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
