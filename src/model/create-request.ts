/** A create request, checked, with every default filled in. */
import { z } from "zod";
import { isPlainObject, isUnset, ValidationError, type Problem } from "../shared/index.js";
import { foldCreateFields } from "./create-fields.js";
import { formatDuration, parseDurationMs } from "./duration.js";
import type { ExperimentSpec, SuccessCriteria } from "./experiment.js";
import { loadProfiles } from "./load-profile.js";
import {
  canonicalPipeline,
  defaultBaselinePipeline,
  defaultCandidatePipeline,
  pipelineNames,
} from "./pipelines.js";
import { defaultTargetNodes, normalizeNodes } from "./target-nodes.js";

/** Run time when a request names none: one hour. */
export const defaultDurationMs = 3_600_000;

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
