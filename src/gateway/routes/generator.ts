/** The config generator, and templates that people keep. */
import { z } from "@hono/zod-openapi";

import { canonicalPipeline, type PipelineName } from "../../model/index.js";
import { ValidationError, isPlainObject } from "../../shared/index.js";
import {
  deleteTemplate,
  findConfig,
  findTemplate,
  insertTemplate,
  listTemplates,
  updateTemplate,
  type StoredTemplate,
} from "../../store/index.js";
import { readExperiment, timeText } from "../experiment-view.js";
import { ApiError, notFound, reply } from "../http.js";
import * as replies from "../replies.js";
import { withBody, type Call, type Route } from "../route.js";
import { proxyToGenerator, validate } from "./pipelines.js";

const templateText = {
  description: z.string().max(500).default(""),
  content: z.string().min(1).max(500_000),
  default_parameters: z.record(z.string(), z.unknown()).default({}),
};

const nameBody = z.looseObject({ name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/i), ...templateText });

const generateBody = z.looseObject({
  experiment_id: z.string(),
  template: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).default({}),
});

/** Routes of the generator and of templates. */
export const generatorRoutes: readonly Route[] = [
  withBody({
    method: "post",
    path: "/generator/generate",
    summary: "Render configurations for an experiment without using them",
    tag: "generator",
    access: "user",
    body: generateBody,
    replies: { 200: "The configuration" },
    answer: replies.generatedReply,
    refusals: [404],
    handle: async (call) => {
      const experiment = await readExperiment(call, call.body.experiment_id);
      const candidate = pipelineOf(call.body.template ?? experiment.candidate_pipeline);
      const { body } = await proxyToGenerator(call, "POST", "/api/v1/generate", {
        experiment_id: experiment.id,
        baseline_pipeline: experiment.baseline_pipeline,
        candidate_pipeline: candidate,
        target_hosts: experiment.target_nodes,
        variables: {},
        parameters: { ...experiment.config.parameters, ...call.body.parameters },
        duration: experiment.config.duration,
        version: experiment.config_version + 1,
      });
      const generated = isPlainObject(body) ? body : {};
      return reply(200, {
        ...generated,
        config_id: `${experiment.id}-${candidate}`,
        configuration: generated["candidate_config"],
        generated_at: timeText(await call.context.time.now()),
      });
    },
  }),
  withBody({
    method: "post",
    path: "/generator/validate",
    summary: "Check a collector configuration",
    tag: "generator",
    access: "viewer",
    body: z.looseObject({ configuration: z.string().optional() }),
    replies: { 200: "Whether it is valid, and why not" },
    answer: replies.validationReply,
    handle: (call) => validate(call, call.body.configuration),
  }),
  {
    method: "get",
    path: "/generator/templates",
    summary: "List the built-in templates",
    tag: "generator",
    access: "viewer",
    replies: { 200: "The templates" },
    answer: replies.templatesOfPipelinesReply,
    handle: (call) => proxyToGenerator(call, "GET", "/api/v1/templates"),
  },
  {
    method: "get",
    path: "/generator/configs/{id}",
    summary: "Read the newest generated configurations of an experiment",
    tag: "generator",
    access: "viewer",
    replies: { 200: "Both configurations and their version" },
    answer: replies.configsReply,
    handle: async (call) => {
      const { id, config_version: version } = await readExperiment(call);
      const config = version === 0 ? undefined : await findConfig(call.context.sql, id, version);
      if (config === undefined) throw notFound("configuration");
      return reply(200, { ...config, created_at: timeText(config.created_at) });
    },
  },
  {
    method: "get",
    path: "/templates",
    summary: "List the templates of the tenant",
    tag: "templates",
    access: "admin",
    replies: { 200: "The templates" },
    answer: replies.templateListReply,
    handle: async ({ context, identity }) => {
      const templates = await listTemplates(context.sql, identity.tenantId);
      return reply(200, { templates: templates.map(templateView), total: templates.length });
    },
  },
  withBody({
    method: "post",
    path: "/templates",
    summary: "Keep a template",
    tag: "templates",
    access: "admin",
    body: nameBody,
    replies: { 201: "The template" },
    answer: replies.templateReply,
    refusals: [409],
    handle: async ({ context, identity, body }) => {
      const atMs = await context.time.now();
      const { name, description, content, default_parameters } = body;
      const template: StoredTemplate = {
        name,
        description,
        content,
        default_parameters,
        tenant_id: identity.tenantId,
        version: 1,
        created_at: atMs,
        updated_at: atMs,
      };
      if (!(await insertTemplate(context.sql, template)))
        throw new ApiError("CONFLICT", `template ${name} exists`);
      return reply(201, templateView(template));
    },
  }),
  {
    method: "get",
    path: "/templates/{name}",
    summary: "Read a template",
    tag: "templates",
    access: "admin",
    replies: { 200: "The template" },
    answer: replies.templateReply,
    handle: async (call) => reply(200, templateView(await readTemplate(call))),
  },
  withBody({
    method: "put",
    path: "/templates/{name}",
    summary: "Replace a template",
    tag: "templates",
    access: "admin",
    body: z.looseObject(templateText),
    replies: { 200: "The template" },
    answer: replies.templateReply,
    refusals: [409],
    handle: async (call) => {
      const { description, content, default_parameters } = call.body;
      const seen = await readTemplate(call);
      const wanted = {
        ...seen,
        description,
        content,
        default_parameters,
        updated_at: await call.context.time.now(),
      };
      const changed = await updateTemplate(call.context.sql, wanted);
      if (changed === undefined)
        throw new ApiError("CONFLICT", "the template has changed meanwhile, try again");
      return reply(200, templateView(changed));
    },
  }),
  {
    method: "delete",
    path: "/templates/{name}",
    summary: "Delete a template",
    tag: "templates",
    access: "admin",
    replies: { 204: "It is gone" },
    handle: async ({ context, identity, params }) => {
      const gone = await deleteTemplate(context.sql, identity.tenantId, params["name"] ?? "");
      if (!gone) throw notFound("template");
      return reply(204);
    },
  },
];

async function readTemplate({ context, identity, params }: Call): Promise<StoredTemplate> {
  const template = await findTemplate(context.sql, identity.tenantId, params["name"] ?? "");
  if (template === undefined) throw notFound("template");
  return template;
}

function templateView(template: StoredTemplate): Record<string, unknown> {
  return {
    ...template,
    created_at: timeText(template.created_at),
    updated_at: timeText(template.updated_at),
  };
}

function pipelineOf(name: string): PipelineName {
  const canonical = canonicalPipeline(name);
  if (canonical !== undefined) return canonical;
  throw new ValidationError([{ path: "template", message: `unknown template "${name}"` }]);
}
