/** The catalogue of pipelines, and deployments that people make by hand. */
import { z } from "@hono/zod-openapi";

import { canonicalPipeline, defaultTargetNodes, normalizeNodes, pipelineNames } from "../../model/index.js";
import { ValidationError, errorText, isPlainObject } from "../../shared/index.js";
import {
  changeDeployment,
  deleteDeployment,
  findDeployment,
  insertDeployment,
  listDeploymentsOfTenant,
  type Deployment,
} from "../../store/index.js";
import { assertSeen } from "../access.js";
import { deploymentView } from "../experiment-view.js";
import { ApiError, notFound, reply, type Reply } from "../http.js";
import * as replies from "../replies.js";
import { withBody, type Call, type Route } from "../route.js";

// Passing a request on to the config generator.

/** The generator's answer as a JSON value, with its status. */
interface GeneratorAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/**
 * Asks the generator.
 *
 * @throws ApiError `SERVICE_UNAVAILABLE` when it is away or fails.
 */
async function askGenerator(
  call: Call,
  method: string,
  path: string,
  body?: unknown,
): Promise<GeneratorAnswer> {
  const { http, options } = call.context;
  try {
    const answer = await http.request(`${options.generatorUrl}${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? "" : JSON.stringify(body),
      timeoutMs: options.requestTimeoutMs,
    });
    if (answer.status < 500)
      return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
    throw new Error(`the generator answered ${answer.status}`);
  } catch (error) {
    const cause = errorText(error);
    throw new ApiError("SERVICE_UNAVAILABLE", "the config generator is unavailable, try again", { cause });
  }
}

/** Asks the generator and answers what it answers; its errors become validation errors. */
export async function proxyToGenerator(
  call: Call,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const answer = await askGenerator(call, method, path, body);
  if (answer.status < 400) return reply(answer.status, answer.body);
  const words = [answer.body["message"], answer.body["error"]].find(
    (text): text is string => typeof text === "string",
  );
  const text = words ?? "the generator refused the request";
  if (answer.status === 404) throw new ApiError("NOT_FOUND", text);
  throw new ApiError("VALIDATION_ERROR", text, answer.body["details"] ?? null);
}

const tag = "pipelines";
const objects = z.record(z.string(), z.unknown());

const deploymentBody = z
  .looseObject({
    deployment_name: z.string().trim().min(1).max(253).optional(),
    name: z.string().trim().min(1).max(253).optional(),
    pipeline_name: z.string(),
    namespace: z.string().trim().min(1).max(63).default("default"),
    target_nodes: z.unknown().optional(),
    parameters: objects.default({}),
    resources: objects.default({}),
  })
  .refine((body) => (body.deployment_name ?? body.name) !== undefined, "deployment_name is needed");

const processorTypes = ["filter", "topk", "aggregate", "groupbyattrs", "transform", "probabilistic_sampler"];

/** Routes of pipelines and their deployments. */
export const pipelineRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/pipelines",
    summary: "List the pipelines",
    tag,
    access: "viewer",
    replies: { 200: "The catalogue" },
    answer: replies.pipelinesReply,
    handle: async (call) => reply(200, { pipelines: await catalogue(call) }),
  },
  {
    method: "get",
    path: "/pipelines/templates",
    summary: "List the pipeline templates",
    tag,
    access: "viewer",
    replies: { 200: "The catalogue" },
    answer: replies.templatesOfPipelinesReply,
    handle: async (call) => reply(200, { templates: await catalogue(call) }),
  },
  {
    method: "get",
    path: "/pipelines/processors",
    summary: "List the processors that a configuration may name",
    tag,
    access: "viewer",
    replies: { 200: "The processors" },
    answer: replies.processorsReply,
    handle: () => reply(200, { processors: processorTypes.map((name) => ({ name })) }),
  },
  withBody({
    method: "post",
    path: "/pipelines/validate",
    summary: "Check a collector configuration",
    tag,
    access: "viewer",
    body: z.looseObject({ configuration: z.string().optional(), config: z.string().optional() }),
    replies: { 200: "Whether it is valid, and why not" },
    answer: replies.validationReply,
    handle: (call) => validate(call, call.body.configuration ?? call.body.config),
  }),
  withBody({
    method: "post",
    path: "/pipelines/preview",
    summary: "Show the configuration that a pipeline renders to",
    tag,
    access: "viewer",
    body: z.looseObject({ pipeline_name: z.string().optional(), template: z.string().optional() }),
    replies: { 200: "Collector YAML" },
    answer: replies.previewReply,
    handle: async (call) => {
      const pipeline = knownPipeline(call.body.pipeline_name ?? call.body.template ?? "");
      const { body } = await proxyToGenerator(call, "POST", "/api/v1/generate", {
        experiment_id: "preview",
        baseline_pipeline: pipeline,
        candidate_pipeline: pipeline,
        target_hosts: ["node1"],
        variables: {},
        version: 1,
      });
      return reply(200, {
        pipeline_name: pipeline,
        yaml: isPlainObject(body) ? body["candidate_config"] : "",
      });
    },
  }),
  {
    method: "get",
    path: "/pipelines/deployments",
    summary: "List the deployments of the tenant, newest first",
    tag,
    access: "viewer",
    query: { page_size: "Deployments of a page; 20, at most 100", page: "Page to read, from 1" },
    replies: { 200: "One page" },
    answer: replies.deploymentListReply,
    handle: async ({ context, identity, query }) => {
      const all = (await listDeploymentsOfTenant(context.sql, identity.tenantId)).filter((deployment) =>
        context.guard(identity, deployment),
      );
      const size = Math.min(100, pageNumber(query, "page_size", 20));
      const first = (pageNumber(query, "page", 1) - 1) * size;
      return reply(200, {
        deployments: all.slice(first, first + size).map(deploymentView),
        total: all.length,
      });
    },
  },
  withBody({
    method: "post",
    path: "/pipelines/deployments",
    summary: "Make a deployment",
    tag,
    access: "user",
    body: deploymentBody,
    replies: { 201: "The deployment" },
    answer: replies.deploymentReply,
    refusals: [409],
    handle: async ({ context, identity, body }) => {
      const nodes = normalizeNodes(body.target_nodes ?? defaultTargetNodes);
      if (!Array.isArray(nodes)) throw new ValidationError([{ path: "target_nodes", message: nodes }]);
      const atMs = await context.time.now();
      const deployment: Deployment = {
        id: context.ids.next(),
        tenant_id: identity.tenantId,
        experiment_id: null,
        variant: null,
        deployment_name: body.deployment_name ?? body.name ?? "",
        namespace: body.namespace,
        pipeline_name: knownPipeline(body.pipeline_name),
        target_nodes: nodes,
        parameters: body.parameters,
        resources: body.resources,
        status: "pending",
        phase: "pending",
        ready_nodes: 0,
        total_nodes: nodes.length,
        applied_version: 0,
        endpoints: {},
        created_by: identity.userId,
        created_at: atMs,
        updated_at: atMs,
      };
      if (!(await insertDeployment(context.sql, deployment))) {
        throw new ApiError("CONFLICT", `a deployment ${deployment.deployment_name} exists in this namespace`);
      }
      return reply(201, deploymentView(deployment));
    },
  }),
  {
    method: "get",
    path: "/pipelines/deployments/{id}",
    summary: "Read a deployment",
    tag,
    access: "viewer",
    replies: { 200: "The deployment" },
    answer: replies.deploymentReply,
    handle: async (call) => reply(200, deploymentView(await readDeployment(call))),
  },
  withBody({
    method: "patch",
    path: "/pipelines/deployments/{id}",
    summary: "Change parameters or resources of a deployment made by hand",
    tag,
    access: "user",
    body: z.looseObject({ parameters: objects.optional(), resources: objects.optional() }),
    replies: { 200: "The deployment" },
    answer: replies.deploymentReply,
    refusals: [409],
    handle: async (call) => {
      const { id, parameters, resources } = handmade(await readDeployment(call));
      const changed = await changeDeployment(call.context.sql, {
        id,
        parameters: call.body.parameters ?? parameters,
        resources: call.body.resources ?? resources,
        atMs: await call.context.time.now(),
      });
      if (changed === undefined) throw notFound("deployment");
      return reply(200, deploymentView(changed));
    },
  }),
  {
    method: "delete",
    path: "/pipelines/deployments/{id}",
    summary: "Delete a deployment made by hand; its name may be used again",
    tag,
    access: "user",
    replies: { 204: "It is gone" },
    refusals: [409],
    handle: async (call) => {
      const { id } = handmade(await readDeployment(call));
      if (!(await deleteDeployment(call.context.sql, id, await call.context.time.now())))
        throw notFound("deployment");
      return reply(204);
    },
  },
  {
    method: "get",
    path: "/pipelines/{name}",
    summary: "Read a pipeline",
    tag,
    access: "viewer",
    replies: { 200: "The pipeline" },
    answer: replies.pipelineReply,
    handle: async (call) => {
      const name = canonicalPipeline(call.params["name"] ?? "");
      if (name === undefined) throw notFound("pipeline");
      const entry = (await catalogue(call)).find((pipeline) => pipeline.name === name);
      return reply(200, entry ?? { name, description: "" });
    },
  },
];

/** Checks a configuration with the generator. */
export function validate(call: Call, configuration: string | undefined) {
  if (configuration === undefined)
    throw new ValidationError([{ path: "configuration", message: "is needed" }]);
  return proxyToGenerator(call, "POST", "/api/v1/validate", { configuration });
}

async function catalogue(call: Call): Promise<{ name: string; description: string }[]> {
  const { body } = await askGenerator(call, "GET", "/api/v1/templates");
  const listed = Array.isArray(body["templates"]) ? body["templates"].filter(isPlainObject) : [];
  return pipelineNames.map((name) => {
    const description = listed.find((template) => template["name"] === name)?.["description"];
    return { name, description: typeof description === "string" ? description : "" };
  });
}

async function readDeployment(call: Call): Promise<Deployment> {
  const deployment = await findDeployment(call.context.sql, call.params["id"] ?? "");
  if (deployment === undefined) throw notFound("deployment");
  assertSeen(call.context.guard, call.identity, deployment);
  return deployment;
}

// Those of an experiment follow the experiment.
function handmade(deployment: Deployment): Deployment {
  if (deployment.experiment_id === null) return deployment;
  throw new ApiError("CONFLICT", "this deployment belongs to an experiment; change the experiment instead");
}

function knownPipeline(name: string): string {
  const canonical = canonicalPipeline(name);
  if (canonical !== undefined) return canonical;
  throw new ValidationError([{ path: "pipeline_name", message: `unknown pipeline "${name}"` }]);
}

function pageNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name) ?? "";
  const given = text === "" ? 0 : Number(text);
  const value = given === 0 ? otherwise : given;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ValidationError([{ path: name, message: "must be a whole number from 1" }]);
}
