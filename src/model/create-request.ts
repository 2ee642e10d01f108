/** A create request, checked, with every default filled in. */
import { z } from "zod";

import { ValidationError, isPlainObject, isUnset, type Problem } from "../shared/index.js";
import {
  canonicalPipeline,
  defaultBaselinePipeline,
  defaultCandidatePipeline,
  loadProfiles,
  pipelineNames,
} from "./catalogue.js";
import { formatDuration, parseDurationMs } from "./duration.js";
import type { ExperimentSpec, SuccessCriteria } from "./experiment.js";

// The many spellings of a create request, folded into one.
//
// Clients of several generations are alive: flat snake case, flat camel case, one level of `spec` or
// `experiment`, nested `pipeline_config`. Folding renames and unwraps; it judges nothing. See create-request.ts.

/** The canonical fields of a create request, not yet checked. */
interface CreateFields {
  name?: unknown;
  description?: unknown;
  baseline_pipeline?: unknown;
  candidate_pipeline?: unknown;
  target_nodes?: unknown;
  duration?: unknown;
  duration_seconds?: unknown;
  traffic_split?: unknown;
  success_criteria?: unknown;
  load_profile?: unknown;
  parameters?: unknown;
}

// What clients send along and the server decides or has no use for.
const ignored: ReadonlySet<string> = new Set(
  (
    "id status state phase check_only checkOnly created_at createdAt updated_at updatedAt started_at startedAt " +
    "completed_at completedAt created_by createdBy owner tenant_id tenantId results metrics metadata tags labels " +
    "annotations hypothesis namespace conditions priority team environment schedule notifications apiVersion kind " +
    "config_version configVersion promoted_variant promotedVariant reason"
  ).split(" "),
);

const topLevel: Readonly<Record<string, keyof CreateFields>> = {
  name: "name",
  description: "description",
  baseline_pipeline: "baseline_pipeline",
  baselinePipeline: "baseline_pipeline",
  baseline_pipeline_id: "baseline_pipeline",
  baselinePipelineId: "baseline_pipeline",
  baseline: "baseline_pipeline",
  candidate_pipeline: "candidate_pipeline",
  candidatePipeline: "candidate_pipeline",
  candidate_pipeline_id: "candidate_pipeline",
  candidatePipelineId: "candidate_pipeline",
  candidate: "candidate_pipeline",
  target_nodes: "target_nodes",
  targetNodes: "target_nodes",
  target_hosts: "target_nodes",
  targetHosts: "target_nodes",
};

const settings: Readonly<Record<string, keyof CreateFields>> = {
  duration: "duration",
  duration_ms: "duration",
  durationMs: "duration",
  duration_seconds: "duration_seconds",
  durationSeconds: "duration_seconds",
  traffic_split: "traffic_split",
  trafficSplit: "traffic_split",
  success_criteria: "success_criteria",
  successCriteria: "success_criteria",
  load_profile: "load_profile",
  loadProfile: "load_profile",
  parameters: "parameters",
  variables: "parameters",
};

/**
 * Folds a parsed body. Zero values of Go stand for fields that were not set.
 *
 * @returns The canonical fields, and a problem for each field nobody knows.
 */
function foldCreateFields(body: Record<string, unknown>): {
  readonly fields: CreateFields;
  readonly problems: Problem[];
} {
  const fields: CreateFields = {};
  const problems: Problem[] = [];
  const source = unwrap(body);
  for (const [key, value] of Object.entries(source)) {
    if (isUnset(value)) continue;
    if (key === "config" || key === "experiment_config") foldConfig(value, fields, problems);
    else if (key === "pipeline_config" || key === "pipelineConfig") foldPipelines(value, fields, problems);
    else if (Object.hasOwn(topLevel, key)) assign(fields, topLevel[key], pipelineName(key, value));
    else if (Object.hasOwn(settings, key)) assign(fields, settings[key], milliseconds(key, value));
    else if (!ignored.has(key)) problems.push({ path: key, message: "unknown field" });
  }
  return { fields, problems };
}

// The wizard wraps in `spec`, the command line in `experiment`; a name beside the wrapper still counts.
function unwrap(body: Record<string, unknown>): Record<string, unknown> {
  for (const wrapper of ["spec", "experiment"]) {
    const inner = body[wrapper];
    if (isPlainObject(inner)) {
      const { [wrapper]: _inner, ...outer } = body;
      return { ...outer, ...inner };
    }
  }
  return body;
}

function foldConfig(value: unknown, fields: CreateFields, problems: Problem[]): void {
  if (!isPlainObject(value)) {
    problems.push({ path: "config", message: "must be an object" });
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (isUnset(inner)) continue;
    if (Object.hasOwn(settings, key)) assign(fields, settings[key], milliseconds(key, inner));
    else if (Object.hasOwn(topLevel, key)) assign(fields, topLevel[key], pipelineName(key, inner));
    else problems.push({ path: `config.${key}`, message: "unknown field" });
  }
}

function foldPipelines(value: unknown, fields: CreateFields, problems: Problem[]): void {
  if (!isPlainObject(value)) {
    problems.push({ path: "pipeline_config", message: "must be an object" });
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (isUnset(inner)) continue;
    if (key === "baseline" || key === "candidate") {
      assign(fields, `${key}_pipeline`, pipelineName(key, inner));
    } else problems.push({ path: `pipeline_config.${key}`, message: "unknown field" });
  }
}

// `{template: "..."}` and `{name: "..."}` stand for the name of a pipeline.
function pipelineName(key: string, value: unknown): unknown {
  if (!/^(baseline|candidate)/.test(key) || !isPlainObject(value)) return value;
  const name = [value["template"], value["name"]].find((text) => !isUnset(text));
  return name ?? (Object.values(value).every(isUnset) ? undefined : value);
}

function milliseconds(key: string, value: unknown): unknown {
  return /ms$/i.test(key) && typeof value === "number" ? `${value}ms` : value;
}

// The first spelling wins, so that a twin in another case cannot contradict it unseen.
function assign(fields: CreateFields, key: keyof CreateFields | undefined, value: unknown): void {
  if (key !== undefined && fields[key] === undefined && !isUnset(value) && !isZeroStruct(key, value))
    fields[key] = value;
}

// A struct of which nobody set a field; one field of several may well be meant as 0.
function isZeroStruct(key: keyof CreateFields, value: unknown): boolean {
  if (!isPlainObject(value) || (key !== "traffic_split" && key !== "success_criteria")) return false;
  return Object.values(value).every(isUnset);
}

// The nodes an experiment runs on, in every form clients send.

/** Nodes when a request names none. */
export const defaultTargetNodes: readonly string[] = ["node1"];

/** Most nodes of one experiment. */
const targetNodesMax = 100;

// Names become host names in URLs.
const nodeName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i;

/**
 * Reads a list of names, a map whose keys are names, `{specific_hosts: [...]}`, or
 * `{selector: {"kubernetes.io/hostname": name}}`.
 *
 * @returns The names without repetition in their first order, or a text saying what is wrong.
 */
export function normalizeNodes(value: unknown): string[] | string {
  const names = namesOf(value);
  if (typeof names === "string") return names;
  const wrong = names.find((name) => typeof name !== "string" || !nodeName.test(name));
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is not a node name`;
  const unique = [...new Set(names as string[])];
  if (unique.length === 0) return "must name at least one node";
  return unique.length > targetNodesMax ? `must name at most ${targetNodesMax} nodes` : unique;
}

function namesOf(value: unknown): unknown[] | string {
  if (Array.isArray(value)) return value;
  if (!isPlainObject(value)) return "must be a list of node names";
  const hosts = value["specific_hosts"] ?? value["specificHosts"];
  if (Array.isArray(hosts)) return hosts;
  if ("percentage" in value)
    return "a percentage needs specific_hosts beside it: the nodes are not enumerable";
  const selector = value["selector"];
  if (selector === undefined) return Object.keys(value);
  const labels = isPlainObject(selector) ? (selector["matchLabels"] ?? selector) : undefined;
  const host = isPlainObject(labels) ? labels["kubernetes.io/hostname"] : undefined;
  if (typeof host === "string") return [host];
  return `a selector can only name one node by "kubernetes.io/hostname"; list node names instead`;
}

/** Run time when a request names none: one hour. */
const defaultDurationMs = 3_600_000;

/** Longest run: seven days. */
export const maxDurationMs = 7 * 86_400_000;

/** Limits of an experiment that names none. */
export const defaultSuccessCriteria: SuccessCriteria = {
  min_cardinality_reduction: 30,
  max_latency_increase: 10,
  critical_process_coverage: 95,
  max_error_rate: 1,
};

const pipeline = z.string().transform((name, context) => {
  const canonical = canonicalPipeline(name);
  if (canonical !== undefined) return canonical;
  context.addIssue({
    code: "custom",
    message: `unknown pipeline "${name}"; known: ${pipelineNames.join(", ")}`,
  });
  return z.NEVER;
});

const duration = z.unknown().transform((value, context) => {
  const ms = parseDurationMs(value);
  if (ms !== undefined && ms <= maxDurationMs) return ms;
  context.addIssue({
    code: "custom",
    message: `must be a duration such as "5m" or a number of seconds, above 0 and at most 7 days`,
  });
  return z.NEVER;
});

function unlessUnset<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (isUnset(value) ? undefined : value), schema.optional());
}

const percent = z.number().min(0).max(100);

const criteria = z.preprocess(
  renamed({
    minCardinalityReduction: "min_cardinality_reduction",
    min_metric_reduction: "min_cardinality_reduction",
    minMetricReduction: "min_cardinality_reduction",
    maxLatencyIncrease: "max_latency_increase",
    criticalProcessCoverage: "critical_process_coverage",
    min_critical_process_retention: "critical_process_coverage",
    minCriticalProcessRetention: "critical_process_coverage",
    min_critical_process_coverage: "critical_process_coverage",
    maxErrorRate: "max_error_rate",
    maxCostIncrease: "max_cost_increase",
  }),
  z.strictObject({
    min_cardinality_reduction: percent.optional(),
    max_latency_increase: percent.optional(),
    critical_process_coverage: percent.optional(),
    max_error_rate: percent.optional(),
    max_cost_increase: percent.optional(),
  }),
);

const split = z.preprocess(
  renamed({
    baseline_percentage: "baseline",
    candidate_percentage: "candidate",
    baseline_weight: "baseline",
    candidate_weight: "candidate",
    baselinePercentage: "baseline",
    candidatePercentage: "candidate",
    baselineWeight: "baseline",
    candidateWeight: "candidate",
    Baseline: "baseline",
    Candidate: "candidate",
  }),
  z
    .strictObject({ baseline: percent, candidate: percent })
    .refine(
      ({ baseline, candidate }) => baseline + candidate === 100,
      "baseline and candidate must sum to 100",
    ),
);

const parameters = z.looseObject({
  top_k: unlessUnset(z.int().min(1).max(1000)),
  critical_processes: unlessUnset(z.array(z.string().min(1).max(255)).max(1000)),
});

const request = z.object({
  name: z.string().trim().min(3).max(100),
  description: z.string().max(500).default(""),
  baseline_pipeline: pipeline.default(defaultBaselinePipeline),
  candidate_pipeline: pipeline.default(defaultCandidatePipeline),
  target_nodes: z.unknown().transform((value, context) => {
    const nodes = normalizeNodes(value);
    if (Array.isArray(nodes)) return nodes;
    context.addIssue({ code: "custom", message: nodes });
    return z.NEVER;
  }),
  duration: duration.optional(),
  duration_seconds: z
    .number()
    .positive()
    .max(maxDurationMs / 1000)
    .optional(),
  traffic_split: split.optional(),
  success_criteria: criteria.optional(),
  load_profile: z.enum(loadProfiles).default("realistic"),
  parameters: parameters.default({}),
});

/**
 * Reads the parsed body of a create request in any known spelling.
 *
 * @throws ValidationError naming everything that is wrong.
 */
export function parseCreateRequest(body: unknown): ExperimentSpec {
  if (!isPlainObject(body)) throw new ValidationError([{ path: "", message: "body must be a JSON object" }]);
  const { fields, problems } = foldCreateFields(body);
  const parsed = request.safeParse({ ...fields, target_nodes: fields.target_nodes ?? defaultTargetNodes });
  if (!parsed.success) problems.push(...problemsOf(parsed.error));
  if (!parsed.success || problems.length > 0) throw new ValidationError(problems);
  const value = parsed.data;
  const seconds = value.duration_seconds;
  const durationMs =
    value.duration ?? (seconds === undefined ? defaultDurationMs : Math.max(1, Math.round(seconds * 1000)));
  return {
    name: value.name,
    description: value.description,
    baseline_pipeline: value.baseline_pipeline,
    candidate_pipeline: value.candidate_pipeline,
    target_nodes: value.target_nodes,
    config: {
      duration: formatDuration(durationMs),
      duration_ms: durationMs,
      traffic_split: value.traffic_split ?? { baseline: 50, candidate: 50 },
      success_criteria: { ...defaultSuccessCriteria, ...present(value.success_criteria) },
      load_profile: value.load_profile,
      parameters: value.parameters,
    },
  };
}

/** @returns The issues of a zod error as problems. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
}

function present(
  values: Partial<Record<keyof SuccessCriteria, number | undefined>> = {},
): Partial<SuccessCriteria> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function renamed(names: Readonly<Record<string, string>>): (value: unknown) => unknown {
  return (value) => {
    if (!isPlainObject(value)) return value;
    const result: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const canonical = Object.hasOwn(names, key) ? (names[key] ?? key) : key;
      if (inner !== undefined && inner !== null) result[canonical] ??= inner;
    }
    return result;
  };
}
