/** The typed client of the platform's API. */

export {
  ApiError,
  type ErrorBody,
  createClient,
  type CallOptions,
  type Client,
  type ClientOptions,
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
  type VariantMetricsReply,
} from "./client.js";
