/** Steps that several scenarios share. */
import type { Client, CreateExperiment, ExperimentReply } from "../client/index.js";
import type { Phoenix } from "../phoenix/index.js";

/** Creates an experiment and starts it, whether or not it has started by itself meanwhile. */
export async function createAndStart(client: Client, body: CreateExperiment): Promise<ExperimentReply> {
  const experiment = await client.createExperiment(body);
  await client.startExperiment(experiment.id);
  return experiment;
}

/** Does something while a part is out; the outage ends also when that fails, as it may under other faults. */
export async function during<T>(outage: Outage, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await outage.heal();
  }
}

interface Outage {
  heal(): Promise<void>;
}

/** @returns Nodes whose series Prometheus holds for an experiment, sorted. */
export function nodesInPrometheus(phoenix: Phoenix, experimentId: string): readonly string[] {
  return labelsOf(phoenix, "node_name", `{experiment_id="${experimentId}", node_name!=""}`);
}

/** @returns Experiments whose series Prometheus holds from a node, sorted. */
export function experimentsInPrometheus(phoenix: Phoenix, node: string): readonly string[] {
  return labelsOf(phoenix, "experiment_id", `{experiment_id!="", node_name="${node}"}`);
}

function labelsOf(phoenix: Phoenix, label: string, selector: string): readonly string[] {
  const result = phoenix.prometheus.query(`count by (${label}) (${selector})`);
  if (result.type !== "vector") return [];
  return result.samples.map(({ labels }) => labels.get(label) ?? "").sort((a, b) => a.localeCompare(b));
}

/** @returns `count` whole numbers from 0. */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
