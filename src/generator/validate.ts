/** Checks a collector configuration without running it: structure, references, order, limits. */
import { parse } from "yaml";

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
const requiredSections = ["receivers", "processors", "exporters", "service"] as const;

/** Checks a configuration text. Never throws. */
export function validateConfiguration(text: string): Validation {
  const findings: Findings = { errors: [], warnings: [] };
  const config = decode(text, findings);
  if (config !== undefined) checkConfig(config, findings);
  return { valid: findings.errors.length === 0, ...findings };
}

function decode(text: string, { errors }: Findings): Section | undefined {
  if (text.length > textLengthMax) {
    errors.push(`configuration has ${text.length} characters, at most ${textLengthMax} are read`);
    return undefined;
  }
  try {
    const config: unknown = parse(text);
    if (isSection(config)) return config;
    errors.push("configuration must be a mapping with receivers, processors, exporters and service");
  } catch (error) {
    errors.push(`configuration is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}

function checkConfig(config: Section, findings: Findings): void {
  for (const name of requiredSections) {
    if (!isSection(config[name])) findings.errors.push(`${name}: section is missing`);
  }
  for (const [name, definition] of Object.entries(section(config["processors"]))) {
    checkProcessor(name, section(definition), findings.errors);
  }
  const service = section(config["service"]);
  const extensions = section(config["extensions"]);
  for (const name of names(service["extensions"])) {
    if (!Object.hasOwn(extensions, name))
      findings.errors.push(`service.extensions: "${name}" is not defined`);
  }
  const pipelines = Object.entries(section(service["pipelines"])).map(readPipeline);
  if (isSection(config["service"]) && pipelines.length === 0) {
    findings.errors.push("service.pipelines: needs at least one pipeline");
  }
  for (const pipeline of pipelines) checkPipeline(pipeline, config, findings);
  checkAcyclic(pipelines, section(config["connectors"]), findings.errors);
}

function readPipeline([name, value]: [string, unknown]): Pipeline {
  const pipeline = section(value);
  return {
    name,
    receivers: names(pipeline["receivers"]),
    processors: names(pipeline["processors"]),
    exporters: names(pipeline["exporters"]),
  };
}

function checkPipeline(pipeline: Pipeline, config: Section, { errors, warnings }: Findings): void {
  const at = `service.pipelines.${pipeline.name}`;
  if (pipeline.receivers.length === 0) errors.push(`${at}: needs at least one receiver`);
  if (pipeline.exporters.length === 0) errors.push(`${at}: needs at least one exporter`);
  const connectors = section(config["connectors"]);
  for (const kind of ["receivers", "processors", "exporters"] as const) {
    const defined = section(config[kind]);
    for (const name of pipeline[kind]) {
      const connected = kind !== "processors" && Object.hasOwn(connectors, name);
      if (!Object.hasOwn(defined, name) && !connected) errors.push(`${at}.${kind}: "${name}" is not defined`);
    }
  }
  const repeated = pipeline.processors.find((name, index, all) => all.indexOf(name) !== index);
  if (repeated !== undefined) errors.push(`${at}.processors: "${repeated}" is listed twice`);
  const limiterAt = pipeline.processors.findIndex((name) => kindOf(name) === "memory_limiter");
  if (limiterAt > 0) errors.push(`${at}.processors: memory_limiter must be first`);
  if (limiterAt === -1) warnings.push(`${at}.processors: memory_limiter is missing`);
  if (kindOf(pipeline.processors.at(-1) ?? "") !== "batch") {
    warnings.push(`${at}.processors: batch should be last`);
  }
}

function checkProcessor(name: string, config: Section, errors: string[]): void {
  const problem = (field: string, text: string): number =>
    errors.push(`processors.${name}.${field}: ${text}`);
  switch (kindOf(name)) {
    case "topk": {
      const k = config["k"];
      if (!Number.isInteger(k) || Number(k) < 1 || Number(k) > 1000)
        problem("k", "must be a whole number, 1 to 1000");
      break;
    }
    case "groupbyattrs":
      if (names(config["keys"]).length === 0) problem("keys", "needs at least one key");
      break;
    case "probabilistic_sampler": {
      const share = config["sampling_percentage"];
      if (typeof share !== "number" || share < 0 || share > 100)
        problem("sampling_percentage", "must be 0 to 100");
      break;
    }
    case "memory_limiter":
      checkMemoryLimiter(config, problem);
      break;
    default:
  }
}

function checkMemoryLimiter(config: Section, problem: (field: string, text: string) => void): void {
  const { limit, limit_percentage: percentage, limit_mib: mebibytes } = config;
  if (limit === undefined && percentage === undefined && mebibytes === undefined) {
    problem("limit_percentage", "needs limit_percentage, limit_mib or limit");
  }
  if (limit !== undefined && (typeof limit !== "string" || !/^[1-9]\d*(KiB|MiB|GiB)$/.test(limit))) {
    problem("limit", `must look like 512MiB, found ${JSON.stringify(limit)}`);
  }
  if (percentage !== undefined && (typeof percentage !== "number" || percentage <= 0 || percentage > 100)) {
    problem("limit_percentage", "must be above 0 and at most 100");
  }
}

/** Connectors join pipelines; data that comes round again would circle for ever. */
function checkAcyclic(pipelines: readonly Pipeline[], connectors: Section, errors: string[]): void {
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

const kindOf = (name: string): string => name.split("/", 1)[0] ?? "";
const isSection = (value: unknown): value is Section =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const section = (value: unknown): Section => (isSection(value) ? value : {});
const names = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
