import type { Phoenix } from "phoenix-sim";
import { createTest, expect } from "phoenix-sim/vitest";

const test = createTest({ nodes: ["node1"], globals: false });

interface Collector {
  readonly variant: string;
  readonly version: number;
  readonly live_version: number;
}

async function candidate(phoenix: Phoenix): Promise<Collector | undefined> {
  const response = await phoenix.fetch("http://node1:8090/collectors");
  const { collectors } = (await response.json()) as { collectors: readonly Collector[] };
  return collectors.find(({ variant }) => variant === "candidate");
}

async function runningExperiment(phoenix: Phoenix): Promise<string> {
  const { id } = await phoenix.client.createExperiment({ name: "watched" });
  await phoenix.waitForState(id, "running", { within: "1m" });
  return id;
}

test("a collector that crashes is gone for a moment, and back with the version it had", async ({
  phoenix,
}) => {
  const id = await runningExperiment(phoenix);
  phoenix.node("node1").crashCollector(id, "candidate");
  expect(await candidate(phoenix)).toMatchObject({ version: 1, live_version: 0 });
  await phoenix.clock.advance("5s");
  expect(await candidate(phoenix)).toMatchObject({ version: 1, live_version: 1 });
});

test("while reloads are stuck a new version is taken but not live", async ({ phoenix }) => {
  const id = await runningExperiment(phoenix);
  const stuck = phoenix.node("node1").stickReloads();
  await phoenix.client.updatePipelineConfig(id, [{ type: "topk", config: { k: 3 } }]);
  await phoenix.clock.advance("30s");
  expect(await candidate(phoenix)).toMatchObject({ version: 2, live_version: 1 });
  stuck.heal();
  await phoenix.clock.advance("30s");
  expect(await candidate(phoenix)).toMatchObject({ version: 2, live_version: 2 });
});

test("slow collectors show in the latency that they report", async ({ phoenix }) => {
  const id = await runningExperiment(phoenix);
  const p95 = (): number => {
    const result = phoenix.prometheus.query(
      `histogram_quantile(0.95, sum by (le) (rate({__name__=~".*latency.*_bucket", experiment_id="${id}"}[1m])))`,
    );
    return result.type === "vector" ? (result.samples[0]?.value ?? Number.NaN) : Number.NaN;
  };
  await phoenix.clock.advance("2m");
  const usual = p95();
  const slow = phoenix.node("node1").slowCollectors(10);
  await phoenix.clock.advance("2m");
  expect(p95()).toBeGreaterThan(usual * 3);
  slow.heal();
  await phoenix.clock.advance("2m");
  expect(p95()).toBeLessThan(usual * 3);
});

test("a node that is down has no collectors to disturb", ({ phoenix }) => {
  const node = phoenix.node("node1");
  node.crash();
  expect(() => node.crashCollector("any", "candidate")).toThrow(
    "Cannot crash a collector on node1: it is down. [SIM_HOST_STATE]",
  );
});
