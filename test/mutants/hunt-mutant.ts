/** Hunts one mutant as `phoenix-sim explore --findings 1` does, in this thread. */
import {
  type Finding,
  createExecutor,
  createWorldRun,
  localPool,
  runCampaign,
} from "../../sim/explore/index.js";
import { version } from "../../sim/shared/version.js";
import type { Mutant } from "./mutant.js";

export interface Hunted {
  /** Runs it took; all of them when nothing was found. */
  readonly runs: number;
  readonly finding: Finding | undefined;
}

export interface HuntOptions {
  /** After how many runs it gives up. */
  readonly runsMax: number;
  /** @default "swarm" */
  readonly profile?: string;
  /** Seed of the campaign. @default 1 */
  readonly seed?: number;
}

/** Hunts in the small world of explorations, with the portfolio. */
export async function huntMutant(
  { platform }: Pick<Mutant, "platform">,
  { runsMax, profile = "swarm", seed = 1 }: HuntOptions,
): Promise<Hunted> {
  const { findings, runs } = await runCampaign({
    version,
    scenario: "two-clients",
    profile,
    seed,
    runs: runsMax,
    findingsMax: 1,
    pool: localPool(createExecutor(createWorldRun({ world: { platform } }))),
  });
  return { runs, finding: findings[0] };
}
