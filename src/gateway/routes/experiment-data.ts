/** What an experiment has and finds: configurations, deployments, metrics, results. */
import { z } from "@hono/zod-openapi";

import type { ExperimentResults } from "../../model/index.js";
import {
  findConfig,
  findResults,
  inTransaction,
  insertEvent,
  listDeploymentsOfExperiment,
  promoteExperiment,
} from "../../store/index.js";
import { deploymentView, readExperiment, timeText } from "../experiment-view.js";
import { ApiError, notFound, reply } from "../http.js";
import { changePipelineConfig } from "../pipeline-config.js";
import { metricsQuery, readMetrics } from "../read-metrics.js";
import * as replies from "../replies.js";
import { parseWith, type Call, type Route } from "../route.js";

const tag = "experiments";

const variant = z.enum(["baseline", "candidate"]);
const promoteBody = z.looseObject({ variant: variant.default("candidate") });

/** Routes below one experiment. */
export const experimentDataRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/experiments/{id}/configs",
    summary: "Read the newest generated configurations",
    tag,
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
    path: "/experiments/{id}/deployments",
    summary: "Read the two pipeline deployments",
    tag,
    access: "viewer",
    replies: { 200: "The deployments" },
    answer: replies.deploymentListReply,
    handle: async (call) => {
      const { id } = await readExperiment(call);
      const deployments = await listDeploymentsOfExperiment(call.context.sql, id);
      return reply(200, { deployments: deployments.map(deploymentView), total: deployments.length });
    },
  },
  {
    method: "get",
    path: "/experiments/{id}/metrics",
    summary: "Read live metrics of both variants",
    tag,
    access: "viewer",
    query: metricsQuery,
    replies: { 200: "Metrics now and over time" },
    answer: replies.metricsReply,
    handle: async (call) => reply(200, await readMetrics(call, await readExperiment(call))),
  },
  {
    method: "get",
    path: "/experiments/{id}/results",
    summary: "Read the results of an experiment that has ended",
    tag,
    access: "viewer",
    replies: { 200: "The results" },
    answer: replies.resultsReply,
    handle: async (call) => {
      const { id } = await readExperiment(call);
      return reply(200, { experiment_id: id, ...(await readResults(call, id)) });
    },
  },
  {
    method: "get",
    path: "/experiments/{id}/analysis",
    summary: "Read the comparison and the recommendation",
    tag,
    access: "viewer",
    replies: { 200: "The analysis" },
    answer: replies.analysisReply,
    handle: async (call) => {
      const { id, state } = await readExperiment(call);
      const results = await readResults(call, id);
      return reply(200, {
        experimentId: id,
        status: state,
        comparison: {
          cardinalityReduction: results.cardinality_reduction,
          costSavings: results.cost_reduction,
          criticalProcessRetention: results.critical_process_coverage,
          performanceImpact: results.latency_increase,
        },
        recommendation: {
          variant: results.recommendation,
          type: results.recommendation_type,
          confidence: results.confidence,
          reasons: results.reasons,
        },
        statistics: results.statistics,
      });
    },
  },
  {
    method: "get",
    path: "/experiments/{id}/cost-analysis",
    summary: "Read what both variants cost",
    tag,
    access: "viewer",
    replies: { 200: "Costs in USD" },
    answer: replies.costReply,
    handle: async (call) => {
      const { id } = await readExperiment(call);
      const { baseline_metrics: b, candidate_metrics: c, cost_reduction } = await readResults(call, id);
      const monthHours = 730;
      return reply(200, {
        experiment_id: id,
        currency: "USD",
        baseline: { hourly: b.hourly_cost_usd, monthly: b.hourly_cost_usd * monthHours },
        candidate: { hourly: c.hourly_cost_usd, monthly: c.hourly_cost_usd * monthHours },
        cost_reduction,
        monthly_savings: (b.hourly_cost_usd - c.hourly_cost_usd) * monthHours,
      });
    },
  },
  {
    method: "put",
    path: "/experiments/{id}/pipeline-config",
    summary: "Give a running pipeline other processors",
    tag,
    access: "user",
    documentedBody: z.object({ variant: variant.optional(), processors: z.array(z.looseObject({})) }),
    replies: { 202: "The new version, on its way to every collector" },
    answer: replies.acceptedConfigReply,
    refusals: [409],
    handle: async (call) => {
      const { version } = await changePipelineConfig(call, await readExperiment(call), call.body);
      return reply(202, { config_version: version, message: "configuration accepted" });
    },
  },
  {
    method: "post",
    path: "/experiments/{id}/promote",
    summary: "Note which variant goes into production",
    tag,
    access: "admin",
    documentedBody: promoteBody,
    replies: { 200: "It is noted" },
    answer: replies.promotedReply,
    refusals: [409],
    handle: async (call) => {
      const { context, identity } = call;
      const seen = await readExperiment(call);
      const body = parseWith(promoteBody, call.body);
      if (seen.state !== "running" && seen.state !== "completed") {
        throw new ApiError("INVALID_TRANSITION", `an experiment that is ${seen.state} cannot be promoted`);
      }
      const atMs = await context.time.now();
      const change = { id: seen.id, variant: body.variant, atMs, state: seen.state };
      await inTransaction(context.sql, async (connection) => {
        const promoted = await promoteExperiment(connection, change);
        if (promoted === undefined) throw new ApiError("CONFLICT", "the experiment has changed, try again");
        await insertEvent(connection, {
          experiment: promoted,
          type: "promoted",
          fromState: promoted.state,
          reason: `${body.variant} promoted`,
          triggeredBy: identity.userId,
          atMs,
        });
      });
      context.announcer.published(seen.id);
      return reply(200, { message: "variant promoted", id: seen.id, variant: body.variant });
    },
  },
];

async function readResults(call: Call, id: string): Promise<ExperimentResults> {
  const results = await findResults(call.context.sql, id);
  if (results === undefined) throw notFound("results: the experiment has none yet; they");
  return results;
}
