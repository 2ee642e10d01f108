/** What the platform talks about: experiments, pipelines, loads, results. Pure. */
export {
  canonicalPipeline,
  defaultBaselinePipeline,
  defaultCandidatePipeline,
  pipelineAliases,
  pipelineNames,
  type PipelineName,
} from "./pipelines.js";
export {
  canTransition,
  experimentStates,
  isExperimentState,
  isTerminal,
  nextStates,
  type ExperimentState,
} from "./state-machine.js";
export {
  variants,
  type Experiment,
  type ExperimentConfig,
  type ExperimentSpec,
  type SuccessCriteria,
  type Variant,
} from "./experiment.js";
export { formatDuration, parseDurationMs } from "./duration.js";
export {
  defaultDurationMs,
  defaultSuccessCriteria,
  maxDurationMs,
  parseCreateRequest,
  problemsOf,
} from "./create-request.js";
export { defaultTargetNodes, normalizeNodes, targetNodesMax } from "./target-nodes.js";
export {
  loadProfileCatalogue,
  loadProfiles,
  type LoadProfileInfo,
  type LoadProfileName,
  type LoadSimulation,
  type LoadState,
} from "./load-profile.js";
export type {
  CriterionOutcome,
  ExperimentResults,
  RecommendationType,
  Significance,
  VariantMetrics,
} from "./results.js";
