/** The platform on the real PostgreSQL, Redis and Prometheus, beside the same platform in a simulated world. */
import { type Phoenix, createPhoenix } from "phoenix-sim";
import { afterAll, beforeAll, expect, test } from "vitest";

import { describeReal } from "../support/real-arm.js";
import { realPrograms } from "../support/real-programs.js";
import { type RealPlatform, startRealPlatform } from "./platform.js";
import { type Arm, concurrency, consistency, createCount, lifecycle } from "./stories.js";

const nodes = Array.from({ length: 8 }, (_, index) => `node${index + 1}`);

const programs = [realPrograms.postgres, realPrograms.redis, realPrograms.redisCli, realPrograms.prometheus];

describeReal("the platform on real backends", programs, () => {
  let platform: RealPlatform | undefined;
  let phoenix: Phoenix | undefined;

  beforeAll(async () => {
    platform = await startRealPlatform(nodes);
    phoenix = await createPhoenix({ nodes });
  }, 60_000);

  afterAll(async () => {
    await phoenix?.dispose({ force: true });
    await platform?.stop();
  }, 60_000);

  const arms = (): { readonly real: Arm; readonly simulated: Arm } => {
    if (platform === undefined || phoenix === undefined) throw new Error("the platforms did not start");
    return { real: realArm(platform), simulated: simulatedArm(phoenix) };
  };

  test.concurrent("an experiment goes through the same states to the same rows and results", async () => {
    const { real, simulated } = arms();
    const { reduction, ...facts } = await lifecycle(real);
    const { reduction: expected, ...same } = await lifecycle(simulated);
    expect(facts.states).toHaveLength(5);
    expect(facts).toEqual(same);
    expect(Math.abs(reduction - expected)).toBeLessThan(10);
  });

  test.concurrent("five experiments at once see their own nodes only, as in a simulated world", async () => {
    const { real, simulated } = arms();
    const facts = await concurrency(real);
    expect(facts.nodesOfMetrics).toContainEqual(["concurrent-exp-3", ["node3"]]);
    expect(facts).toEqual(await concurrency(simulated));
  });

  test("two hundred creates at once are all stored, as in a simulated world", async () => {
    const { real, simulated } = arms();
    const facts = await consistency(real);
    expect(facts).toMatchObject({ ids: createCount, stored: createCount });
    expect(facts).toEqual(await consistency(simulated));
  });
});

function realArm({ client, prometheusUrl, query }: RealPlatform): Arm {
  const sleep = async (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  return {
    client,
    duration: "20s",
    query,
    pass: async () => sleep(8_000),
    async untilState(id, state) {
      const deadline = performance.now() + 60_000;
      for (;;) {
        const { events } = await client.call<{ events: readonly { to_state: string }[] }>(
          "GET",
          `/api/v1/experiments/${id}/history`,
        );
        if (events.some((event) => event.to_state === state)) return;
        if (performance.now() > deadline)
          throw new Error(`${id} did not become ${state} in 60 s: ${JSON.stringify(events)}`);
        await sleep(200);
      }
    },
    async labelValues(expression, label) {
      const response = await fetch(
        `${prometheusUrl}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
      );
      const { data } = (await response.json()) as {
        data: { result: readonly { metric: Record<string, string> }[] };
      };
      return data.result.map(({ metric }) => metric[label] ?? "").sort((a, b) => a.localeCompare(b));
    },
  };
}

function simulatedArm(phoenix: Phoenix): Arm {
  return {
    client: phoenix.client,
    duration: "5m",
    query: async (text, values) => phoenix.postgres.query(text, values),
    pass: async () => phoenix.clock.advance("1m"),
    untilState: async (id, state) => phoenix.waitForState(id, state, { within: "15m" }),
    async labelValues(expression, label) {
      const result = phoenix.prometheus.query(expression);
      if (result.type !== "vector") return [];
      return result.samples.map(({ labels }) => labels.get(label) ?? "").sort((a, b) => a.localeCompare(b));
    },
  };
}
