/** The database of the platform: schema, and one module for each group of tables. */
export { migrations } from "./migrations/index.js";
export { ConflictError, inTransaction } from "./transaction.js";
export {
  bumpConfigVersion,
  findExperiment,
  freshExperiment,
  insertExperiment,
  listExperimentHeads,
  listNodesOfClosed,
  listOpenExperimentsOfTenant,
  markDeleted,
  promoteExperiment,
  renameExperiment,
  replaceExperimentConfig,
  type ExperimentHead,
  type NewExperiment,
} from "./experiments.js";
export {
  claimExperiment,
  closeExperiment,
  listOpenExperiments,
  recordAppliedVersion,
  recordInitStart,
  releaseExperiment,
  setConfigVersion,
  takeOverExperiment,
} from "./leases.js";
export { transitionExperiment, type Transition, type TransitionExperiment } from "./transitions.js";
export {
  insertEvent,
  listEventsOfExperiment,
  type EventType,
  type ExperimentEvent,
  type NewEvent,
} from "./events.js";
export { eventPageSize, lastEventPosition, readEventsAfter, sequenceEvents } from "./event-sequence.js";
export {
  changeDeployment,
  deleteDeployment,
  experimentDeploymentId,
  experimentNamespace,
  findDeployment,
  insertDeployment,
  insertExperimentDeployments,
  listDeploymentsOfExperiment,
  listDeploymentsOfTenant,
  listScrapedDeployments,
  recordDeployment,
  type Deployment,
  type DeploymentPhase,
  type DeploymentProgress,
  type DeploymentStatus,
  type ScrapedDeployment,
} from "./deployments.js";
export { findConfig, insertConfig, type ConfigOverrides, type GeneratedConfig } from "./configs.js";
export {
  findLoad,
  insertLoad,
  listLoadsOfExperiment,
  listLoadsOfTenant,
  listOpenLoads,
  moveLoad,
  startLoad,
  type StoredLoad,
} from "./loads.js";
export { findResults, insertResults } from "./results.js";
export { findHandledRequest, takeIdempotencyKey, type HandledRequest } from "./idempotency.js";
export { findUser, insertUser, type StoredUser } from "./users.js";
export { findSignal, insertSignal, listSignals, type ControlSignal, type SignalType } from "./signals.js";
export {
  deleteTemplate,
  findTemplate,
  insertTemplate,
  listTemplates,
  updateTemplate,
  type StoredTemplate,
} from "./templates.js";
