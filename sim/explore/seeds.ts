/** Seeds of the runs of a campaign. */
import { mix32 } from "../kernel/index.js";

/**
 * @param run - Position in the whole campaign, not in a shard.
 * @returns A seed of 32 bits. Neighbouring runs and campaigns have nothing in common.
 */
export function runSeed(campaignSeed: number, run: number): number {
  const high = Math.floor(campaignSeed / 2 ** 32);
  return mix32(mix32(mix32(campaignSeed) ^ high) ^ Math.imul(run + 1, 0x9e3779b1));
}
