/** Load simulations. */
import { z } from "@hono/zod-openapi";

import {
  loadProfileCatalogue,
  loadProfiles,
  maxDurationMs,
  parseDurationMs,
  type LoadSimulation,
} from "../../model/index.js";
import { findLoad, insertLoad, listLoadsOfTenant, type StoredLoad } from "../../store/index.js";
import { assertSeen } from "../access.js";
import { isUuid, readExperiment, timeText } from "../experiment-view.js";
import { ApiError, notFound, reply } from "../http.js";
import * as replies from "../replies.js";
import { withBody, type Route } from "../route.js";

const tag = "load simulations";

const body = z
  .object({
    experiment_id: z.string(),
    profile: z.enum(loadProfiles).default("realistic"),
    process_count: z.int().min(10).max(10_000).default(100),
    metrics_per_second: z.int().min(1).max(1_000_000).default(1_000),
    duration: z.union([z.string(), z.number()]).default("1h"),
  })
  .openapi("CreateLoadSimulation");

/** Routes of load simulations. */
export const loadRoutes: readonly Route[] = [
  withBody({
    method: "post",
    path: "/load-simulations",
    summary: "Put load on the nodes of an experiment",
    tag,
    access: "user",
    body,
    replies: { 201: "The load" },
    answer: replies.loadReply,
    refusals: [404, 409],
    handle: async (call) => {
      const { context, body } = call;
      const durationMs = parseDurationMs(body.duration);
      if (durationMs === undefined || durationMs > maxDurationMs) {
        throw new ApiError("VALIDATION_ERROR", "duration: must be a duration such as 5m, at most 7 days");
      }
      const experiment = await readExperiment(call, body.experiment_id);
      const load: LoadSimulation = {
        id: context.ids.next(),
        experiment_id: experiment.id,
        tenant_id: experiment.tenant_id,
        profile: body.profile,
        process_count: body.process_count,
        metrics_per_second: body.metrics_per_second,
        duration_ms: durationMs,
        state: "pending",
        created_at: await context.time.now(),
      };
      if (!(await insertLoad(context.sql, load))) {
        throw new ApiError("CONFLICT", "an experiment that has ended takes no load");
      }
      context.announcer.changed(experiment.id);
      return reply(201, loadView({ ...load, started_at: null }));
    },
  }),
  {
    method: "get",
    path: "/load-simulations",
    summary: "List the load simulations of the tenant, oldest first",
    tag,
    access: "viewer",
    replies: { 200: "The loads" },
    answer: replies.loadListReply,
    handle: async ({ context, identity }) => {
      const loads = await listLoadsOfTenant(context.sql, identity.tenantId);
      const visible = loads.filter((load) => context.guard(identity, load));
      return reply(200, { load_simulations: visible.map(loadView), total: visible.length });
    },
  },
  {
    method: "get",
    path: "/load-simulations/profiles",
    summary: "List the load profiles",
    tag,
    access: "viewer",
    replies: { 200: "The profiles" },
    answer: replies.profilesReply,
    handle: () => reply(200, { profiles: loadProfileCatalogue }),
  },
  {
    method: "get",
    path: "/load-simulations/{id}",
    summary: "Read a load simulation",
    tag,
    access: "viewer",
    replies: { 200: "The load" },
    answer: replies.loadReply,
    handle: async ({ context, params, identity }) => {
      const id = params["id"] ?? "";
      const load = isUuid(id) ? await findLoad(context.sql, id) : undefined;
      if (load === undefined) throw notFound("load simulation");
      assertSeen(context.guard, identity, load);
      return reply(200, loadView(load));
    },
  },
];

function loadView(load: StoredLoad): Record<string, unknown> {
  return { ...load, created_at: timeText(load.created_at), started_at: timeText(load.started_at) };
}
