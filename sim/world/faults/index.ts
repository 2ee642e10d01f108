/** Faults: the catalogue, profiles, and the two ways to use them: by hand and as a storm. */

export {
  faultKindNamed,
  faultKinds,
  profileNamed,
  profileNames,
  type EnabledKind,
  type Profile,
} from "./catalogue.js";
export {
  clockDrift,
  clockOffset,
  clockStepBack,
  collectorCrash,
  counterReset,
  slowCollectors,
  stuckReload,
  crash,
  crashBetweenStatements,
  pause,
  postgresRestart,
  restartWithOldConfig,
  rollingRestart,
} from "./process-faults.js";
export {
  clog,
  hold,
  lateReply,
  latencySpike,
  reorder,
  slow,
  missedScrape,
  truncatedBody,
  unavailable,
  commitLost,
  duplicate,
  duplicatedPost,
  loss,
  reset,
  slowReader,
  socketDrop,
  halfOpen,
  isolate,
  partition,
  partitionOneWay,
} from "./network-faults.js";
export { createFaultController, type FaultController, type PlanOptions } from "./fault-controller.js";
export { sampledFault } from "./drawn.js";
export type { Fault, FaultHandle, FaultKind, FaultScope, FaultWorld } from "./fault.js";
export {
  pubsubGap,
  redisFailover,
  redisFlush,
  deadlock,
  poolExhausted,
  serializationFailure,
  statementTimeout,
} from "./server-faults.js";
export { startNemesis, type Nemesis, type NemesisOptions } from "./nemesis.js";
