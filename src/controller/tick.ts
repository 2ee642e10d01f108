/** A look at everything that is open: what a lost hint, a crash or a restart left lying is found here. */
import type { Experiment } from "../model/index.js";
import { listOpenExperiments, listOpenLoads } from "../store/index.js";
import type { Agenda } from "./agenda.js";
import type { ControllerContext } from "./context.js";
import type { LeaseWatch } from "./lease-watch.js";
import type { Sweep } from "./sweep.js";

/** Looks at everything once. @throws Whatever the database throws. */
export type Tick = () => Promise<void>;

/** Creates the tick of one controller. */
export function createTick(
  context: ControllerContext,
  agenda: Agenda,
  watch: LeaseWatch,
  sweep: Sweep,
): Tick {
  return async () => {
    const experiments = await listOpenExperiments(context.sql);
    context.metrics.observed(experiments);
    const nowMs = await context.time.now();
    for (const experiment of inOrder(experiments)) consider(context, agenda, watch, experiment, nowMs);
    await considerLoads(context, agenda, nowMs);
    for (const id of await sweep(experiments)) {
      context.drifted.add(id);
      agenda.add(id, "steady");
    }
  };
}

function consider(
  { owner, options }: ControllerContext,
  agenda: Agenda,
  watch: LeaseWatch,
  experiment: Experiment,
  nowMs: number,
): void {
  const { id, state } = experiment;
  const lane = state === "pending" || state === "initializing" ? "starting" : "steady";
  if (experiment.lease_owner !== null && experiment.lease_owner !== owner) {
    agenda.plan(id, lane, watch.see(id, experiment.lease_token));
    return;
  }
  if (state === "running") {
    const overdue = experiment.deadline_at === null || experiment.deadline_at <= nowMs;
    const outdated = experiment.applied_version < experiment.config_version;
    if (overdue || outdated) agenda.add(id, lane);
    else agenda.plan(id, lane, (experiment.deadline_at ?? nowMs) - nowMs);
  } else if (state === "analyzing") {
    agenda.plan(id, lane, Math.max(0, experiment.state_changed_at + options.analysisHoldMs - nowMs));
  } else if (!agenda.has(id, options.retryMostMs)) {
    agenda.add(id, lane);
  }
}

async function considerLoads({ sql }: ControllerContext, agenda: Agenda, nowMs: number): Promise<void> {
  for (const load of await listOpenLoads(sql)) {
    const ended = load.started_at === null || load.started_at + load.duration_ms <= nowMs;
    if (load.state === "pending" || ended) agenda.add(load.experiment_id, "steady");
  }
}

// First come, first served.
function inOrder(experiments: readonly Experiment[]): Experiment[] {
  return [...experiments].sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}
