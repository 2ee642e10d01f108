/** A deployment as clients read it. */
import type { Deployment } from "../store/index.js";
import { timeText } from "./experiment-view.js";

/** @returns The deployment with its nodes as a list and its instances counted. */
export function deploymentView(deployment: Deployment): Record<string, unknown> {
  const { ready_nodes: ready, total_nodes: desired, endpoints: _endpoints, ...rest } = deployment;
  return {
    ...rest,
    instances: { desired, ready, updated: deployment.applied_version > 0 ? ready : 0 },
    ready_nodes: ready,
    total_nodes: desired,
    config_version: deployment.applied_version,
    created_at: timeText(deployment.created_at),
    updated_at: timeText(deployment.updated_at),
  };
}
