/** What the platform talks about: experiments, pipelines, loads, results. Pure. */

export {
  canonicalPipeline,
  pipelineNames,
  type PipelineName,
  loadProfileCatalogue,
  loadProfiles,
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
  defaultSuccessCriteria,
  maxDurationMs,
  parseCreateRequest,
  problemsOf,
  defaultTargetNodes,
  normalizeNodes,
} from "./create-request.js";
