/** Reads which part of a campaign this machine runs. */
import { SimError } from "../errors.js";
import { type Shard, parseShard } from "../explore/index.js";

/**
 * @param text - `i/n` from 1, or `auto`: index from `JOB_COMPLETION_INDEX` (Kubernetes, from 0), number of parts
 *   from `PHOENIX_SIM_SHARDS`.
 * @throws SimError `SIM_SHARD_INVALID`.
 */
export function readShard(text: string): Shard {
  if (text !== "auto") return parseShard(text);
  const { JOB_COMPLETION_INDEX: index = "", PHOENIX_SIM_SHARDS: count = "" } = process.env;
  if (/^\d+$/.test(index) && /^\d+$/.test(count)) return parseShard(`${Number(index) + 1}/${count}`);
  throw new SimError(
    "SIM_SHARD_INVALID",
    `Cannot tell the shard: JOB_COMPLETION_INDEX is "${index}", PHOENIX_SIM_SHARDS is "${count}".`,
    "Both must be numbers, as in an Indexed Job of Kubernetes whose spec sets the second; or write --shard 1/4.",
  );
}
