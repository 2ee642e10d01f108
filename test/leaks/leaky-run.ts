/** A world of one gateway with a leak in it, and a scenario that asks it twice. */
import type { PhoenixOptions, Scenario } from "phoenix-sim";

import {
  type CampaignReport,
  createExecutor,
  createWorldRun,
  localPool,
  runCampaign,
} from "../../sim/explore/index.js";

/** Asks the gateway for what leaks. */
const asking: Scenario = {
  name: "asking",
  summary: "a client asks for a moment",
  deadline: "10m",
  world: { nodes: 1 },
  async run({ phoenix }) {
    for (let i = 0; i < 2; i++) {
      await phoenix.fetch(`${phoenix.url}/moment`).catch(() => {});
      await phoenix.clock.advance("1s");
    }
  },
};

/** @returns Options of a world whose gateway answers with what `leak` gives, when it gives it. */
export function leaky(leak: () => unknown): PhoenixOptions {
  return {
    platform: {
      gateway: {
        handler: (inner) => async (request) => {
          if (!request.url.endsWith("/moment")) return inner(request);
          return { status: 404, headers: {}, body: JSON.stringify({ moment: await leak() }) };
        },
      },
    },
  };
}

/** @returns What an exploration says of it. */
export async function explore(world: PhoenixOptions, scenario: Scenario = asking): Promise<CampaignReport> {
  const pool = localPool(createExecutor(createWorldRun({ world, scenarios: [scenario] })));
  return runCampaign({
    version: "0.1.0",
    scenario: scenario.name,
    profile: "calm",
    seed: 1,
    runs: 1,
    strategy: "random",
    pool,
  });
}
