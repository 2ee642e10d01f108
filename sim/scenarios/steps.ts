/** Steps that several scenarios share. */
import type { Client, CreateExperiment, ExperimentReply } from "../client/index.js";
import type { Phoenix } from "../phoenix/index.js";

/** Creates an experiment and starts it, whether or not it has started by itself meanwhile. */
export async function createAndStart(client: Client, body: CreateExperiment): Promise<ExperimentReply> {
  const experiment = await client.createExperiment(body);
  await client.startExperiment(experiment.id);
  return experiment;
}

/** @returns Nodes whose series Prometheus holds for an experiment, sorted. */
export function nodesInPrometheus(phoenix: Phoenix, experimentId: string): readonly string[] {
  const result = phoenix.prometheus.query(
    `count by (node_name) ({experiment_id="${experimentId}", node_name!=""})`,
  );
  if (result.type !== "vector") return [];
  return result.samples.map(({ labels }) => labels.get("node_name") ?? "").sort((a, b) => a.localeCompare(b));
}

/** @returns `count` whole numbers from 0. */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
