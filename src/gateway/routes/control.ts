/** Control signals, and how far an experiment has drifted. */
import { z } from "@hono/zod-openapi";

import { experimentQueries, type Series } from "../../analysis/index.js";
import type { Experiment } from "../../model/index.js";
import {
  findSignal,
  inTransaction,
  insertEvent,
  insertSignal,
  listSignals,
  replaceExperimentConfig,
  type ControlSignal,
} from "../../store/index.js";
import { assertSeen } from "../access.js";
import { isUuid, readExperiment, timeText } from "../experiment-view.js";
import { ApiError, notFound, reply, type Reply } from "../http.js";
import { changePipelineConfig, rollBackConfig } from "../pipeline-config.js";
import { asked } from "../read-metrics.js";
import * as replies from "../replies.js";
import { withBody, type Call, type Route } from "../route.js";

const tag = "control";

const signalBody = z.looseObject({
  experiment_id: z.string(),
  type: z.enum(["traffic_split", "rollback", "config_update", "pause", "resume"]),
  parameters: z.record(z.string(), z.unknown()).default({}),
  reason: z.string().max(500).default(""),
});

const splitParameters = z
  .looseObject({
    baseline: z.number().min(0).max(100).optional(),
    candidate: z.number().min(0).max(100).optional(),
    baseline_weight: z.number().min(0).max(100).optional(),
    candidate_weight: z.number().min(0).max(100).optional(),
  })
  .transform(({ baseline = 0, candidate = 0, baseline_weight = 0, candidate_weight = 0 }) =>
    baseline + candidate === 0
      ? { baseline: baseline_weight, candidate: candidate_weight }
      : { baseline, candidate },
  )
  .refine(
    ({ baseline, candidate }) => baseline + candidate === 100,
    "baseline and candidate must sum to 100",
  );

/** Routes of control. */
export const controlRoutes: readonly Route[] = [
  withBody({
    method: "post",
    path: "/control/signals",
    summary: "Send a signal to an experiment",
    tag,
    access: "admin",
    body: signalBody,
    replies: { 201: "The signal, carried out" },
    answer: replies.sentSignalReply,
    refusals: [404, 409],
    handle: async (call) => {
      const { experiment_id, type, parameters, reason } = call.body;
      const experiment = await readExperiment(call, experiment_id);
      switch (type) {
        case "config_update": {
          const { signalId } = await changePipelineConfig(call, experiment, parameters, reason || "signal");
          return signalReply(signalId, "configuration accepted");
        }
        case "rollback": {
          const { signalId } = await rollBackConfig(call, experiment, reason || "rolled back");
          return signalReply(signalId, "configuration rolled back");
        }
        case "traffic_split":
          return splitTraffic(call, experiment, parameters, reason);
        case "pause":
        case "resume":
          throw new ApiError("INVALID_TRANSITION", `experiments know no ${type}: the states have no pause`);
      }
      throw new ApiError("VALIDATION_ERROR", "unknown signal");
    },
  }),
  {
    method: "get",
    path: "/control/signals/{id}",
    summary: "Read a signal",
    tag,
    access: "viewer",
    replies: { 200: "The signal" },
    answer: replies.signalReply,
    handle: async ({ context, params, identity }) => {
      const id = params["id"] ?? "";
      const signal = isUuid(id) ? await findSignal(context.sql, id) : undefined;
      if (signal === undefined) throw notFound("signal");
      assertSeen(context.guard, identity, signal);
      return reply(200, signalView(signal));
    },
  },
  {
    method: "get",
    path: "/control/experiments/{id}/signals",
    summary: "List the signals of an experiment, oldest first",
    tag,
    access: "viewer",
    replies: { 200: "The signals" },
    answer: replies.signalListReply,
    handle: async (call) => {
      const { id } = await readExperiment(call);
      const signals = await listSignals(call.context.sql, id);
      return reply(200, { signals: signals.map(signalView), total: signals.length });
    },
  },
  {
    method: "get",
    path: "/control/experiments/{id}/drift",
    summary: "Read how far collectors are from what was asked",
    tag,
    access: "viewer",
    replies: { 200: "The drift, 0 to 1" },
    answer: replies.driftReply,
    handle: async (call) => {
      const experiment = await readExperiment(call);
      const query = experimentQueries(experiment.id).series;
      const series: Series[] = await asked(async () => {
        const { prometheus } = call.context;
        return prometheus.instant(query, await prometheus.now());
      });
      const missing = ["baseline", "candidate"].filter(
        (variant) => !series.some(({ labels }) => labels["variant"] === variant),
      );
      const outdated = experiment.applied_version < experiment.config_version;
      return reply(200, {
        experiment_id: experiment.id,
        drift_score: outdated ? 1 : missing.length / 2,
        config_version: experiment.config_version,
        applied_version: experiment.applied_version,
        silent_variants: missing,
      });
    },
  },
];

async function splitTraffic(
  call: Call,
  seen: Experiment,
  parameters: Readonly<Record<string, unknown>>,
  reason: string,
): Promise<Reply> {
  const { context, identity } = call;
  const parsed = splitParameters.safeParse(parameters);
  if (!parsed.success) throw new ApiError("VALIDATION_ERROR", "baseline and candidate must sum to 100");
  const atMs = await context.time.now();
  const id = context.ids.next();
  await inTransaction(context.sql, async (connection) => {
    const config = { ...seen.config, traffic_split: parsed.data };
    const after = await replaceExperimentConfig(connection, seen, config, atMs);
    if (after === undefined) throw new ApiError("CONFLICT", "the experiment has changed, try again");
    await insertSignal(connection, {
      id,
      experiment_id: seen.id,
      tenant_id: seen.tenant_id,
      type: "traffic_split",
      parameters,
      reason,
      status: "completed",
      message: "traffic split noted",
      created_by: identity.userId,
      created_at: atMs,
    });
    await insertEvent(connection, {
      experiment: after,
      type: "updated",
      fromState: after.state,
      reason: "traffic split changed",
      triggeredBy: identity.userId,
      atMs,
    });
  });
  context.announcer.published(seen.id);
  return signalReply(id, "traffic split noted");
}

function signalReply(id: string, message: string): Reply {
  return reply(201, { signal_id: id, id, status: "completed", message });
}

function signalView(signal: ControlSignal): Record<string, unknown> {
  return { ...signal, signal_id: signal.id, created_at: timeText(signal.created_at) };
}
