/** The trace hashes that the golden file pins: what a change that means to change no behaviour must leave alone. */
import { readFileSync, writeFileSync } from "node:fs";

import { createExecutor, createWorldRun, localPool, runCampaign } from "../../sim/explore/index.js";
import { runScenario, scenarios } from "../../sim/scenarios/index.js";
import { version } from "../../sim/shared/version.js";

/** By what was run, such as `lifecycle seed 1`. */
export type GoldenHashes = Readonly<Record<string, string>>;

// Seen from the root of the project, where npm starts its scripts.
const file = "test/golden/traces.json";

/** Scenarios whose size does not matter for what they pin run at a tenth of it. */
const scales: Readonly<Record<string, number>> = { "performance-under-load": 0.1, "data-consistency": 0.1 };

/** @returns Hashes of one scenario under seeds 1 to 3. */
export async function scenarioHashes(name: string): Promise<GoldenHashes> {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario "${name}".`);
  const hashes: Record<string, string> = {};
  for (const seed of [1, 2, 3]) {
    const { traceHash, error } = await runScenario(scenario, { seed, scale: scales[name] ?? 1 });
    hashes[`${name} seed ${seed}`] = error === undefined ? traceHash : `failed: ${error.message}`;
  }
  return hashes;
}

/** @returns Hashes of the first ten runs of two campaigns under faults, by their number. */
export async function explorationHashes(): Promise<GoldenHashes> {
  const hashes: Record<string, string> = {};
  for (const scenario of ["two-clients", "one-crash"]) {
    const pool = localPool(createExecutor(createWorldRun()));
    const submit: typeof pool.submit = async (job) => {
      const reports = await pool.submit(job);
      for (const report of reports)
        if (report !== undefined)
          hashes[`${scenario} run ${report.run}`] =
            `${report.traceHash} ${report.failure?.message ?? ""}`.trim();
      return reports;
    };
    await runCampaign({
      version,
      scenario,
      profile: "swarm",
      seed: 1,
      runs: 10,
      pool: { ...pool, submit },
    });
  }
  return hashes;
}

export function readGolden(): GoldenHashes {
  return JSON.parse(readFileSync(file, "utf8")) as GoldenHashes;
}

export function writeGolden(hashes: GoldenHashes): void {
  writeFileSync(file, `${JSON.stringify(hashes, undefined, 2)}\n`);
}
