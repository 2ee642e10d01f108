/** Explorations: how many runs one core does in a second, and what a second core brings. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import {
  type Pool,
  createExecutor,
  createWorldRun,
  localPool,
  runCampaign,
  threadPool,
} from "../../sim/explore/index.js";
import type { Suite } from "./harness/suite.js";
import { cpuOf, timed } from "./harness/time.js";

const version = "0.0.0";
const runsInACampaign = 200;
const worker = resolve("dist/explore-worker.js");

export function addRunBenches({ bench, ratio }: Suite): void {
  for (const [scenario, goal] of [["one-crash", 50], ["two-clients"]] as const) {
    bench(
      `explore: runs of ${scenario}, a second of CPU`,
      // Compiled code is ready only after a few hundred runs.
      { unit: "runs/s", ...(goal === undefined ? {} : { goal }), rounds: 3, warmups: 2 },
      async () => {
        const pool = localPool(createExecutor(createWorldRun()));
        return (runsInACampaign * 1000) / (await cpuOf(async () => explore(pool, scenario, runsInACampaign)));
      },
    );
  }

  if (!existsSync(worker)) return;
  const [one, two] = [1, 2].map((workers) => threadPool({ filename: `file://${worker}`, workers }));
  if (one === undefined || two === undefined) return;
  ratio(
    "explore: two threads over one, in the same time",
    { goal: 1.7, rounds: 3, warmups: 1 },
    async () => timed(async () => explore(one, "one-crash", 400)),
    async () => timed(async () => explore(two, "one-crash", 400)),
  );
}

async function explore(pool: Pool, scenario: string, runs: number): Promise<void> {
  const report = await runCampaign({ scenario, profile: "swarm", version, seed: 1, runs, pool });
  if (report.runs !== runs || report.findings.length > 0)
    throw new Error("The campaign did not do its runs.");
}
