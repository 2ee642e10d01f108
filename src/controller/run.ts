/** `running`: keep collectors and loads as they should be, and end the run in time. */
import type { Experiment } from "../model/index.js";
import { findConfig, inTransaction, recordAppliedVersion } from "../store/index.js";
import type { ControllerContext, Outcome } from "./context.js";
import { deploy, recordProgress } from "./deploy.js";
import { tendLoads } from "./loads.js";
import { commitTransition } from "./transition.js";

/** Tends an experiment that is held while it runs. */
export async function run(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, sql, time } = context;
  const nowMs = await time.now();
  const endMs = experiment.deadline_at ?? nowMs;
  if (nowMs >= endMs) {
    const step = {
      to: "analyzing" as const,
      reason: `ran for ${experiment.config.duration}`,
      atMs: nowMs,
      deadlineMs: nowMs + options.analysisTimeoutMs,
    };
    await commitTransition(context, experiment, step);
    return { kind: "wait", delayMs: options.analysisHoldMs };
  }
  const drifted = context.drifted.delete(experiment.id);
  const settled = await converge(context, experiment, drifted);
  const loads = await tendLoads(context, experiment, nowMs, drifted);
  await parts.leases.release(sql, experiment.id, experiment.lease_token);
  const delays = [endMs - nowMs];
  if (!settled || !loads.settled) delays.push(options.retryFirstMs * 2);
  if (loads.nextEndMs !== undefined) delays.push(loads.nextEndMs - nowMs);
  return { kind: "wait", delayMs: Math.max(0, Math.min(...delays)) };
}

// A version that nodes have not confirmed, or a node that lost its collectors, is deployed again.
async function converge(
  context: ControllerContext,
  experiment: Experiment,
  drifted: boolean,
): Promise<boolean> {
  const { sql, time } = context;
  const version = experiment.config_version;
  if (experiment.applied_version >= version && !drifted) return true;
  const config = await findConfig(sql, experiment.id, version);
  if (config === undefined) throw new Error(`configuration ${version} of ${experiment.id} is missing`);
  const deployed = await deploy(context, experiment, config);
  const atMs = await time.now();
  await inTransaction(sql, async (connection) => {
    const applied = deployed.ready ? version : experiment.applied_version;
    await recordAppliedVersion(connection, experiment.id, experiment.lease_token, applied);
    await recordProgress(connection, experiment, version, deployed, atMs);
  });
  if (!deployed.ready) {
    context.drifted.add(experiment.id);
    context.logger.warn("collectors are not as they should be", {
      id: experiment.id,
      missing: deployed.missing,
    });
  }
  return deployed.ready;
}
