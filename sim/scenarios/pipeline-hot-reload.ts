/** Scenario 4: pipelines change under a running experiment, and its metrics show it. */
import { ApiError } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import { createAndStart, during, type Checks, type Scenario } from "./scenario.js";

export const pipelineHotReload: Scenario = {
  name: "pipeline-hot-reload",
  summary: "a new pipeline configuration takes effect within 30 s without disturbing the experiment",
  deadline: "20m",
  faultWindow: "4m",
  world: { nodes: ["node1"] },
  async run({ phoenix, check, step }) {
    const { client } = phoenix;
    const seriesOf = async (id: string): Promise<number> =>
      (await client.getMetrics(id)).candidate_metrics.time_series_count;

    step("the catalogue says what can be put on");
    await checkCatalogue(phoenix, check);

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
    for (const [what, processors] of invalid) {
      const refusal: unknown = await client
        .updatePipelineConfig(id, processors)
        .catch((error: unknown) => error);
      check.ok(refusal instanceof ApiError && refusal.status === 400, `a 400 for ${what}`);
    }
    await phoenix.clock.advance("30s");
    check.equal((await client.getConfigs(id)).version, versionBefore, "the version after a refused update");
    check.equal(await seriesOf(id), afterAggregation, "the series after a refused update");

    step("a reload during a crash of the collector ends with one version live");
    const racing = await client.updatePipelineConfig(id, [{ type: "topk", config: { k: 4 } }]);
    await phoenix.clock.advance("500ms");
    phoenix.node("node1").crashCollector(id, "candidate");
    await phoenix.clock.advance("30s");
    check.equal(await liveVersions(phoenix, id), [racing.config_version], "the version after the crash");
    check.above(await seriesOf(id), 0, "series of the candidate after the crash");

    step("a reload while the node is down ends with one version live");
    const outage = phoenix.node("node1").crash();
    const last = await during(outage, async () => {
      const reply = await client.updatePipelineConfig(id, [{ type: "topk", config: { k: 2 } }]);
      await phoenix.clock.advance("20s");
      return reply;
    });
    await phoenix.clock.advance("1m");
    check.equal(await liveVersions(phoenix, id), [last.config_version], "the versions that collectors run");
    check.above(last.config_version, filtered.config_version, "a version that grew");

    step("its baseline was left alone");
    const metrics = await client.getMetrics(id);
    check.above(
      metrics.baseline_metrics.time_series_count,
      metrics.candidate_metrics.time_series_count,
      "more series of the baseline than of the candidate",
    );

    step("a rollback brings the first configuration back");
    await rollBack(phoenix, check, id);
    check.above(await seriesOf(id), afterAggregation, "series of the candidate after the rollback");
    check.equal(phoenix.stateHistory(id), ["pending", "initializing", "running"], "its states");
  },
};

const invalid: readonly (readonly [what: string, processors: readonly unknown[]])[] = [
  ["a top-k of 0", [{ type: "topk", config: { k: 0 } }]],
  ["a processor that does not exist", [{ type: "magic" }]],
  ["a processor without a type", [{ config: {} }]],
];

/** Every pipeline that is listed can be read, previewed, and is valid. */
async function checkCatalogue({ client }: Phoenix, check: Checks): Promise<void> {
  const at = "/api/v1/pipelines";
  const { processors } = await client.call<{ processors: readonly { name: string }[] }>(
    "GET",
    `${at}/processors`,
  );
  const known = processors.map(({ name }) => name);
  for (const name of ["filter", "topk", "aggregate"]) check.includes(known, name, "the processors");
  const { pipelines } = await client.call<{ pipelines: readonly { name: string }[] }>("GET", at);
  check.equal(pipelines.length, 7, "pipelines");
  for (const { name } of pipelines) {
    const found = await client.call<{ name: string }>("GET", `${at}/${name}`);
    check.equal(found.name, name, "the name of a pipeline");
    const body = { pipeline_name: name };
    const { yaml } = await client.call<{ yaml: string }>("POST", `${at}/preview`, { body });
    const { valid } = await client.call<{ valid: boolean }>("POST", `${at}/validate`, {
      body: { configuration: yaml },
    });
    check.ok(valid, `a valid preview of ${name}`);
  }
}

/** Sends the signal, and reads it back in every way there is. */
async function rollBack(phoenix: Phoenix, check: Checks, id: string): Promise<void> {
  const { client } = phoenix;
  const body = { experiment_id: id, type: "rollback", reason: "enough" };
  const { signal_id } = await client.call<{ signal_id: string }>("POST", "/api/v1/control/signals", { body });
  await phoenix.clock.advance("30s");
  const signal = await client.call<{ status: string }>("GET", `/api/v1/control/signals/${signal_id}`);
  check.equal(signal.status, "completed", "the status of the signal");
  const control = `/api/v1/control/experiments/${id}`;
  const { signals } = await client.call<{ signals: readonly { type: string }[] }>(
    "GET",
    `${control}/signals`,
  );
  check.equal(signals.at(-1)?.type, "rollback", "the last signal");
  const { drift_score } = await client.call<{ drift_score: number }>("GET", `${control}/drift`);
  check.equal(drift_score, 0, "the drift once the rollback is applied");
}

/** @returns Each version that a collector of the candidate runs, without repetition. */
async function liveVersions(phoenix: Phoenix, experimentId: string): Promise<readonly number[]> {
  const response = await phoenix.fetch("http://node1:8090/collectors");
  const { collectors } = (await response.json()) as {
    collectors: readonly { experiment_id: string; variant: string; live_version: number }[];
  };
  const versions = collectors
    .filter(({ experiment_id, variant }) => experiment_id === experimentId && variant === "candidate")
    .map(({ live_version }) => live_version);
  return [...new Set(versions)];
}
