/** A look at everything that is open: what a lost hint, a crash or a restart left lying is found here. */
import { isTerminal, variants, type Experiment } from "../model/index.js";
import { errorText } from "../shared/index.js";
import { findExperiment, listNodesOfClosed, listOpenExperiments, listOpenLoads } from "../store/index.js";
import type { ControllerContext, LeaseWatch } from "./context.js";
import type { ListedCollector } from "./node-client.js";
import type { ReconcileQueue } from "./reconcile-queue.js";

/** Looks at everything once. @throws Whatever the database throws. */
export type Tick = () => Promise<void>;

/** Creates the tick of one controller. */
export function createTick(
  context: ControllerContext,
  reconcileQueue: ReconcileQueue,
  watch: LeaseWatch,
  sweep: Sweep,
): Tick {
  return async () => {
    const experiments = await listOpenExperiments(context.sql);
    context.metrics.observed(experiments);
    const nowMs = await context.time.now();
    for (const experiment of inOrder(experiments))
      consider(context, reconcileQueue, watch, experiment, nowMs);
    await considerLoads(context, reconcileQueue, nowMs);
    for (const id of await sweep(experiments)) {
      context.drifted.add(id);
      reconcileQueue.add(id, "steady");
    }
  };
}

function consider(
  { owner, options }: ControllerContext,
  reconcileQueue: ReconcileQueue,
  watch: LeaseWatch,
  experiment: Experiment,
  nowMs: number,
): void {
  const { id, state } = experiment;
  const lane = state === "pending" || state === "initializing" ? "starting" : "steady";
  if (experiment.lease_owner !== null && experiment.lease_owner !== owner) {
    reconcileQueue.plan(id, lane, watch.observe(id, experiment.lease_token));
    return;
  }
  if (state === "running") {
    const overdue = experiment.deadline_at === null || experiment.deadline_at <= nowMs;
    const outdated = experiment.applied_version < experiment.config_version;
    if (overdue || outdated) reconcileQueue.add(id, lane);
    else reconcileQueue.plan(id, lane, (experiment.deadline_at ?? nowMs) - nowMs);
  } else if (state === "analyzing") {
    reconcileQueue.plan(id, lane, Math.max(0, experiment.state_changed_at + options.analysisHoldMs - nowMs));
  } else if (!reconcileQueue.has(id, options.retryMostMs)) {
    reconcileQueue.add(id, lane);
  }
}

async function considerLoads(
  { sql }: ControllerContext,
  reconcileQueue: ReconcileQueue,
  nowMs: number,
): Promise<void> {
  for (const load of await listOpenLoads(sql)) {
    const ended = load.started_at === null || load.started_at + load.duration_ms <= nowMs;
    if (load.state === "pending" || ended) reconcileQueue.add(load.experiment_id, "steady");
  }
}

// First come, first served.
function inOrder(experiments: readonly Experiment[]): Experiment[] {
  return [...experiments].sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

// Comparing what nodes run with what they should run.
//
// Finds collectors that a restarted node has lost and such that nobody wants any more: a request that came too
// late on a node which had forgotten the removal.

/** Looks at all nodes in use. @returns Ids of running experiments that have to be deployed again. */
export type Sweep = (open: readonly Experiment[]) => Promise<string[]>;

/** A controller that starts looks at the nodes of all experiments that ended within this time. */
const lookBackMs = 86_400_000;

/** Creates a sweep over the nodes that were in use of late, also before this controller started. */
export function createSweep(context: ControllerContext): Sweep {
  const { nodesInUse } = context;
  let begun = false;

  async function begin(): Promise<void> {
    const sinceMs = (await context.time.now()) - lookBackMs;
    for (const node of await listNodesOfClosed(context.sql, sinceMs)) nodesInUse.mark(node);
    begun = true;
  }

  async function look(node: string, open: readonly Experiment[]): Promise<string[]> {
    try {
      const listed = await context.parts.nodes.listCollectors(node);
      const wanted = open.filter(
        ({ state, target_nodes }) => state === "running" && target_nodes.includes(node),
      );
      await removeOrphans(context, node, listed, open);
      nodesInUse.looked(node, true);
      return wanted.filter((experiment) => !runs(listed, experiment)).map(({ id }) => id);
    } catch (error) {
      nodesInUse.looked(node, false);
      context.logger.warn("a node cannot be looked at", { node, error: errorText(error) });
      return [];
    }
  }

  return async (open) => {
    if (!begun) await begin();
    for (const { state, target_nodes } of open) {
      if (state === "pending") continue;
      for (const node of target_nodes) nodesInUse.mark(node);
    }
    const found = await Promise.all(nodesInUse.list().map((node) => look(node, open)));
    return [...new Set(found.flat())];
  };
}

function runs(listed: readonly ListedCollector[], experiment: Experiment): boolean {
  return variants.every((variant) =>
    listed.some(
      (collector) =>
        collector.experiment_id === experiment.id &&
        collector.variant === variant &&
        collector.version >= experiment.applied_version,
    ),
  );
}

async function removeOrphans(
  { parts, sql, logger }: ControllerContext,
  node: string,
  listed: readonly ListedCollector[],
  open: readonly Experiment[],
): Promise<void> {
  const known = new Set(open.map(({ id }) => id));
  for (const { experiment_id: id, variant, version } of listed) {
    if (known.has(id)) continue;
    // The list of open experiments may be older than the collector: only the database can say.
    const experiment = await findExperiment(sql, id);
    if (experiment !== undefined && !isTerminal(experiment.state)) continue;
    logger.warn("removing an orphaned collector", { node, id, variant });
    await parts.nodes.deleteCollector(
      node,
      id,
      variant,
      Math.max(version, experiment?.config_version ?? 0) + 1,
    );
  }
}
