/** Shards: parts of one campaign, each run on a machine of its own and merged afterwards. */
import { SimError } from "../errors.js";

/** The `index`th of `count` parts, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** All of a campaign. */
export const wholeCampaign: Shard = { index: 1, count: 1 };

/** @param text - Such as `2/8`. @throws SimError `SIM_SHARD_INVALID` for anything else. */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && index >= 1 && index <= count) return { index, count };
  throw new SimError(
    "SIM_SHARD_INVALID",
    `Cannot read "${text}" as a shard.`,
    "Write the number of this part and of all parts, such as 1/4 to 4/4.",
  );
}

/** @returns Position in the whole campaign of the run at `position` of the shard: shards take turns. */
export function globalRun({ index, count }: Shard, position: number): number {
  return position * count + index - 1;
}

/** @returns How many of `runs` runs fall to the shard. */
export function shardRuns({ index, count }: Shard, runs: number): number {
  return runs === Infinity ? Infinity : Math.max(0, Math.ceil((runs - index + 1) / count));
}
