/** `analyzing`: ask Prometheus about the end of the run and judge it. */
import type { Experiment } from "../model/index.js";
import { errorText } from "../shared/index.js";
import { insertResults } from "../store/index.js";
import type { ControllerContext, Outcome } from "./context.js";
import { commitFailure, commitTransition } from "./transition.js";

/** Takes an experiment that is held from `analyzing` to its end. */
export async function analyze(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { options, parts, time } = context;
  const nowMs = await time.now();
  const agoMs = Math.max(0, nowMs - experiment.state_changed_at);
  const restMs = options.analysisHoldMs - agoMs;
  if (restMs > 0) {
    await parts.leases.release(context.sql, experiment.id, experiment.lease_token);
    return { kind: "wait", delayMs: restMs };
  }
  try {
    const measurement = await parts.measure(context.prometheus, experiment.id, agoMs);
    const { results, passed } = parts.judge(measurement, experiment.config.success_criteria);
    const atMs = await time.now();
    const missed = results.criteria.filter(({ met }) => !met).map(({ name }) => name);
    const reason = passed
      ? "every criterion is met"
      : `not met: ${missed.join(", ") || "nothing was measured"}`;
    const step = { to: passed ? ("completed" as const) : ("failed" as const), reason, atMs };
    await commitTransition(context, experiment, step, (connection) =>
      insertResults(connection, experiment.id, results, atMs),
    );
    return { kind: "again" };
  } catch (error) {
    if (experiment.deadline_at === null || nowMs < experiment.deadline_at) throw error;
    const reason = `no analysis within ${options.analysisTimeoutMs / 60_000} min: ${errorText(error)}`;
    await commitFailure(context, experiment, reason, nowMs);
    return { kind: "again" };
  }
}
