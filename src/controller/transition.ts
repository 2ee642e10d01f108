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
  readonly deadlineMs?: number;
  /** The same as a span, from the moment that the database stores it. @default null */
  readonly spanMs?: number;
}

/**
 * Moves an experiment to its next state, then tells everybody.
 *
 * @param before - Runs first, in the same transaction, still under the lease.
 * @returns The experiment afterwards.
 * @throws ConflictError when someone else has moved or taken it; nothing is stored then.
 */
export async function commitTransition(
  context: ControllerContext,
  experiment: Experiment,
  step: Step,
  before?: (connection: SqlClient) => Promise<void>,
): Promise<Experiment> {
  const transition = { seen: experiment, triggeredBy: controllerName, ...step };
  const after = await inTransaction(context.sql, async (connection) => {
    await before?.(connection);
    return context.parts.transition(connection, transition);
  });
  context.metrics.transitioned(experiment.state, step.to, step.atMs - experiment.state_changed_at);
  context.announce(experiment.id);
  return after;
}

/** Fails an experiment. */
export function commitFailure(
  context: ControllerContext,
  experiment: Experiment,
  reason: string,
  atMs: number,
): Promise<Experiment> {
  return commitTransition(context, experiment, { to: "failed", reason, atMs });
}
