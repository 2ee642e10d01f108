/** The database of the platform: schema, and one module for each group of tables. */

export { migrations } from "./migrations.js";
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
  findResults,
  insertResults,
  findHandledRequest,
  takeIdempotencyKey,
  type HandledRequest,
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
  transitionExperiment,
  type TransitionExperiment,
} from "./leases.js";
export {
  insertEvent,
  listEventsOfExperiment,
  type ExperimentEvent,
  eventPageSize,
  lastEventPosition,
  readEventsAfter,
  sequenceEvents,
} from "./events.js";
export {
  changeDeployment,
  deleteDeployment,
  experimentDeploymentId,
  findDeployment,
  insertDeployment,
  insertExperimentDeployments,
  listDeploymentsOfExperiment,
  listDeploymentsOfTenant,
  listScrapedDeployments,
  recordDeployment,
  type Deployment,
} from "./deployments.js";
export {
  findConfig,
  insertConfig,
  type ConfigOverrides,
  type GeneratedConfig,
  deleteTemplate,
  findTemplate,
  insertTemplate,
  listTemplates,
  updateTemplate,
  type StoredTemplate,
} from "./configs.js";
export {
  findLoad,
  insertLoad,
  listLoadsOfExperiment,
  listLoadsOfTenant,
  listOpenLoads,
  moveLoad,
  startLoad,
  type StoredLoad,
  findSignal,
  insertSignal,
  listSignals,
  type ControlSignal,
  type SignalType,
} from "./operations.js";
export { findUser, insertUser, type StoredUser } from "./users.js";
