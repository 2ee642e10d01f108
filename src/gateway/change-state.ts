/** Starting, cancelling and deleting: what people do to the state of an experiment. */
import { canTransition, isTerminal, type Experiment } from "../model/index.js";
import { ConflictError, findExperiment, inTransaction, insertEvent, markDeleted } from "../store/index.js";
import { ApiError, notFound } from "./errors.js";
import { readExperiment } from "./read-experiment.js";
import type { Call } from "./route.js";

// Each failed attempt means that the controller made a step in between, and a life has few of them.
const attemptsMax = 8;

/**
 * Makes sure that an experiment starts. It does so by itself, so this only hurries a pending one.
 *
 * @throws ApiError `INVALID_TRANSITION` when it has ended.
 */
export async function startExperiment(call: Call): Promise<Experiment> {
  const experiment = await readExperiment(call);
  if (isTerminal(experiment.state)) throw invalid(experiment, "started");
  if (experiment.state === "pending") call.context.announcer.started(experiment.id);
  return experiment;
}

/**
 * Cancels an experiment. One that is cancelled already stays so.
 *
 * @throws ApiError `INVALID_TRANSITION` when it can no longer be cancelled.
 */
export async function stopExperiment(
  call: Call,
  reason: string,
): Promise<{ before: Experiment; after: Experiment }> {
  let experiment = await readExperiment(call);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (experiment.state === "cancelled") return { before: experiment, after: experiment };
    if (!canTransition(experiment.state, "cancelled")) throw invalid(experiment, "stopped");
    const after = await cancel(call, experiment, reason, false);
    if (after !== undefined) return { before: experiment, after };
    experiment = await readExperiment(call);
  }
  throw new ApiError("CONFLICT", "the experiment keeps changing, try again");
}

/** Hides an experiment, and cancels it before where that is possible; an analysis under way runs to its end. */
export async function deleteExperiment(call: Call): Promise<void> {
  let experiment = await readExperiment(call);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const cancellable = canTransition(experiment.state, "cancelled");
    const after = cancellable
      ? await cancel(call, experiment, "deleted", true)
      : await hide(call, experiment);
    if (after !== undefined) return;
    const again = await findExperiment(call.context.sql, experiment.id);
    if (again === undefined || again.deleted) throw notFound("experiment");
    experiment = again;
  }
  throw new ApiError("CONFLICT", "the experiment keeps changing, try again");
}

// Undefined when the state was no longer as seen.
async function cancel(
  call: Call,
  seen: Experiment,
  reason: string,
  alsoDelete: boolean,
): Promise<Experiment | undefined> {
  const { context, identity } = call;
  const atMs = await context.time.now();
  try {
    const after = await inTransaction(context.sql, async (connection) => {
      const cancelled = await context.transition(connection, {
        seen,
        to: "cancelled",
        reason,
        triggeredBy: identity.userId,
        atMs,
        fenced: false,
      });
      if (!alsoDelete) return cancelled;
      const deleted = await markDeleted(connection, seen.id, atMs);
      if (deleted === undefined) throw new ConflictError(`${seen.id} is deleted`);
      await insertEvent(connection, eventOf(call, deleted, atMs));
      return deleted;
    });
    context.announcer.changed(seen.id);
    return after;
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
}

async function hide(call: Call, seen: Experiment): Promise<Experiment | undefined> {
  const { context } = call;
  const atMs = await context.time.now();
  const after = await inTransaction(context.sql, async (connection) => {
    const deleted = await markDeleted(connection, seen.id, atMs);
    if (deleted !== undefined) await insertEvent(connection, eventOf(call, deleted, atMs));
    return deleted;
  });
  if (after !== undefined) context.announcer.told(seen.id);
  return after;
}

function eventOf(call: Call, experiment: Experiment, atMs: number) {
  return {
    experiment,
    type: "deleted" as const,
    fromState: experiment.state,
    reason: "deleted",
    triggeredBy: call.identity.userId,
    atMs,
  };
}

function invalid({ state }: Experiment, done: string): ApiError {
  return new ApiError("INVALID_TRANSITION", `an experiment that is ${state} cannot be ${done}`, { state });
}
