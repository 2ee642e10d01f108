/** Answers about loads and control signals. */
import { z } from "@hono/zod-openapi";

import { once } from "../../shared/index.js";
import { loadProfiles } from "../../model/index.js";
import { object, time, variant, whole } from "./common.js";

/** A load simulation. */
export const loadReply = once(() =>
  z
    .object({
      id: z.uuid(),
      experiment_id: z.uuid(),
      tenant_id: z.string(),
      profile: z.enum(loadProfiles),
      process_count: whole(),
      metrics_per_second: whole(),
      duration_ms: whole(),
      state: z.enum(["pending", "running", "stopped", "completed", "failed"]),
      created_at: time(),
      started_at: time().nullable(),
    })
    .openapi("LoadSimulation"),
);

export const loadListReply = once(() => z.object({ load_simulations: z.array(loadReply()), total: whole() }));

export const profilesReply = once(() =>
  z.object({
    profiles: z.array(
      z.object({
        name: z.enum(loadProfiles),
        description: z.string(),
        process_count: whole(),
        churn_rate: z.number(),
      }),
    ),
  }),
);

export const sentSignalReply = once(() =>
  z.object({
    signal_id: z.uuid(),
    id: z.uuid(),
    status: z.string(),
    message: z.string(),
  }),
);

/** A signal as it is kept. */
export const signalReply = once(() =>
  z
    .object({
      signal_id: z.uuid(),
      id: z.uuid(),
      experiment_id: z.uuid(),
      tenant_id: z.string(),
      type: z.string(),
      parameters: object(),
      reason: z.string(),
      status: z.enum(["pending", "active", "completed", "failed"]),
      message: z.string(),
      created_by: z.string(),
      created_at: time(),
    })
    .openapi("ControlSignal"),
);

export const signalListReply = once(() => z.object({ signals: z.array(signalReply()), total: whole() }));

export const driftReply = once(() =>
  z.object({
    experiment_id: z.uuid(),
    drift_score: z.number(),
    config_version: whole(),
    applied_version: whole(),
    silent_variants: z.array(variant()),
  }),
);
