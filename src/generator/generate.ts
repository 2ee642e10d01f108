/** From a request to the generated configurations: pure, but for a bounded memory of what was rendered. */
import { z } from "zod";

import { processorOverride } from "./overrides.js";
import { renderCollector, renderManifests, type Variant } from "./render.js";
import { findTemplate, templates, type Template } from "./templates.js";

/** What `POST /api/v1/generate` answers, without the time. */
export interface GeneratedConfig {
  readonly experiment_id: string;
  readonly version: number;
  readonly baseline_config: string;
  readonly candidate_config: string;
  readonly kubernetes_manifests: Readonly<Record<string, string>>;
  readonly git_branch: string;
}

/** Renders one request; the same request gives the same result. */
export type Renderer = (request: GenerateRequest) => Parsed<GeneratedConfig>;

type Texts = Pick<GeneratedConfig, "baseline_config" | "candidate_config" | "kubernetes_manifests">;

// A UUID is plain text in YAML wherever it stands, so one UUID may be exchanged for another after rendering.
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const standInId = "0badcafe-0000-4000-8000-0000deadbeef";

/**
 * Builds a function that renders requests. Requests that differ only in a UUID as experiment id share the work,
 * because rendering YAML is by far the most expensive part of starting an experiment.
 *
 * @param rememberedMax - Renderings kept; the oldest goes first.
 */
export function createRenderer(rememberedMax: number): Renderer {
  const remembered = new Map<string, Texts>();

  function texts(request: GenerateRequest, baseline: Template, candidate: Template): Texts {
    if (!uuidPattern.test(request.experiment_id)) return render(request, baseline, candidate);
    const general = { ...request, experiment_id: standInId };
    const key = JSON.stringify(general);
    let known = remembered.get(key);
    if (known === undefined) {
      known = render(general, baseline, candidate);
      remembered.set(key, known);
      const [oldest] = remembered.keys();
      if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
    }
    return withExperimentId(known, request.experiment_id);
  }

  return (request) => {
    const baseline = findTemplate(request.baseline_pipeline);
    const candidate = findTemplate(request.candidate_pipeline);
    if (baseline === undefined || candidate === undefined) {
      return { ok: false, problems: unknownTemplates(request) };
    }
    const { experiment_id, version } = request;
    const git_branch = `experiment/${experiment_id}`;
    return {
      ok: true,
      value: { experiment_id, version, ...texts(request, baseline, candidate), git_branch },
    };
  };
}

function render(request: GenerateRequest, baseline: Template, candidate: Template): Texts {
  const collector = (variant: Variant, template: Template): string =>
    renderCollector({
      template,
      variant,
      experimentId: request.experiment_id,
      parameters: {
        topK: request.parameters.top_k,
        criticalProcesses: request.parameters.critical_processes,
      },
      overrides: request.overrides[variant]?.processors ?? [],
      variables: request.variables,
    });
  const baseline_config = collector("baseline", baseline);
  const candidate_config = collector("candidate", candidate);
  const kubernetes_manifests = renderManifests({
    experimentId: request.experiment_id,
    version: request.version,
    targetHosts: request.target_hosts,
    configs: { baseline: baseline_config, candidate: candidate_config },
  });
  return { baseline_config, candidate_config, kubernetes_manifests };
}

function withExperimentId(texts: Texts, id: string): Texts {
  const exchange = (text: string): string => text.replaceAll(standInId, id);
  return {
    baseline_config: exchange(texts.baseline_config),
    candidate_config: exchange(texts.candidate_config),
    kubernetes_manifests: Object.fromEntries(
      Object.entries(texts.kubernetes_manifests).map(([name, text]) => [name, exchange(text)]),
    ),
  };
}

function unknownTemplates(request: GenerateRequest): FieldProblem[] {
  const known = templates.map((template) => template.name).join(", ");
  return (["baseline_pipeline", "candidate_pipeline"] as const)
    .filter((field) => findTemplate(request[field]) === undefined)
    .map((field) => ({ field, message: `unknown template "${request[field]}"; known are ${known}` }));
}

// The body of `POST /api/v1/generate`, and what is wrong with it.

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
      top_k: z.int().min(1).max(1000).optional(),
      critical_processes: z.array(z.string().min(1).max(255)).max(1000).default([]),
    })
    .default({ critical_processes: [] }),
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
