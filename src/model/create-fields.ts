/**
 * The many spellings of a create request, folded into one.
 *
 * Clients of several generations are alive: flat snake case, flat camel case, one level of `spec` or
 * `experiment`, nested `pipeline_config`. Folding renames and unwraps; it judges nothing. See create-request.ts.
 */
import { isPlainObject, isUnset, type Problem } from "../shared/index.js";

/** The canonical fields of a create request, not yet checked. */
export interface CreateFields {
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
export function foldCreateFields(body: Record<string, unknown>): {
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
