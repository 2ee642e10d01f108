/** Terminal states: remove what runs on nodes, then let go of the experiment. */
import { variants, type Experiment } from "../model/index.js";
import {
  inTransaction,
  listDeploymentsOfExperiment,
  recordAppliedVersion,
  recordDeployment,
} from "../store/index.js";
import type { ControllerContext, Outcome } from "./context.js";
import { stopLoads } from "./loads.js";

/** Cleans up after an experiment that is held. Fails, to be tried again, until every node has confirmed. */
export async function cleanUp(context: ControllerContext, experiment: Experiment): Promise<Outcome> {
  const { parts, sql, time } = context;
  await stopLoads(context, experiment);
  // Without a configuration nothing was ever deployed.
  if (experiment.config_version > 0) {
    await removeCollectors(context, experiment);
    // No tick may have seen an experiment that lived for seconds; its nodes are looked at all the same.
    for (const node of experiment.target_nodes) context.nodesInUse.mark(node);
    await recordRemoval(context, experiment, await time.now());
  }
  await parts.leases.close(sql, experiment.id, experiment.lease_token);
  context.drifted.delete(experiment.id);
  return { kind: "done" };
}

async function removeCollectors(context: ControllerContext, experiment: Experiment): Promise<void> {
  // Above every version that was ever deployed: a request that is still on its way will be refused.
  const version = experiment.config_version + 1;
  await Promise.all(
    experiment.target_nodes.flatMap((node) =>
      variants.map((variant) => context.parts.nodes.deleteCollector(node, experiment.id, variant, version)),
    ),
  );
}

function recordRemoval({ sql }: ControllerContext, experiment: Experiment, atMs: number): Promise<void> {
  return inTransaction(sql, async (connection) => {
    // Locks the experiment: a holder that was overtaken can no longer record collectors afterwards.
    await recordAppliedVersion(connection, experiment.id, experiment.lease_token, experiment.applied_version);
    for (const deployment of await listDeploymentsOfExperiment(connection, experiment.id)) {
      await recordDeployment(connection, {
        id: deployment.id,
        status: "deleting",
        phase: "terminated",
        readyNodes: 0,
        appliedVersion: deployment.applied_version,
        endpoints: {},
        atMs,
      });
    }
  });
}
