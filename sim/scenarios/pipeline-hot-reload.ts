/** Scenario 4: pipelines change under a running experiment, and its metrics show it. */
import { ApiError } from "../client/index.js";
import type { Phoenix } from "../phoenix/index.js";
import type { Scenario } from "./scenario.js";
import { createAndStart } from "./steps.js";

export const pipelineHotReload: Scenario = {
  name: "pipeline-hot-reload",
  summary: "a new pipeline configuration takes effect within 30 s without disturbing the experiment",
  deadline: "20m",
  world: { nodes: ["node1"] },
  async run({ phoenix, check, step }) {
    const { client } = phoenix;
    const seriesOf = async (id: string): Promise<number> =>
      (await client.getMetrics(id)).candidate_metrics.time_series_count;

    step("an experiment runs with its first configuration");
    const { id } = await createAndStart(client, { name: "hot-reload-exp", config: { duration: "1h" } });
    await phoenix.waitForState(id, "running", { within: "1m" });
    await phoenix.clock.advance("1m");
    const before = await seriesOf(id);

    step("a filter is put on the candidate");
    const filtered = await client.updatePipelineConfig(id, [
      { type: "filter", config: { include_patterns: ["critical_*"] } },
    ]);
    await phoenix.clock.advance("30s");
    const afterFilter = await seriesOf(id);
    check.below(afterFilter, before, "fewer series of the candidate after the filter");

    step("top-k replaces the filter");
    await client.updatePipelineConfig(id, [{ type: "topk", config: { k: 3 } }]);
    await phoenix.clock.advance("30s");
    const afterTopk = await seriesOf(id);
    check.above(afterTopk, 0, "series of the candidate under top-k");
    check.below(afterTopk, before, "fewer series of the candidate under top-k");

    step("an aggregation replaces top-k");
    await client.updatePipelineConfig(id, [{ type: "aggregation", config: { by: ["process.priority"] } }]);
    await phoenix.clock.advance("30s");
    const afterAggregation = await seriesOf(id);
    check.above(afterAggregation, 0, "series of the candidate under aggregation");
    check.below(afterAggregation, before, "fewer series of the candidate under aggregation");

    step("an invalid configuration is refused, and the old one stays");
    const versionBefore = (await client.getConfigs(id)).version;
    const refusal: unknown = await client
      .updatePipelineConfig(id, [{ type: "topk", config: { k: 0 } }])
      .catch((error: unknown) => error);
    check.ok(refusal instanceof ApiError && refusal.status === 400, "a 400 for a top-k of 0");
    await phoenix.clock.advance("30s");
    check.equal((await client.getConfigs(id)).version, versionBefore, "the version after a refused update");
    check.equal(await seriesOf(id), afterAggregation, "the series after a refused update");

    step("a reload while the node is down ends with one version live");
    const outage = phoenix.node("node1").crash();
    const last = await client.updatePipelineConfig(id, [{ type: "topk", config: { k: 2 } }]);
    await phoenix.clock.advance("20s");
    await outage.heal();
    await phoenix.clock.advance("1m");
    check.equal(await liveVersions(phoenix, id), [last.config_version], "the versions that collectors run");
    check.above(last.config_version, filtered.config_version, "a version that grew");

    step("the experiment ran on, and its baseline was left alone");
    check.equal(phoenix.stateHistory(id), ["pending", "initializing", "running"], "its states");
    const metrics = await client.getMetrics(id);
    check.above(
      metrics.baseline_metrics.time_series_count,
      metrics.candidate_metrics.time_series_count,
      "more series of the baseline than of the candidate",
    );
  },
};

/** @returns Each version that a collector of the candidate runs, without repetition. */
async function liveVersions(phoenix: Phoenix, experimentId: string): Promise<readonly number[]> {
  const response = await phoenix.fetch("http://node1:8090/collectors");
  const { collectors } = (await response.json()) as {
    collectors: readonly { experiment_id: string; variant: string; version: number }[];
  };
  const versions = collectors
    .filter(({ experiment_id, variant }) => experiment_id === experimentId && variant === "candidate")
    .map(({ version }) => version);
  return [...new Set(versions)];
}
