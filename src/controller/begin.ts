/**
 * `pending`: generate both configurations, then publish `initializing`.
 *
 * Configurations and deployments are stored in the transaction that makes `initializing` visible, so whoever
 * sees that state can read them.
 */
import type { Experiment } from "../model/index.js";
import { errorText, GenerationRefused, type GeneratedPair } from "../shared/index.js";
import {
  insertConfig,
  insertExperimentDeployments,
  recordInitStart,
  setConfigVersion,
} from "../store/index.js";
import type { ControllerContext, Outcome } from "./context.js";
import { commitTransition } from "./transition.js";

/** Takes an experiment that is held from `pending` to `initializing`. */
export async function begin(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, time } = context;
  let pair: GeneratedPair;
  try {
    pair = await parts.generator.generate(experiment, 1, {});
  } catch (error) {
    const nowMs = await time.now();
    if (error instanceof GenerationRefused) {
      return giveUp(context, experiment, `configuration refused: ${error.message}`, nowMs);
    }
    const sinceMs = experiment.init_started_at ?? nowMs;
    if (nowMs - sinceMs >= options.initTimeoutMs) {
      const reason = `no configuration within ${options.initTimeoutMs / 60_000} min: ${errorText(error)}`;
      return giveUp(context, experiment, reason, nowMs);
    }
    await recordInitStart(context.sql, experiment.id, experiment.lease_token, nowMs);
    throw error;
  }
  const atMs = await time.now();
  const step = {
    to: "initializing" as const,
    reason: "configurations generated, deploying collectors",
    atMs,
    deadlineMs: (experiment.init_started_at ?? atMs) + options.initTimeoutMs,
  };
  await commitTransition(context, experiment, step, async (connection) => {
    await insertConfig(connection, {
      experiment_id: experiment.id,
      version: 1,
      ...pair,
      overrides: {},
      created_at: atMs,
    });
    await insertExperimentDeployments(connection, experiment, atMs);
    await setConfigVersion(connection, experiment.id, experiment.lease_token, 1);
  });
  return { kind: "again" };
}

// Nothing leads from pending to failed directly: without a configuration, initializing fails at once.
async function giveUp(
  context: ControllerContext,
  experiment: Experiment,
  reason: string,
  atMs: number,
): Promise<Outcome> {
  await commitTransition(context, experiment, { to: "initializing", reason, atMs, deadlineMs: atMs });
  return { kind: "again" };
}
