/**
 * Three of the scenarios as stories that can be told in any world: each gives what must be equal in all of them,
 * with nothing in it that depends on time, ids or chance.
 */
import type { Client } from "../../sim/world/client/index.js";

/** Where a story happens. */
export interface Arm {
  readonly client: Client;
  /** How long an experiment runs, such as `5m`. */
  readonly duration: string;
  /** Lets a time pass in which everything is scraped at least once. */
  pass(): Promise<void>;
  untilState(id: string, state: string): Promise<void>;
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Values of a label in the answer of Prometheus to an instant query, sorted. */
  labelValues(query: string, label: string): Promise<readonly string[]>;
}

export interface LifecycleFacts {
  readonly states: readonly unknown[];
  readonly rows: readonly unknown[];
  readonly deployments: readonly unknown[];
  readonly configs: readonly string[];
  readonly advice: unknown;
  /** Percent; drawn processes make it differ a little. */
  readonly reduction: number;
}

export async function lifecycle({ client, duration, untilState, query }: Arm): Promise<LifecycleFacts> {
  const { id } = await client.createExperiment({
    name: "integration-test-exp",
    baseline_pipeline: "process-baseline-v1",
    candidate_pipeline: "process-aggregated-v1",
    target_nodes: ["node1", "node2"],
    config: { duration, success_criteria: { min_cardinality_reduction: 30, max_latency_increase: 10 } },
  });
  await untilState(id, "initializing");
  await client.startLoad({ experiment_id: id, process_count: 100, metrics_per_second: 1000, duration });
  await untilState(id, "running");
  const deployments = await client.getDeployments(id);
  const configs = await client.getConfigs(id);
  await untilState(id, "completed");
  const results = await client.call<{
    readonly recommendation: string;
    readonly cardinality_reduction: number;
    readonly critical_process_coverage: number;
  }>("GET", `/api/v1/experiments/${id}/results`);
  const { events } = await client.call<{ events: readonly { seq: number; to_state: string }[] }>(
    "GET",
    `/api/v1/experiments/${id}/history`,
  );
  const stored = await query<{ reason: string }>(
    "select seq, type, from_state, to_state, reason, triggered_by from experiment_events where experiment_id = $1 order by seq",
    [id],
  );
  return {
    states: events.map(({ seq, to_state }) => [seq, to_state]),
    rows: [
      ...(await query(
        "select name, state, baseline_pipeline, candidate_pipeline, target_nodes, tenant_id from experiments where id = $1",
        [id],
      )),
      ...stored.map((event) =>
        Object.assign(event, { reason: event.reason.replace(`for ${duration}`, "for its time") }),
      ),
      ...(await query("select version, overrides from generated_configs where experiment_id = $1", [id])),
      ...(await query(
        "select variant, namespace, pipeline_name, target_nodes from pipeline_deployments where experiment_id = $1 order by variant",
        [id],
      )),
      ...(await query("select recommendation from experiment_results where experiment_id = $1", [id])),
    ],
    deployments: deployments
      .map(({ variant, target_nodes: nodes }) => [variant, nodes])
      .sort(([a], [b]) => String(a).localeCompare(String(b))),
    configs: [configs.baseline_config, configs.candidate_config].map((text) => text.replaceAll(id, "ID")),
    advice: [results.recommendation, results.critical_process_coverage],
    reduction: results.cardinality_reduction,
  };
}

export interface ConcurrencyFacts {
  readonly nodesOfMetrics: readonly unknown[];
  readonly nodesInPrometheus: readonly unknown[];
  readonly experimentsOfNodes: readonly unknown[];
}

/** Five experiments at once, each on a node of its own. */
export async function concurrency({
  client,
  duration,
  pass,
  untilState,
  labelValues,
}: Arm): Promise<ConcurrencyFacts> {
  const experiments = await Promise.all(
    [3, 4, 5, 6, 7].map(async (node) =>
      client.createExperiment({
        name: `concurrent-exp-${node}`,
        baseline_pipeline: "process-baseline-v1",
        candidate_pipeline: "process-aggregated-v1",
        target_nodes: [`node${node}`],
        config: { duration },
      }),
    ),
  );
  const names = new Map(experiments.map(({ id, name }) => [id, name]));
  for (const { id } of experiments) await untilState(id, "running");
  await pass();
  const facts = await Promise.all(
    experiments.map(async ({ id, name, target_nodes: [node = ""] }) => {
      const { labels } = await client.getMetrics(id);
      const nodes = await labelValues(
        `count by (node_name) ({experiment_id="${id}", node_name!=""})`,
        "node_name",
      );
      const ids = await labelValues(
        `count by (experiment_id) ({experiment_id!="", node_name="${node}"})`,
        "experiment_id",
      );
      return {
        metrics: [name, labels.node],
        nodes: [name, nodes],
        ids: [node, ids.map((each) => names.get(each))],
      };
    }),
  );
  for (const { id } of experiments) await untilState(id, "completed");
  return {
    nodesOfMetrics: facts.map(({ metrics }) => metrics),
    nodesInPrometheus: facts.map(({ nodes }) => nodes),
    experimentsOfNodes: facts.map(({ ids }) => ids),
  };
}

export const createCount = 200;

/** Two hundred creates at once. */
export async function consistency({ client, query }: Arm): Promise<unknown> {
  const created = await Promise.all(
    Array.from({ length: createCount }, async (_, index) =>
      client.createExperiment({ name: `consistency-test-${index}`, target_nodes: ["node8"] }),
    ),
  );
  const rows = await query<{ id: string; name: string }>(
    "select id, name from experiments where name like 'consistency-test-%'",
  );
  const stored = new Map(rows.map(({ id, name }) => [id, name]));
  return {
    ids: new Set(created.map(({ id }) => id)).size,
    stored: stored.size,
    names: created.map(({ id, name }) => [name, stored.get(id)]),
  };
}
