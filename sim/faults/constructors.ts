/** Every fault that can be injected by hand, by name: `faults.partition("gateway", "postgres")`. */
export { clockDrift, clockOffset, clockStepBack } from "./clocks.js";
export { collectorCrash, counterReset, slowCollectors, stuckReload } from "./collectors.js";
export { clog, hold, lateReply, latencySpike, reorder, slow } from "./delays.js";
export { missedScrape, truncatedBody, unavailable } from "./http-answers.js";
export { commitLost, duplicate, duplicatedPost, loss, reset, slowReader, socketDrop } from "./losses.js";
export { halfOpen, isolate, partition, partitionOneWay } from "./partitions.js";
export {
  crash,
  crashBetweenStatements,
  pause,
  postgresRestart,
  restartWithOldConfig,
  rollingRestart,
} from "./processes.js";
export { pubsubGap, redisFailover, redisFlush } from "./redis.js";
export { deadlock, poolExhausted, serializationFailure, statementTimeout } from "./statements.js";
