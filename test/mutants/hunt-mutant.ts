/** Hunts one mutant, as `phoenix-sim explore` would. */
import {
  type Finding,
  createExecutor,
  createWorldRun,
  localPool,
  runCampaign,
} from "../../sim/explore/index.js";
import { version } from "../../sim/version.js";
import type { Mutant } from "./mutant.js";

export interface Hunted {
  /** Runs it took; all of them when nothing was found. */
  readonly runs: number;
  readonly finding: Finding | undefined;
}

/** Ends at the first finding. */
export async function huntMutant(mutant: Mutant, runs: number, seed = 1): Promise<Hunted> {
  const { platform, profile = "swarm" } = mutant;
  const pool = localPool(createExecutor(createWorldRun({ world: { platform } })));
  const report = await runCampaign({
    version,
    scenario: "two-clients",
    profile,
    seed,
    runs,
    pool,
    findingsMax: 1,
    twiceEvery: 1_000_000,
  });
  await pool.close();
  const [finding] = report.findings;
  return { runs: finding === undefined ? report.runs : finding.run + 1, finding };
}
