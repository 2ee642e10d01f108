/** The body of `POST /api/v1/generate`, and what is wrong with it. */
import { z } from "zod";
import { processorOverride } from "./overrides.js";

// Kubernetes names are made of it, so nothing else may be in it.
const experimentId = z
  .string()
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/, "must be 1 to 63 letters, digits and inner dashes");

const variantOverrides = z.strictObject({ processors: z.array(processorOverride).max(100).default([]) });

const generateRequest = z.object({
  experiment_id: experimentId,
  baseline_pipeline: z.string().min(1),
  candidate_pipeline: z.string().min(1),
  target_hosts: z.array(z.string().min(1).max(253)).min(1).max(10_000),
  variables: z.record(z.string(), z.string()).default({}),
  duration: z.union([z.string(), z.number()]).optional(),
  parameters: z
    .object({
      top_k: z.int().min(1).max(1000).default(20),
      critical_processes: z.array(z.string().min(1).max(255)).max(1000).default([]),
    })
    .default({ top_k: 20, critical_processes: [] }),
  overrides: z
    .strictObject({ baseline: variantOverrides.optional(), candidate: variantOverrides.optional() })
    .default({}),
  version: z.int().min(1).default(1),
});

export type GenerateRequest = z.infer<typeof generateRequest>;

/** One thing wrong with a request. */
export interface FieldProblem {
  /** Path of the field, such as `overrides.candidate.processors.0.config.k`; empty for the whole body. */
  readonly field: string;
  readonly message: string;
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/** Checks a decoded JSON body against a schema. */
export function parseBody<Value>(schema: z.ZodType<Value>, body: unknown): Parsed<Value> {
  const result = schema.safeParse(body);
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.map((issue) => ({
    field: issue.path.join("."),
    message: issue.message,
  }));
  return { ok: false, problems };
}

/** Checks the body of `POST /api/v1/generate`; pipeline names are checked by the caller. */
export function parseGenerateRequest(body: unknown): Parsed<GenerateRequest> {
  return parseBody(generateRequest, body);
}
