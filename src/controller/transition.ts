/** Committing a transition, and what belongs into its transaction. */
import type { Experiment, ExperimentState } from "../model/index.js";
import type { SqlClient } from "../ports/index.js";
import { inTransaction } from "../store/index.js";
import type { ControllerContext } from "./context.js";

/** Name under which the controller appears in histories. */
export const controllerName = "experiment-controller";

/** A transition of the controller. */
export interface Step {
  readonly to: ExperimentState;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** When the new state must end. @default null */
  readonly deadlineMs?: number | null;
}

/**
 * Moves an experiment through one or more states in one transaction, then tells everybody.
 *
 * @param before - Runs first, in the same transaction, still under the lease.
 * @returns The experiment afterwards.
 * @throws ConflictError when someone else has moved or taken it; nothing is stored then.
 */
export async function commitTransition(
  context: ControllerContext,
  experiment: Experiment,
  steps: readonly Step[],
  before?: (connection: SqlClient) => Promise<void>,
): Promise<Experiment> {
  const after = await inTransaction(context.sql, async (connection) => {
    await before?.(connection);
    let current = experiment;
    for (const { to, reason, atMs, deadlineMs = null } of steps) {
      const transition = { seen: current, to, reason, triggeredBy: controllerName, atMs, deadlineMs };
      current = await context.parts.transition(connection, transition);
    }
    return current;
  });
  let from = experiment.state;
  let sinceMs = experiment.state_changed_at;
  for (const { to, atMs } of steps) {
    context.metrics.transitioned(from, to, atMs - sinceMs);
    from = to;
    sinceMs = atMs;
  }
  context.announce(experiment.id);
  return after;
}

/** Fails an experiment, by the legal way from the state it is in. */
export function commitFailure(
  context: ControllerContext,
  experiment: Experiment,
  reason: string,
  atMs: number,
) {
  const failed: Step = { to: "failed", reason, atMs };
  // Nothing leads from pending to failed directly.
  const steps =
    experiment.state === "pending" ? [{ to: "initializing" as const, reason, atMs }, failed] : [failed];
  return commitTransition(context, experiment, steps);
}
