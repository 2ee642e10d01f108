/** Scenario 1: one experiment from its creation to its results, with metrics really collected. */
import type { Scenario } from "./scenario.js";
import { nodesInPrometheus } from "./steps.js";

export const lifecycle: Scenario = {
  name: "lifecycle",
  summary: "an experiment is created, deployed, measured, analyzed and completed",
  smoke: true,
  deadline: "15m",
  world: { nodes: ["node1", "node2"] },
  async run({ phoenix, check, step }) {
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

    step("both pipelines are deployed");
    const deployments = await client.getDeployments(experiment.id);
    check.equal(deployments.length, 2, "two deployments");
    check.equal(
      deployments.map(({ variant }) => variant).sort((a, b) => a.localeCompare(b)),
      ["baseline", "candidate"],
      "one deployment of each variant",
    );

    step("load runs on the nodes");
    await client.startLoad({
      experiment_id: experiment.id,
      process_count: 100,
      metrics_per_second: 1000,
      duration: "5m",
    });

    step("it is running");
    await phoenix.waitForState(experiment.id, "running", { within: "1m" });

    step("metrics are collected");
    await phoenix.clock.advance("2m");
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
