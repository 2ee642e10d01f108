/** Scenario 1: one experiment from its creation to its results, with metrics really collected. */
import type { ConfigsReply, ResultsReply } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import { nodesInPrometheus, type Checks, type Scenario } from "./scenario.js";

export const lifecycle: Scenario = {
  name: "lifecycle",
  summary: "an experiment is created, deployed, measured, analyzed and completed",
  smoke: true,
  deadline: "15m",
  faultWindow: "6m",
  world: { nodes: ["node1", "node2"] },
  async run({ phoenix, check, step, scale }) {
    const { client } = phoenix;

    step("create the experiment");
    const experiment = await client.createExperiment({
      name: "integration-test-exp",
      baseline_pipeline: "process-baseline-v1",
      candidate_pipeline: "process-aggregated-v1",
      target_nodes: ["node1", "node2"],
      config: {
        duration: "5m",
        traffic_split: { baseline: 50, candidate: 50 },
        success_criteria: {
          min_cardinality_reduction: 30,
          max_latency_increase: 10,
          critical_process_coverage: 95,
        },
      },
    });

    step("it is initializing");
    await phoenix.waitForState(experiment.id, "initializing", { within: "30s" });

    step("both configurations are generated");
    const configs = await client.getConfigs(experiment.id);
    check.ok(configs.baseline_config.length > 0, "a baseline configuration");
    check.ok(configs.candidate_config.length > 0, "a candidate configuration");
    const generator = await phoenix.fetch(`http://generator:8082/api/v1/configs/${experiment.id}`);
    const generated = (await generator.json()) as ConfigsReply;
    const proxied = await client.call<ConfigsReply>("GET", `/api/v1/generator/configs/${experiment.id}`);
    for (const { baseline_config, candidate_config } of [generated, proxied]) {
      check.equal(baseline_config, configs.baseline_config, "the baseline that the generator has");
      check.equal(candidate_config, configs.candidate_config, "the candidate that the generator has");
    }

    step("both pipelines are deployed");
    const deployments = await client.getDeployments(experiment.id);
    check.equal(deployments.length, 2, "two deployments");
    check.equal(
      deployments.map(({ variant }) => variant).sort((a, b) => a.localeCompare(b)),
      ["baseline", "candidate"],
      "one deployment of each variant",
    );

    step("load is put on the nodes");
    const { profiles } = await client.call<{ profiles: readonly { name: string }[] }>(
      "GET",
      "/api/v1/load-simulations/profiles",
    );
    check.includes(
      profiles.map(({ name }) => name),
      "realistic",
      "the profiles of load",
    );
    const { id: loadId } = await client.startLoad({
      experiment_id: experiment.id,
      process_count: Math.max(20, Math.round(100 * scale)),
      metrics_per_second: 1000,
      duration: "5m",
    });

    step("it is running");
    await phoenix.waitForState(experiment.id, "running", { within: "1m" });

    step("metrics are collected, under load");
    await phoenix.clock.advance("2m");
    const load = await client.call<{ state: string }>("GET", `/api/v1/load-simulations/${loadId}`);
    check.equal(load.state, "running", "the state of the load");
    const metrics = await client.getMetrics(experiment.id);
    check.above(metrics.baseline_metrics.time_series_count, 0, "series of the baseline");
    check.above(metrics.candidate_metrics.time_series_count, 0, "series of the candidate");

    step("it is analyzed");
    await phoenix.waitForState(experiment.id, "analyzing", { within: "6m" });

    step("it completes");
    await phoenix.waitForState(experiment.id, "completed", { within: "2m" });

    step("the results are there");
    const results = await client.getResults(experiment.id);
    check.above(results.cardinality_reduction, 0, "a reduction of cardinality");
    check.ok(results.recommendation.length > 0, "a recommendation");
    check.equal(
      phoenix.stateHistory(experiment.id),
      ["pending", "initializing", "running", "analyzing", "completed"],
      "each state once and in order",
    );
    await checkOtherViews(phoenix, check, experiment.id, results);

    step("its pipelines are gone, its series end, and it stays completed");
    await phoenix.clock.advance("4m");
    check.equal(
      (await client.getExperiment(experiment.id)).state,
      "completed",
      "the state four minutes later",
    );
    check.equal(nodesInPrometheus(phoenix, experiment.id), [], "nodes that still report for it");
  },
};

/** Status, history, analysis and costs tell the same as states and results do. */
async function checkOtherViews(
  { client, stateHistory }: Phoenix,
  check: Checks,
  id: string,
  results: ResultsReply,
): Promise<void> {
  const read = async <T>(rest: string): Promise<T> => client.call("GET", `/api/v1/experiments/${id}/${rest}`);
  check.equal((await read<{ state: string }>("status")).state, "completed", "the state in the status");
  const { events } = await read<{ events: readonly { seq: number; to_state: string }[] }>("history");
  check.equal(
    events.map(({ seq, to_state }) => [seq, to_state]),
    stateHistory(id).map((state, index) => [index + 1, state]),
    "the events in the history",
  );
  const { comparison } = await read<{ comparison: { cardinalityReduction: number } }>("analysis");
  check.equal(
    comparison.cardinalityReduction,
    results.cardinality_reduction,
    "the reduction in the analysis",
  );
  const costs = await read<{ cost_reduction: number; monthly_savings: number }>("cost-analysis");
  check.equal(costs.cost_reduction, results.cost_reduction, "the reduction of cost");
  check.above(costs.monthly_savings, 0, "savings");

  await client.call("POST", `/api/v1/experiments/${id}/promote`, { body: { variant: "candidate" } });
  const { promoted_variant } = await client.call<{ promoted_variant: string }>(
    "GET",
    `/api/v1/experiments/${id}`,
  );
  check.equal(promoted_variant, "candidate", "the variant that was promoted");
}
