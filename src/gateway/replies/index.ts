/** What good answers hold: for the OpenAPI document, and for the tests that hold every answer against it. */
export { messageReply } from "./common.js";
export {
  experimentReply,
  experimentListReply,
  overlapReply,
  statusReply,
  changedStateReply,
  transitionReply,
  promotedReply,
  acceptedConfigReply,
  historyReply,
} from "./experiments.js";
export { metricsReply, resultsReply, analysisReply, costReply } from "./results.js";
export { userReply, tokenReply } from "./accounts.js";
export {
  configsReply,
  deploymentReply,
  deploymentListReply,
  pipelineReply,
  pipelinesReply,
  templatesOfPipelinesReply,
  processorsReply,
  previewReply,
  validationReply,
  generatedReply,
  templateReply,
  templateListReply,
} from "./pipelines.js";
export {
  loadReply,
  loadListReply,
  profilesReply,
  sentSignalReply,
  signalReply,
  signalListReply,
  driftReply,
} from "./control.js";
