/** Exploration: campaigns over many runs, and what is done with what they find. */

export {
  batchRuns,
  batchesOf,
  type Batch,
  runCampaign,
  type CampaignOptions,
  type Progress,
  runSeed,
} from "./campaign.js";
export {
  caseFormat,
  caseId,
  formatCase,
  parseCase,
  type Case,
  casesIn,
  readCase,
  storeCase,
} from "./case-file.js";
export { differenceError, formatDifference, type Difference } from "./compare-runs.js";
export { explore } from "./explore.js";
export {
  type Exploration,
  type ExploreReport,
  type ExploreSettings,
  createWorlds,
  type Worlds,
  replayWithTrace,
  type MakeRun,
  type TracedReplay,
} from "./worlds.js";
export {
  createExecutor,
  type Executor,
  type ExecutorOptions,
  type RunJob,
  type RunReport,
} from "./executor.js";
export {
  mergeAll,
  mergeReports,
  parseReport,
  neverReached,
  reportFormat,
  type CampaignReport,
  type CaseResult,
  type Finding,
  type StrategyTally,
  globalRun,
  parseShard,
  shardRuns,
  wholeCampaign,
  type Shard,
} from "./report.js";
export { runOneWorld, type OneWorld, sourceOf } from "./one-world.js";
export { localPool, type Pool, threadPool, type ThreadPoolOptions } from "./pool.js";
export { replay, tokenDriver, type Recording, type Replay, type TokenDriver } from "./replay.js";
export {
  identityOf,
  type Failure,
  type FailureKind,
  type RunInput,
  type RunOnce,
  type RunOutcome,
  type RunTarget,
} from "./run.js";
export {
  minimize,
  type Fails,
  shrink,
  type ShrinkOptions,
  type Shrunk,
  type Trial,
  shrinkCase,
} from "./minimize.js";
export {
  failureHashOf,
  formatToken,
  labelHashOf,
  parseToken,
  type Token,
  type TokenContent,
  type TokenDecision,
} from "./token.js";
export {
  createWorldRun,
  explorable,
  explorableNamed,
  mergeWorlds,
  type WorldRunOptions,
} from "./world-run.js";
