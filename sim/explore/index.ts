/** Exploration: campaigns over many runs, and what is done with what they find. */

export { runCampaign, type CampaignOptions, type Progress, runSeed } from "./campaign.js";
export { caseId, formatCase, parseCase, type Case, casesIn, readCase, storeCase } from "./case-file.js";
export { differenceError, formatDifference } from "./compare-runs.js";
export { explore } from "./explore.js";
export {
  type Exploration,
  type ExploreReport,
  type ExploreSettings,
  createWorlds,
  replayWithTrace,
  type MakeRun,
  type TracedReplay,
} from "./worlds.js";
export { createExecutor, type Executor } from "./executor.js";
export {
  mergeAll,
  mergeReports,
  parseReport,
  neverReached,
  type CampaignReport,
  type Finding,
  globalRun,
  parseShard,
  shardRuns,
  wholeCampaign,
  type Shard,
} from "./report.js";
export { sourceOf } from "./one-world.js";
export { localPool, type Pool, threadPool } from "./pool.js";
export { replay, type Recording } from "./replay.js";
export { identityOf, type RunOnce, type RunOutcome } from "./run.js";
export { shrink, shrinkCase } from "./minimize.js";
export { failureHashOf, formatToken, labelHashOf, parseToken } from "./token.js";
export {
  createWorldRun,
  explorable,
  explorableNamed,
  mergeWorlds,
  type WorldRunOptions,
} from "./world-run.js";
