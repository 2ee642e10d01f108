/** Changing the processors of a pipeline while it runs. */
import { z } from "@hono/zod-openapi";
import type { Experiment } from "../model/index.js";
import { errorText, GenerationRefused, isPlainObject } from "../shared/index.js";
import {
  bumpConfigVersion,
  ConflictError,
  findConfig,
  inTransaction,
  insertConfig,
  insertEvent,
  insertSignal,
  type ConfigOverrides,
  type SignalType,
} from "../store/index.js";
import { ApiError } from "./http.js";
import { readExperiment } from "./experiment-view.js";
import { parseWith, type Call } from "./route.js";

// Each failed attempt means that someone else's change went through.
const attemptsMax = 8;

const changeBody = z.strictObject({
  variant: z.enum(["baseline", "candidate"]).default("candidate"),
  processors: z
    .array(z.looseObject({ type: z.string().min(1), config: z.unknown().transform(withoutBlank).optional() }))
    .max(100),
});

// Settings of a processor that nobody set; a number may be meant as 0.
function withoutBlank(config: unknown): unknown {
  if (!isPlainObject(config)) return config;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== ""));
}

/** What a change came to. */
export interface ChangedConfig {
  readonly version: number;
  readonly signalId: string;
}

/** Why and how the overrides change. */
interface Change {
  readonly type: SignalType;
  readonly reason: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly apply: (current: ConfigOverrides) => ConfigOverrides;
}

/**
 * Replaces the processors of one variant; the other keeps what it has.
 *
 * @throws ValidationError when the generator refuses the processors: the old configuration stays.
 * @throws ApiError `INVALID_TRANSITION` when the experiment does not run.
 */
export function changePipelineConfig(
  call: Call,
  experiment: Experiment,
  body: unknown,
  reason = "configuration updated",
): Promise<ChangedConfig> {
  const parameters = parseWith(changeBody, body);
  const { variant, processors } = parameters;
  const apply = (current: ConfigOverrides): ConfigOverrides => ({ ...current, [variant]: { processors } });
  return changeOverrides(call, experiment, { type: "config_update", reason, parameters, apply });
}

/** Takes every change of processors back. */
export function rollBackConfig(call: Call, experiment: Experiment, reason: string): Promise<ChangedConfig> {
  return changeOverrides(call, experiment, { type: "rollback", reason, parameters: {}, apply: () => ({}) });
}

async function changeOverrides(call: Call, first: Experiment, change: Change): Promise<ChangedConfig> {
  let experiment = first;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (experiment.state !== "initializing" && experiment.state !== "running") {
      throw new ApiError(
        "INVALID_TRANSITION",
        `an experiment that is ${experiment.state} takes no configuration`,
      );
    }
    const signalId = await store(call, experiment, change);
    if (signalId !== undefined) {
      call.context.announcer.changed(experiment.id);
      return { version: experiment.config_version + 1, signalId };
    }
    experiment = await readExperiment(call, experiment.id);
  }
  throw new ApiError("CONFLICT", "the configuration keeps changing, try again");
}

// Undefined when version or state were no longer as seen: nothing is stored then.
async function store(call: Call, seen: Experiment, change: Change): Promise<string | undefined> {
  const { context, identity } = call;
  const current = await findConfig(context.sql, seen.id, seen.config_version);
  const overrides = change.apply(current?.overrides ?? {});
  const version = seen.config_version + 1;
  const pair = await generated(call, seen, version, overrides);
  const atMs = await context.time.now();
  const signalId = context.ids.next();
  try {
    await inTransaction(context.sql, async (connection) => {
      const after = await bumpConfigVersion(connection, seen, atMs);
      if (after === undefined) throw new ConflictError(`${seen.id} is no longer at ${seen.config_version}`);
      await insertConfig(connection, {
        experiment_id: seen.id,
        version,
        ...pair,
        overrides,
        created_at: atMs,
      });
      await insertSignal(connection, {
        id: signalId,
        experiment_id: seen.id,
        tenant_id: seen.tenant_id,
        type: change.type,
        parameters: change.parameters,
        reason: change.reason,
        status: "completed",
        message: `configuration version ${version}`,
        created_by: identity.userId,
        created_at: atMs,
      });
      await insertEvent(connection, {
        experiment: after,
        type: "config_updated",
        fromState: after.state,
        reason: `${change.reason}: version ${version}`,
        triggeredBy: identity.userId,
        atMs,
      });
    });
    return signalId;
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
}

async function generated(call: Call, experiment: Experiment, version: number, overrides: ConfigOverrides) {
  try {
    return await call.context.generator.generate(experiment, version, overrides);
  } catch (error) {
    if (error instanceof GenerationRefused)
      throw new ApiError("VALIDATION_ERROR", error.message, error.details);
    const cause = errorText(error);
    throw new ApiError("SERVICE_UNAVAILABLE", "the config generator is unavailable, try again", { cause });
  }
}
