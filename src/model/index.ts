/** What the platform talks about: experiments, pipelines, loads, results. Pure. */

export {
  canonicalPipeline,
  defaultBaselinePipeline,
  defaultCandidatePipeline,
  pipelineAliases,
  pipelineNames,
  type PipelineName,
  loadProfileCatalogue,
  loadProfiles,
  type LoadProfileInfo,
  type LoadProfileName,
  type LoadSimulation,
  type LoadState,
} from "./catalogue.js";
export {
  canTransition,
  experimentStates,
  isExperimentState,
  isTerminal,
  nextStates,
  type ExperimentState,
  variants,
  type Experiment,
  type ExperimentConfig,
  type ExperimentSpec,
  type SuccessCriteria,
  type Variant,
  type CriterionOutcome,
  type ExperimentResults,
  type RecommendationType,
  type Significance,
  type VariantMetrics,
} from "./experiment.js";
export { formatDuration, parseDurationMs } from "./duration.js";
export {
  defaultDurationMs,
  defaultSuccessCriteria,
  maxDurationMs,
  parseCreateRequest,
  problemsOf,
  defaultTargetNodes,
  normalizeNodes,
  targetNodesMax,
} from "./create-request.js";
