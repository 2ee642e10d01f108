/** Faults: the catalogue, profiles, and the two ways to use them: by hand and as a storm. */
export { faultKindNamed, faultKinds } from "./catalogue.js";
export { clockDrift, clockOffset, clockStepBack } from "./clocks.js";
export { collectorCrash, counterReset, slowCollectors, stuckReload } from "./collectors.js";
export { clog, hold, lateReply, latencySpike, reorder, slow } from "./delays.js";
export { createFaultDesk } from "./desk.js";
export type { FaultDesk, PlanOptions } from "./desk.js";
export { drawnFault } from "./drawn.js";
export type { Fault, FaultHandle, FaultKind, FaultScope, FaultWorld } from "./fault.js";
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
export { profileNamed, profileNames } from "./profiles.js";
export type { Armed, Profile } from "./profiles.js";
export { pubsubGap, redisFailover, redisFlush } from "./redis.js";
export { deadlock, poolExhausted, serializationFailure, statementTimeout } from "./statements.js";
export { startStorm } from "./storm.js";
export type { Storm, StormOptions } from "./storm.js";
