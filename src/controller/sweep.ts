/**
 * Comparing what nodes run with what they should run.
 *
 * Finds collectors that a restarted node has lost and such that nobody wants any more: a request that came too
 * late on a node which had forgotten the removal.
 */
import type { Experiment } from "../model/index.js";
import { errorText } from "../shared/index.js";
import { findExperiment, listNodesOfClosed } from "../store/index.js";
import { isTerminal, variants } from "../model/index.js";
import type { ControllerContext } from "./context.js";
import type { ListedCollector } from "./node-client.js";

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
