/** The typed client of the platform's API. */

export {
  ApiError,
  type ErrorBody,
  createClient,
  type CallOptions,
  type Client,
  type CreateOptions,
  type Send,
  type ConfigsReply,
  type CreateExperiment,
  type Deployment,
  type ExperimentList,
  type ExperimentReply,
  type LoginReply,
  type MetricsReply,
  type ResultsReply,
  type StartLoad,
} from "./client.js";
