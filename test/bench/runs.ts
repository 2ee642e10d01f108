/** Explorations: how many runs one core does in a second, and what a second core brings. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

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
const worker = resolve("dist/node_modules/phoenix-sim-parts/explore-worker.js");

export function addRunBenches({ bench }: Suite): void {
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

  // Only a package that is built has files for threads to begin with.
  if (existsSync(worker))
    bench("explore: two threads over one", { unit: "x", goal: 1.7, rounds: 1, warmups: 0 }, twoOverOne);
}

/** Both are warm when they are compared: a thread compiles its code by itself. */
async function twoOverOne(): Promise<number> {
  const pools = [1, 2].map((workers) => threadPool({ filename: pathToFileURL(worker).href, workers }));
  const perRun: number[] = [];
  for (const pool of pools) {
    await explore(pool, "one-crash", 300 * pool.workers);
    const runs = 500 * pool.workers;
    perRun.push((await timed(async () => explore(pool, "one-crash", runs))) / runs);
    await pool.close();
  }
  const [one = Number.NaN, two = Number.NaN] = perRun;
  return one / two;
}

async function explore(pool: Pool, scenario: string, runs: number): Promise<void> {
  const report = await runCampaign({ scenario, profile: "swarm", version, seed: 1, runs, pool });
  if (report.runs !== runs || report.findings.length > 0)
    throw new Error("The campaign did not do its runs.");
}
