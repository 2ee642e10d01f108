/** Experiments: making, reading, listing, changing, ending. */
import { z } from "@hono/zod-openapi";

import { findResults, listEventsOfExperiment, type ExperimentEvent } from "../../store/index.js";
import { experimentView, readExperiment, timeText } from "../experiment-view.js";
import { ApiError, reply } from "../http.js";
import { listExperiments, listQuery } from "../list-experiments.js";
import * as replies from "../replies.js";
import { parseWith, type Route } from "../route.js";
import {
  changeExperiment,
  checkOverlap,
  createExperiment,
  deleteExperiment,
  startExperiment,
  stopExperiment,
} from "../write-experiment.js";

const tag = "experiments";

function eventView(event: ExperimentEvent): Record<string, unknown> {
  return { ...event, created_at: timeText(event.created_at) };
}

const createBody = z
  .looseObject({
    name: z.string().min(3).max(100),
    description: z.string().max(500).optional(),
    baseline_pipeline: z.string().optional(),
    candidate_pipeline: z.string().optional(),
    target_nodes: z.array(z.string()).optional(),
    config: z.looseObject({ duration: z.string().optional() }).optional(),
  })
  .openapi("CreateExperiment");

const stateBody = z.strictObject({
  action: z.enum(["start", "cancel", "stop", "pause", "resume"]),
  reason: z.string().max(500).optional(),
});

/** Routes of experiments. */
export const experimentRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/experiments",
    summary: "List the experiments of the tenant, newest first",
    tag,
    access: "viewer",
    query: listQuery,
    replies: { 200: "One page" },
    answer: replies.experimentListReply,
    handle: async (call) => reply(200, await listExperiments(call)),
  },
  {
    method: "post",
    path: "/experiments",
    summary: "Create an experiment; it starts by itself",
    tag,
    access: "user",
    documentedBody: createBody,
    requestHeaders: { "Idempotency-Key": "Same key and body: one effect, same reply" },
    replies: { 201: "The new experiment" },
    answer: replies.experimentReply,
    refusals: [422],
    handle: createExperiment,
  },
  {
    method: "post",
    path: "/experiments/check-overlap",
    summary: "Tell which living experiments share nodes with a planned one",
    tag,
    access: "viewer",
    documentedBody: createBody,
    replies: { 200: "The overlap; advice only" },
    answer: replies.overlapReply,
    handle: async (call) => reply(200, await checkOverlap(call)),
  },
  {
    method: "get",
    path: "/experiments/{id}",
    summary: "Read an experiment",
    tag,
    access: "viewer",
    replies: { 200: "The experiment" },
    answer: replies.experimentReply,
    handle: async (call) => {
      const experiment = await readExperiment(call);
      const ended = experiment.state === "completed" || experiment.state === "failed";
      const results = ended ? await findResults(call.context.sql, experiment.id) : undefined;
      return reply(200, experimentView(experiment, results ?? null));
    },
  },
  {
    method: "get",
    path: "/experiments/{id}/status",
    summary: "Read the state of an experiment",
    tag,
    access: "viewer",
    replies: { 200: "State and reason" },
    answer: replies.statusReply,
    handle: async (call) => {
      const { id, state, reason } = await readExperiment(call);
      return reply(200, { id, status: state, state, message: reason });
    },
  },
  {
    method: "get",
    path: "/experiments/{id}/history",
    summary: "Read every event of an experiment, oldest first",
    tag,
    access: "viewer",
    replies: { 200: "The events" },
    answer: replies.historyReply,
    handle: async (call) => {
      const events = await listEventsOfExperiment(call.context.sql, await readExperiment(call));
      return reply(200, { events: events.map(eventView) });
    },
  },
  {
    method: "put",
    path: "/experiments/{id}",
    summary: "Replace name and description",
    tag,
    access: "user",
    documentedBody: createBody,
    replies: { 200: "The experiment" },
    answer: replies.experimentReply,
    handle: async (call) => reply(200, experimentView(await changeExperiment(call, true))),
  },
  {
    method: "patch",
    path: "/experiments/{id}",
    summary: "Change name or description",
    tag,
    access: "user",
    documentedBody: z.looseObject({ name: z.string().optional(), description: z.string().optional() }),
    replies: { 200: "The experiment" },
    answer: replies.experimentReply,
    handle: async (call) => reply(200, experimentView(await changeExperiment(call, false))),
  },
  {
    method: "delete",
    path: "/experiments/{id}",
    summary: "Delete an experiment; a living one is cancelled",
    tag,
    access: "user",
    replies: { 204: "It is gone" },
    refusals: [409],
    handle: async (call) => {
      await deleteExperiment(call);
      return reply(204);
    },
  },
  {
    method: "post",
    path: "/experiments/{id}/start",
    summary: "Start an experiment; one that has started stays as it is",
    tag,
    access: "admin",
    replies: { 200: "It starts" },
    answer: replies.changedStateReply,
    handle: async (call) => {
      const { id, state } = await startExperiment(call);
      return reply(200, { message: "experiment started", id, state });
    },
  },
  {
    method: "post",
    path: "/experiments/{id}/stop",
    summary: "Cancel an experiment",
    tag,
    access: "admin",
    replies: { 200: "It is cancelled" },
    answer: replies.changedStateReply,
    refusals: [409],
    handle: async (call) => {
      const { after } = await stopExperiment(call, "stopped by a person");
      return reply(200, { message: "experiment stopped", id: after.id, state: after.state });
    },
  },
  {
    method: "patch",
    path: "/experiments/{id}/state",
    summary: "Start or cancel an experiment",
    tag,
    access: "admin",
    documentedBody: stateBody,
    replies: { 200: "States before and after" },
    answer: replies.transitionReply,
    refusals: [409],
    handle: async (call) => {
      await readExperiment(call);
      const { action, reason = "" } = parseWith(stateBody, call.body);
      if (action === "pause" || action === "resume") {
        throw new ApiError("INVALID_TRANSITION", `experiments know no ${action}: the states have no pause`);
      }
      if (action === "start") {
        const { id, state } = await startExperiment(call);
        return reply(200, { id, previous_state: state, current_state: state });
      }
      const { before, after } = await stopExperiment(call, reason === "" ? "cancelled by a person" : reason);
      return reply(200, { id: after.id, previous_state: before.state, current_state: after.state });
    },
  },
];
