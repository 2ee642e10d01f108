/** `initializing`: deploy both collectors to every node, wait until all are ready, then run. */
import type { Experiment } from "../model/index.js";
import { findConfig, inTransaction, recordAppliedVersion } from "../store/index.js";
import type { ControllerContext, Outcome } from "./context.js";
import { deploy, recordProgress } from "./deploy.js";
import { commitFailure, commitTransition } from "./transition.js";

/** Takes an experiment that is held towards `running`. */
export async function initialize(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, sql, time } = context;
  if (experiment.config_version === 0) {
    await commitFailure(context, experiment, experiment.reason, await time.now());
    return { kind: "again" };
  }
  const config = await findConfig(sql, experiment.id, experiment.config_version);
  if (config === undefined) throw new Error(`configuration ${experiment.config_version} is missing`);
  const deployed = await deploy(context, experiment, config);
  const nowMs = await time.now();
  if (deployed.invalid !== undefined) {
    await commitFailure(context, experiment, `a node refused the configuration: ${deployed.invalid}`, nowMs);
    return { kind: "again" };
  }
  if (!deployed.ready) {
    if (experiment.deadline_at !== null && nowMs >= experiment.deadline_at) {
      await commitFailure(
        context,
        experiment,
        `collectors did not come up in time: ${deployed.missing}`,
        nowMs,
      );
      return { kind: "again" };
    }
    await inTransaction(sql, async (connection) => {
      await recordAppliedVersion(
        connection,
        experiment.id,
        experiment.lease_token,
        experiment.applied_version,
      );
      await recordProgress(connection, experiment, config.version, deployed, nowMs);
    });
    await parts.leases.release(sql, experiment.id, experiment.lease_token);
    return { kind: "wait", delayMs: pollDelayMs(experiment, nowMs, options.readyPollMs), lane: "starting" };
  }
  const restMs = experiment.state_changed_at + options.initHoldMs - nowMs;
  if (restMs > 0 && !(await context.sleep(restMs, "initializing-hold"))) {
    await parts.leases.release(sql, experiment.id, experiment.lease_token);
    return { kind: "done" };
  }
  const atMs = await time.now();
  const step = {
    to: "running" as const,
    reason: "all collectors are ready",
    atMs,
    spanMs: experiment.config.duration_ms,
  };
  await commitTransition(context, experiment, step, async (connection) => {
    await recordProgress(connection, experiment, config.version, deployed, atMs);
    await recordAppliedVersion(connection, experiment.id, experiment.lease_token, config.version);
  });
  return { kind: "wait", delayMs: experiment.config.duration_ms, lane: "steady" };
}

// Often at first, because most collectors come up at once; seldom for those that do not.
function pollDelayMs(experiment: Experiment, nowMs: number, mostMs: number): number {
  const agedMs = Math.max(0, nowMs - experiment.state_changed_at);
  return Math.min(mostMs, Math.max(1_000, Math.round(agedMs / 2)));
}
