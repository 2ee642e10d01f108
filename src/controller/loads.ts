/** Load simulations of an experiment: telling its nodes, and noticing their end. */
import type { Experiment } from "../model/index.js";
import { errorText } from "../shared/index.js";
import { listLoadsOfExperiment, moveLoad, startLoad, type StoredLoad } from "../store/index.js";
import type { ControllerContext } from "./context.js";

/** What is left to do about loads. */
export interface TendedLoads {
  /** Whether every node has been told everything. */
  readonly settled: boolean;
  /** When the next load ends; undefined when none runs. */
  readonly nextEndMs: number | undefined;
}

/**
 * Starts what waits and closes what is over.
 *
 * @param again - Tell nodes also of loads that they have confirmed: one of them may have restarted.
 */
export async function tendLoads(
  context: ControllerContext,
  experiment: Experiment,
  nowMs: number,
  again: boolean,
): Promise<TendedLoads> {
  let settled = true;
  let nextEndMs: number | undefined;
  for (const load of await listLoadsOfExperiment(context.sql, experiment.id)) {
    if (load.state !== "pending" && load.state !== "running") continue;
    const startMs = load.started_at ?? nowMs;
    const endMs = startMs + load.duration_ms;
    if (nowMs >= endMs) {
      await moveLoad(context.sql, load.id, load.state, "completed");
      continue;
    }
    nextEndMs = Math.min(endMs, nextEndMs ?? endMs);
    if (load.started_at === null) await startLoad(context.sql, load.id, startMs);
    if (load.state === "running" && !again) continue;
    if (!(await tellNodes(context, experiment, load, startMs))) settled = false;
    else if (load.state === "pending") await moveLoad(context.sql, load.id, "pending", "running");
  }
  return { settled, nextEndMs };
}

/**
 * Ends every load of an experiment that has ended.
 *
 * @throws Error when a node did not confirm, or somebody who was overtaken has moved a load meanwhile.
 */
export async function stopLoads(context: ControllerContext, experiment: Experiment): Promise<void> {
  // No node hears of loads before the experiment runs.
  const nodes = experiment.config_version > 0 ? experiment.target_nodes : [];
  for (const load of await listLoadsOfExperiment(context.sql, experiment.id)) {
    if (load.state !== "pending" && load.state !== "running") continue;
    await Promise.all(nodes.map((node) => context.parts.nodes.deleteLoad(node, load.id)));
    if (!(await moveLoad(context.sql, load.id, load.state, "stopped")))
      throw new Error(`load ${load.id} is not ${load.state} any more`);
  }
}

async function tellNodes(
  context: ControllerContext,
  experiment: Experiment,
  load: StoredLoad,
  startMs: number,
): Promise<boolean> {
  const told = await Promise.allSettled(
    experiment.target_nodes.map((node) => context.parts.nodes.putLoad(node, load, startMs)),
  );
  const failed = told.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    context.logger.warn("a node did not take a load", { load: load.id, error: errorText(failed.reason) });
  }
  return failed === undefined;
}
