/**
 * One look at one experiment: take it, do the next thing its state asks for, let go.
 *
 * What to do follows from the row alone, never from what happened before, so that it does not matter where the
 * last attempt died.
 */
import { ConflictError, findExperiment } from "../store/index.js";
import { analyze } from "./analyze.js";
import { begin } from "./begin.js";
import { cleanUp } from "./clean-up.js";
import type { ControllerContext, Outcome } from "./context.js";
import { initialize } from "./initialize.js";
import type { LeaseWatch } from "./lease-watch.js";
import { run } from "./run.js";
import type { Experiment, ExperimentState } from "../model/index.js";

/** Looks at an experiment. */
export type Reconcile = (id: string) => Promise<Outcome>;

/**
 * @returns A function that looks at an experiment. It throws when a step failed and should be tried again; the
 * experiment has been let go of then, if the database could be told.
 */
export function createReconciler(context: ControllerContext, watch: LeaseWatch): Reconcile {
  return async (id) => {
    const experiment = await take(context, watch, id);
    if (experiment === undefined) return watchOutcome(context, watch, id);
    try {
      return await steps[experiment.state](context, experiment);
    } catch (error) {
      // Whoever moved the experiment has also let go of it, and has told us or will be found by the tick.
      if (error instanceof ConflictError) return { kind: "again" };
      // If this fails too, the next attempt takes the experiment from ourselves.
      await context.parts.leases.release(context.sql, id, experiment.lease_token).catch(() => undefined);
      throw error;
    }
  };
}

type Step = (context: ControllerContext, experiment: Experiment) => Promise<Outcome>;

const steps: Readonly<Record<ExperimentState, Step>> = {
  pending: begin,
  initializing: initialize,
  running: run,
  analyzing: analyze,
  completed: cleanUp,
  failed: cleanUp,
  cancelled: cleanUp,
};

async function take(
  context: ControllerContext,
  watch: LeaseWatch,
  id: string,
): Promise<Experiment | undefined> {
  const { leases } = context.parts;
  const left = watch.leftBehind(id);
  if (left === undefined) return leases.claim(context.sql, id, context.owner);
  watch.forget(id);
  return leases.takeOver(context.sql, id, context.owner, left);
}

// Somebody holds it, or it is closed. A holder gets the length of a lease, by our own clock, to show a change.
async function watchOutcome(context: ControllerContext, watch: LeaseWatch, id: string): Promise<Outcome> {
  const experiment = await findExperiment(context.sql, id);
  if (experiment === undefined || experiment.lease_owner === null) {
    watch.forget(id);
    return { kind: "done" };
  }
  return { kind: "wait", delayMs: watch.see(id, experiment.lease_token) };
}
