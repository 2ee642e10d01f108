/** Answers about pipelines, configurations, deployments and templates. */
import { z } from "@hono/zod-openapi";

import { once } from "../../shared/index.js";
import { object, time, variant, whole } from "./common.js";

/** Both configurations of a version. */
export const configsReply = once(() =>
  z
    .object({
      experiment_id: z.uuid(),
      version: whole(),
      baseline_config: z.string().openapi({ description: "Collector YAML" }),
      candidate_config: z.string().openapi({ description: "Collector YAML" }),
      overrides: object(),
      created_at: time(),
    })
    .openapi("GeneratedConfigs"),
);

/** A deployment. */
export const deploymentReply = once(() =>
  z
    .object({
      id: z.string(),
      tenant_id: z.string(),
      experiment_id: z.uuid().nullable(),
      variant: variant().nullable(),
      deployment_name: z.string(),
      namespace: z.string(),
      pipeline_name: z.string(),
      target_nodes: z.array(z.string()),
      parameters: object(),
      resources: object(),
      status: z.string(),
      phase: z.string(),
      instances: z.object({ desired: whole(), ready: whole(), updated: whole() }),
      ready_nodes: whole(),
      total_nodes: whole(),
      applied_version: whole(),
      config_version: whole(),
      created_by: z.string(),
      created_at: time(),
      updated_at: time(),
    })
    .openapi("Deployment"),
);

export const deploymentListReply = once(() =>
  z.object({ deployments: z.array(deploymentReply()), total: whole() }).openapi("DeploymentList"),
);

const described = once(() => z.object({ name: z.string(), description: z.string() }).openapi("Pipeline"));

export const pipelineReply = once(() => described());

export const pipelinesReply = once(() => z.object({ pipelines: z.array(described()) }));

export const templatesOfPipelinesReply = once(() => z.object({ templates: z.array(described()) }));

export const processorsReply = once(() => z.object({ processors: z.array(z.object({ name: z.string() })) }));

export const previewReply = once(() => z.object({ pipeline_name: z.string(), yaml: z.string() }));

export const validationReply = once(() =>
  z
    .object({ valid: z.boolean(), errors: z.array(z.unknown()), warnings: z.array(z.unknown()).optional() })
    .openapi("Validation"),
);

/** Rendered configurations that nobody uses yet. */
export const generatedReply = once(() =>
  z.object({
    experiment_id: z.string(),
    version: whole(),
    baseline_config: z.string(),
    candidate_config: z.string(),
    config_id: z.string(),
    configuration: z.string(),
    generated_at: time(),
  }),
);

/** A template that a tenant keeps. */
export const templateReply = once(() =>
  z
    .object({
      tenant_id: z.string(),
      name: z.string(),
      description: z.string(),
      content: z.string(),
      default_parameters: object(),
      version: whole(),
      created_at: time(),
      updated_at: time(),
    })
    .openapi("Template"),
);

export const templateListReply = once(() =>
  z.object({ templates: z.array(templateReply()), total: whole() }),
);
